"""Several topics graded one after the other inside one driver, as `--in-process` and a notebook do."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from katagrad.topics import root

SEVERAL = """
import gc, json, sys
from pathlib import Path
from katagrad.boundary.local import LocalPool
from katagrad.boundary.transport import Transport
from katagrad.grading.checks import Rules, run_topic
from katagrad.grading.submission import Submission
from katagrad.topics import topics

told = []
for folder, name in json.loads(sys.argv[1]):
    pool, topic = LocalPool(Path(folder)), topics()[name]
    found = run_topic(Transport(pool, Submission(Path(folder)).source(topic)), topic, Rules(9))
    gc.collect()  # what the topic before left behind
    told.append([f"{o.status}: {o.message}" for o in found.values() if o.status != "passed"])
    pool.close()
import importlib
module = importlib.import_module(sys.argv[2])
free = float(module.nn.functional.softmax(module.zeros(4), 0)[0] if sys.argv[2] == "torch"
             else module.nn.softmax(module.zeros(4))[0])
inside = [one for one in sys.path if one in {folder for folder, _ in json.loads(sys.argv[1])}]
print(json.dumps([told, free, inside]))
"""
# Breaks a rule that a topic before it has, too, and that one between them does not have.
OWN = {
    "torch": "import torch\n\n\ndef softmax(x, axis=-1, temperature=1.0):\n"
    "    return torch.softmax(x / temperature, axis)\n",
    "tensorflow": "import tensorflow as tf\n\n\ndef softmax(x, axis=-1, temperature=1.0):\n"
    "    return tf.nn.softmax(x / temperature, axis)\n",
}


@pytest.mark.parametrize("framework", ["torch", "tensorflow"])
def test_each_topic_has_its_own_rules_and_leaves_none_behind(framework, tmp_path):
    (tmp_path / "softmax.py").write_text(OWN[framework])
    right = str(root() / "solutions" / framework)
    order = [(right, "softmax"), (right, "cross_entropy"), (str(tmp_path), "softmax")]
    done = subprocess.run(
        [sys.executable, "-c", SEVERAL, json.dumps(order), framework],
        capture_output=True,
        text=True,
        cwd=root(),
        check=False,
    )
    # TensorFlow used to call a listener that Python had freed.
    assert done.returncode == 0, done.stderr[-2000:]
    told, free, inside = json.loads(done.stdout.splitlines()[-1])
    assert told[:2] == [[], []]
    assert any("FromScratchRule" in one or "is not allowed in this topic" in one for one in told[2])
    assert free == pytest.approx(0.25)
    assert inside == []
