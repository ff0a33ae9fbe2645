"""Odd but honest submissions get every point that they deserve, and no check of theirs ever vanishes."""

import importlib.util
import json
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from katagrad.boundary.process import PlainLauncher, Pool
from katagrad.boundary.transport import Transport
from katagrad.errors import FAILED, PASSED
from katagrad.grading.checks import Rules, manifest, run_topic
from katagrad.grading.records import topic_result
from katagrad.grading.submission import Submission
from katagrad.isolation import sandbox
from katagrad.topics import root, topics
from katagrad.worker.limits import Limits

LIMITS = Limits(wall=30.0)
TOPIC = topics()["softmax"]
SOLUTION = {
    fw: (root() / "solutions" / fw / "softmax.py").read_text() for fw in ("torch", "tensorflow")
}
EVERY = {check.name for check in manifest(TOPIC)}
JVP = {name for name in EVERY if name.startswith("test_softmax_jvp_")}
LOG = {name for name in EVERY if name.startswith("test_log_softmax_")}
SHAPE, GRADIENT = {"test_softmax_keeps_shape_and_dtype"}, {"test_softmax_passes_gradients"}
WORDS = {"test_softmax_keeps_the_contracts_words"}
EVERYTHING_OF_LOG = LOG | SHAPE | GRADIENT | {"test_softmax_has_the_digits_of_float64"}
SCRATCH = {"test_softmax_is_written_from_scratch"}
T, BOTH = ("torch",), ("torch", "tensorflow")


def before(text):
    """The solution with `text` before its own lines."""
    return lambda solution: {"softmax.py": text + solution}


def after(text):
    """The solution with `text` after its own lines."""
    return lambda solution: {"softmax.py": solution + "\n\n" + text}


def beside(text, **files):
    """`text` in place of the solution, which lies beside it as answer.py, among other files."""
    more = {
        name.replace("__", "/").replace("_dot_", "."): content for name, content in files.items()
    }
    return lambda solution: {"softmax.py": text, "answer.py": solution, **more}


