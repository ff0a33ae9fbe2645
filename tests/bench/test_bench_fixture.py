"""Whichever of the two plugins comes first, a topic's benchmarks get the `bench` of topics."""

import os
import subprocess
import sys

import pytest

from katagrad.topics import root


@pytest.mark.needs("torch")
@pytest.mark.parametrize("first", [True, False])
def test_a_topic_is_timed_whichever_plugin_was_loaded_last(first):
    own, topics = "katagrad.bench.own.plugin", "katagrad.bench.plugin"
    plugins = ["no:katagrad", *((own, topics) if first else (topics, own))]
    command = [sys.executable, "-m", "pytest", "benchmarks/softmax.py", "-p", "no:cacheprovider"]
    command += [word for name in plugins for word in ("-p", name)]
    command += ["--framework", "torch", "--quick", "-k", "bench_softmax and log_softmax-small"]
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=root(), env=plain, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[1/1] softmax: bench_softmax[log_softmax-small]" in done.stdout