WRAP = "import functools\n\n\ndef wrap(f):\n    @functools.wraps(f)\n    def inner(*args, **kwargs):\n        {}\n        return f(*args, **kwargs)\n    return inner\n\n\nsoftmax, log_softmax, softmax_jvp = map(wrap, (softmax, log_softmax, softmax_jvp))\n"
CLASS = """
class Softmax:
    calls = 0
    def __call__(self, x, axis=-1, temperature=1.0):
        Softmax.calls += 1
        return answer.softmax(x, axis, temperature)
"""
# name: (frameworks, files from the solution, checks that fail)
ODD = {
    "a line on stderr": (BOTH, before("import sys\nprint('careful', file=sys.stderr)\nsys.stderr.write('no newline')\n"), set()),
    "prints in every call": (BOTH, after(WRAP.format("print('shape', [*args, *kwargs.values()][0].shape)")), set()),
    "warnings": (T, after(WRAP.format("__import__('warnings').warn('deprecated', DeprecationWarning)")), set()),
    "warnings as errors": (T, before("import warnings\nwarnings.simplefilter('error')\n"), set()),
    "a progress bar": (T, after(WRAP.format("[print(f'\\r{i:3d}% ' + '#' * (i // 5), end='', flush=True) for i in range(100)]")), set()),
    "odd characters printed": (BOTH, before("print('\\u2713 Grüße \\x1b[32mgreen\\x1b[0m')\nimport sys\nsys.stdout.buffer.write(b'\\xff\\xfe')\n"), set()),
    "a thread left over": (BOTH, before("import threading, time\nthreading.Thread(target=time.sleep, args=[1e6]).start()\n"), set()),
    "a process left over": (T, before("import os, time\nos.fork() or time.sleep(1000)\n"), set()),
    "a screen cleared": (BOTH, before("import os\nos.system('clear')\n"), set()),
    "a program asked in vain": (T, before("import subprocess\ntry:\n    subprocess.run(['nvidia-smi'], check=True)\nexcept Exception:\n    pass\n"), set()),
    "compiled": (T, after("softmax, log_softmax = torch.compile(softmax), torch.compile(fullgraph=True)(log_softmax)\n"), set()),
    "compiled by XLA": (("tensorflow",), after("softmax = tf.function(softmax, jit_compile=True)\n"), set()),
    "a pool of workers": (T, before("from multiprocessing import Pool\nwith Pool(2) as pool:\n    assert pool.map(abs, [-1, 2]) == [1, 2]\n"), set()),
    "a helper module": (BOTH, beside("from answer import log_softmax, softmax, softmax_jvp\n"), set()),
    "a package with relative imports": (
        T, lambda s: {"softmax.py": "from parts import log_softmax, softmax, softmax_jvp\n", "parts/__init__.py": "from .inner.core import *\n",
                      "parts/inner/__init__.py": "", "parts/inner/core.py": s}, set()),
    "a data file, read from the working folder": (
        T, beside("import json\nscale = json.load(open('data/scale.json'))['one']\nimport answer\nfrom answer import log_softmax, softmax_jvp\ndef softmax(x, axis=-1, temperature=1.0):\n    return answer.softmax(x, axis, temperature * scale)\n", data__scale_dot_json='{"one": 1.0}'), set()),
    "a data file, read beside the module": (
        T, beside("import pathlib\nassert (pathlib.Path(__file__).parent / 'notes.txt').read_text() == 'hm'\nfrom answer import *\n", notes_dot_txt="hm"), set()),
    "a file written": (BOTH, before("open('log.txt', 'w').write('x')\nimport tempfile\ntempfile.NamedTemporaryFile().write(b'x')\n"), set()),
    "a callable object for a function": (BOTH, beside(f"import answer\nfrom answer import log_softmax, softmax_jvp\n{CLASS}\nsoftmax = Softmax()\n"), set()),
    "a partial for a function": (T, beside("import functools, answer\nsoftmax = functools.partial(answer.softmax)\nlog_softmax, softmax_jvp = answer.log_softmax, answer.softmax_jvp\n"), set()),
    "float64 inside": (T, beside("import answer\nfrom answer import log_softmax, softmax_jvp\ndef softmax(x, axis=-1, temperature=1.0):\n    return answer.softmax(x.double(), axis, temperature).to(x.dtype)\n"), set()),
    "float64 returned": (T, beside("import answer\nfrom answer import log_softmax, softmax_jvp\ndef softmax(x, axis=-1, temperature=1.0):\n    return answer.softmax(x.double(), axis, temperature)\n"), SHAPE | WORDS),
    "a slow first import": (T, before("import time\ntime.sleep(2)\n"), set()),
    "SystemExit in one function": (BOTH, after("def softmax_jvp(p, v):\n    raise SystemExit\n"), JVP),
    "sys.exit(0) in one function": (T, after("import sys\ndef softmax_jvp(p, v):\n    sys.exit(0)\n"), JVP),
    "KeyboardInterrupt in one function": (BOTH, after("def softmax_jvp(p, v):\n    raise KeyboardInterrupt\n"), JVP),
    "RecursionError in one function": (BOTH, after("def softmax_jvp(p, v):\n    return softmax_jvp(p, v)\n"), JVP),
    "a crash in one function": (BOTH, after("def softmax_jvp(p, v):\n    import ctypes\n    ctypes.string_at(0)\n"), JVP),
    "os.abort in one function": (T, after("def softmax_jvp(p, v):\n    import os\n    os.abort()\n"), JVP),
    "MemoryError in one function": (T, after("def softmax_jvp(p, v):\n    return bytearray(1 << 60)\n"), JVP),
    "an endless loop in one function": (T, after("def softmax_jvp(p, v):\n    while True: pass\n"), JVP),
    "one function missing": (BOTH, after("del softmax_jvp\n"), JVP | SCRATCH),
    "one function that returns nothing": (T, after("def log_softmax(x, axis=-1):\n    pass\n"), EVERYTHING_OF_LOG),
    "global state": (T, after("count = [0]\n" + WRAP.format("count[0] += 1")), set()),
    "a cache of results": (T, after("cache = {}\nplain = softmax\ndef softmax(x, axis=-1, temperature=1.0):\n    key = (x.numpy(force=True).tobytes(), x.dtype, tuple(x.shape), axis, temperature, x.requires_grad)\n    if key not in cache:\n        cache[key] = plain(x, axis, temperature)\n    return cache[key]\n"), set()),
    "code under if __name__": (BOTH, after("if __name__ == '__main__':\n    raise SystemExit(softmax([1.0]))\n"), set()),
    "a logging configuration": (BOTH, before("import logging\nlogging.basicConfig(level=logging.DEBUG, force=True)\nlogging.debug('x')\nlogging.getLogger().error('y')\n"), set()),
    "NumPy's global generator": (T, before("import numpy as np\nnp.random.seed(0)\nnp.random.rand(3)\n"), set()),
    "no_grad on what needs no gradient": (T, after("softmax_jvp = torch.no_grad()(softmax_jvp)\n"), set()),
    "no_grad where gradients are asked": (T, after("softmax = torch.no_grad()(softmax)\n"), GRADIENT),
    "tf.function": (("tensorflow",), after("softmax, log_softmax, softmax_jvp = map(tf.function, (softmax, log_softmax, softmax_jvp))\n"), set()),
    "a scripted function": (T, after("softmax_jvp = torch.jit.script(softmax_jvp)\n"), set()),
    "an autograd function": (T, after("class P(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, p, v):\n        ctx.save_for_backward(p, v)\n        return p * (v - (p * v).sum(-1, keepdim=True))\nsoftmax_jvp = P.apply\n"), set()),
    "another order of operations": (T, beside("import torch\ndef softmax(x, axis=-1, temperature=1.0):\n    z = x / temperature\n    e = torch.exp(z - z.detach().amax(axis, keepdim=True))\n    return e * (1 / e.sum(axis, keepdim=True))\nfrom answer import log_softmax, softmax_jvp\n"), set()),
    "a signal handler and a timer": (T, before("import signal\nsignal.signal(signal.SIGALRM, lambda *a: None)\nsignal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)\n"), set()),
    "threads of the framework": (T, before("import torch\ntorch.set_num_threads(2)\n"), set()),
    "threads and devices of TensorFlow": (
        ("tensorflow",), before("import tensorflow as tf\ntf.config.threading.set_intra_op_parallelism_threads(7)\ntf.config.threading.set_inter_op_parallelism_threads(3)\ncpu, = tf.config.list_physical_devices('CPU')\ntf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)\n"), set()),
    "a session that runs nothing": (
        ("tensorflow",), before("import tensorflow as tf\nconfig = tf.compat.v1.ConfigProto()\nconfig.gpu_options.allow_growth = True\nsession = tf.compat.v1.Session(config=config)\n"), set()),
    "arguments of a script": (BOTH, before("import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--lr', type=float, default=0.1)\nassert parser.parse_args().lr == 0.1\n"), set()),
    "names that shadow the library": (T, beside("from answer import *\n", random_dot_py="x = 1\n", types_dot_py="y = 2\n", numpy_dot_py="raise ImportError\n"), set()),
    "a package of the topic's name beside the file": (T, lambda s: {"softmax.py": s, "softmax/__init__.py": "raise SystemExit\n"}, set()),
    "a compiled module of the topic's name beside the file": (T, lambda s: {"softmax.py": s, "softmax.abi3.so": "of another machine", "softmax.pyd": ""}, set()),
    "shared memory": (T, before("import time\nfrom multiprocessing.shared_memory import SharedMemory\nfor _ in range(3):\n    shared = SharedMemory(create=True, size=8)\n    time.sleep(0.1)\n    shared.close()\n    shared.unlink()\n"), set()),
    "a byte order mark and Windows lines": (T, lambda s: {"softmax.py": "\ufeff" + s.replace("\n", "\r\n")}, set()),
}  # fmt: skip
CASES = [(name, framework) for name, (frameworks, _, _) in ODD.items() for framework in frameworks]
CASES.sort(key=lambda case: case[1])


def needs(framework):
    """Skip where the framework is missing, without importing it here."""
    if importlib.util.find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")


def launcher():
    try:
        return sandbox.find()
    except sandbox.Unavailable:
        return PlainLauncher()


@pytest.fixture(scope="module")
def pool():
    made = Pool(LIMITS, launcher())
    yield made
    made.close()


def grade(pool, framework, files, seed=5, only=()):
    plain = {name: text.encode() for name, text in files.items()}
    source = Submission(Path("/nonexistent"), framework, plain).source(TOPIC)
    return run_topic(Transport(pool, source), TOPIC, Rules(seed), only)


@pytest.mark.parametrize(("name", "framework"), CASES)
def test_odd_submission_gets_what_it_deserves(pool, name, framework):
    needs(framework)
    _, make, failing = ODD[name]
    if name == "an endless loop in one function":
        pool = Pool(Limits(wall=4.0), pool.launcher)
    outcomes = grade(pool, framework, make(SOLUTION[framework]))
    expected = {check: FAILED if check in failing else PASSED for check in EVERY}
    assert {check: outcome.status for check, outcome in outcomes.items()} == expected, [
        o.message for o in outcomes.values()
    ]


def test_there_are_enough():
    assert len(ODD) >= 20


def scores(pool, framework, files):
    """What the record says of the score, as bytes."""
    record = topic_result(TOPIC, grade(pool, framework, files), framework).to_json()
    for check in record["checks"]:
        check["seconds"] = 0
    return json.dumps(record, sort_keys=True).encode()


@pytest.mark.parametrize("framework", BOTH)
def test_regrading_twenty_times_is_byte_identical(pool, framework):
    needs(framework)
    files = ODD["SystemExit in one function"][1](SOLUTION[framework])
    assert len({scores(pool, framework, files) for _ in range(20)}) == 1


def test_regrading_beside_others_is_byte_identical(pool):
    needs("torch")
    names = ["SystemExit in one function", "prints in every call", "one function missing"]
    texts = [ODD[name][1](SOLUTION["torch"]) for name in names]
    alone = [scores(pool, "torch", files) for files in texts]
    pools = [Pool(LIMITS, launcher()) for _ in range(2)]
    for one in pools:  # from this thread, since a sandbox ends with the thread that made it
        one.prepare("torch")
        one.versions("torch")

    def work(number):
        order = [i for _ in range(4) for i in range(len(texts))]
        random.Random(number).shuffle(order)
        return [(i, scores(pools[number], "torch", texts[i])) for i in order]

    with ThreadPoolExecutor(2) as threads:
        for found in threads.map(work, range(2)):
            assert all(score == alone[i] for i, score in found)
    for one in pools:
        one.close()
