"""Every reason that a worker can give, provoked and read as a student reads it.

Each row: what the submission does in place of a right answer, and the words of the message, which must be true.
"""

import dataclasses
from pathlib import Path

import pytest

from katagrad.boundary.transport import Transport
from katagrad.errors import FAILED, NOT_GRADED
from katagrad.grading.checks import Rules, run_topic
from katagrad.grading.submission import Submission
from katagrad.topics import topics
from tests.hostile.conftest import LIMITS, BarePlain, installed, shut_in

FIRST = ("test_softmax_gives_masked_scores_no_weight",)
REST = "\n\nlog_softmax = softmax_jvp = lambda *a: None\n"
BODY = (
    "import numpy as np\n{more}\n\n\ndef softmax(x, axis=-1, temperature=1.0):\n    {body}\n" + REST
)


def text(body, more=""):
    return BODY.format(body=body, more=more)


# Wide, so that the reason at hand comes first on a loaded machine, too; CPU time is what a busy loop ends by.
# CPU seconds: a list of 190,000 lists takes about 4 to be written on a busy machine.
LIMITED = dataclasses.replace(LIMITS, wall=60.0, cpu=12)
# (what happens, source, words of the message)
ROWS = [
    ("too large", text("return np.zeros(32 << 20, 'float32')"),
     "softmax returned an array of 128 MiB (shape (33554432,)), but at most 64 MiB can be judged"),
    ("broadcast to a terabyte", text("return np.broadcast_to(np.float32(1), (1 << 20, 1 << 20))"),
     "softmax returned an array of 4.19e+06 MiB (shape (1048576, 1048576)), but at most 64 MiB can be judged"),
    ("too large together", text("return [np.zeros(4 << 20, 'float32') for _ in range(8)]"),
     "softmax returned 128 MiB in tensors and arrays, but at most 64 MiB can be judged"),
    ("too many arrays", text("return [np.zeros(1) for _ in range(100_500)]"),
     "softmax returned 100,500 arrays, but at most 100,000 can be judged; join them"),
    ("a long list", text("return [[[], [], []] for i in range(190_000)]"),
     "of lists, dicts, numbers and text, which is more than can be judged; return a tensor"),
    ("nested", text("y = 1\n    for _ in range(40): y = [[y]]\n    return y"), "a list"),
    ("long double", text("return np.longdouble([1])"), "softmax returned a NumPy array of dtype float128, which no check can read"),
    ("a huge integer", text("return 1 << 200_000"), "softmax returned an integer of 200,001 bits"),
    ("a key that is no usual number", text("return {1 << 70: 1}"),
     "is a dict with keys other than text and numbers of 64 bits, or with more items than are read, but should be a tensor"),
    ("a subclass of int", text("return E.a", "import enum\nclass E(enum.IntEnum):\n    a = 1"),
     "is an int (1), but should be a tensor"),
    ("none", text("return None"), "is None, but should be a tensor"),
    ("a generator", text("return (i for i in range(3))"), "is a generator, but should be a tensor"),
    ("patched built-ins", text("builtins.isinstance = None\n    return x", "import builtins"),
     "softmax: the worker broke inside this process (status 70): code that replaces built-in functions"),
    ("exit", text("os._exit(3)", "import os"), "softmax: the process ended by itself with status 3; do not call os._exit"),
    ("sys.exit", text("raise SystemExit(3)"), "softmax raised SystemExit: 3"),
    ("interrupted", text("raise KeyboardInterrupt"), "softmax raised KeyboardInterrupt"),
    ("terminated", text("os.kill(os.getpid(), 15)", "import os"), "softmax: the process was ended by a signal (SIGTERM)"),
    ("killed", text("os.kill(os.getpid(), 9)", "import os"), "softmax: the process was ended by a signal (SIGKILL)"),
    ("a fault", text("ctypes.string_at(0)", "import ctypes"),
     "softmax: the process crashed (SIGSEGV; endless recursion or a fault in compiled code?)"),
    ("aborted", text("os.abort()", "import os"), "softmax: the process crashed (SIGABRT; out of memory?)"),
    ("a bus error", text("os.kill(os.getpid(), 7)", "import os"), "softmax: the process crashed (SIGBUS"),
    ("endless recursion", text("return softmax(x)"), "softmax raised RecursionError"),
    ("CPU time", text("while True: pass"), "softmax: used more than 12 s of CPU time"),
    ("prints", text("print('x' * (2 << 20)); return x"), "softmax: printed more than 1024 KiB; print less, above all inside loops"),
    ("memory", text("np.ones(1 << 30)"), "out of memory (a submission may use 512 MiB)"),
    ("memory in files", text("for i in range(80): open(('/tmp', '/dev/shm')[i % 2] + f'/{i}', 'wb').write(b'1' * (7 << 20))\n    time.sleep(9)", "import time"),
     "MiB of it in files"),
    ("processes", text("for _ in range(40): os.fork() or time.sleep(9)\n    time.sleep(9)", "import os, time"), "softmax: started more than"),
    ("threads", text("while True: threading.Thread(target=time.sleep, args=[9]).start()", "import threading, time"),
     "can't start new thread (a submission may have 48 processes and threads)"),
    ("descriptors", text("while True: os.pipe()", "import os"), "Too many open files (a process may have 1024 open files)"),
    ("a large file", text("open('f', 'wb').write(b'1' * (9 << 20))"), "File too large (a file may have 8 MiB)"),
    ("the network", text("socket.create_connection(('127.0.0.1', 9))", "import socket"),
     "(submissions are graded without a network)"),
    ("a read-only place", text("open('/usr/lib/x', 'w')"), "(only the working folder and the temporary folder can be written)"),
    ("typing", text("input()"), "softmax raised EOFError: a worker has no terminal for input; nobody answers input()"),
    ("a breakpoint", text("breakpoint()"), "to stop at breakpoint(), run pytest exercises/softmax.py --in-process"),
    ("multiprocessing that spawns", text("multiprocessing.get_context('spawn').Process(target=print).start()", "import multiprocessing"),
     'multiprocessing can only fork here: leave its start method as it is, or ask for "fork"'),
    ("a magic that Jupyter wrote out", text("get_ipython().run_line_magic('time', '')"),
     "softmax raised NameError: get_ipython is there in Jupyter alone, which wrote this line for a magic: remove the line"),
    ("a message that raises", text("raise E", "class E(Exception):\n    def __str__(self): raise self"),
     "softmax raised E: (its message cannot be shown)"),
    ("the server killed", text("os.kill(os.getppid(), 9)\n    time.sleep(9)", "import os, time"),
     "softmax: the process that started this one was killed or stopped with it"),
    ("forged", text("import socketry\n    socketry.reply(b'GET / HTTP/1.0\\r\\n\\r\\n')"),
     "softmax: the connection to the grader was written to by other code: a message does not begin with the required header"),
    ("no function", "import numpy\n", "softmax.py has no function softmax; the stub asks for softmax(x, axis=-1, temperature=1.0)"),
    ("other parameters", "def softmax(y): return y\n" + REST,
     "softmax.py defines softmax(y), but the stub asks for softmax(x, axis=-1, temperature=1.0)"),
    ("an import of nothing", "import nothing_of_this_name\nnothing_of_this_name.go()\n", "importing softmax.py raised ImportRefused: softmax.py:1 imports nothing_of_this_name; this topic allows bare, NumPy"),
    ("exit at import", "import os\nos._exit(0)\n", "importing softmax.py: the process ended by itself with status 0; do not call os._exit"),
]  # fmt: skip


def test_an_endless_loop_says_so(arena, plain):
    pool = plain(limits=dataclasses.replace(LIMITS, wall=1.0))
    words = arena.run(text("while True: pass"), only=FIRST, pool=pool).words
    assert "s that were left for this check" in words
    assert "; is there an endless loop?" in words


@pytest.fixture(scope="module")
def pool(plain):
    return plain(limits=LIMITED)


@pytest.mark.skipif(bool(shut_in()), reason=shut_in())
@pytest.mark.parametrize(("source", "words"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_a_reason_is_true(arena, pool, source, words):
    fight = arena.run(source, only=FIRST, pool=pool)
    assert set(fight.statuses.values()) == {FAILED}
    assert words in fight.words, fight.words


BYTES = [
    ("UTF-16", "def softmax(): pass\n".encode("utf-16"), "softmax.py is saved as UTF-16, which Python cannot read; save it as UTF-8"),
    ("UTF-16 without a mark", "def softmax(): pass\n".encode("utf-16-le"), "softmax.py is saved as UTF-16"),
    ("UTF-32", "x = 1\n".encode("utf-32"), "softmax.py is saved as UTF-32"),
    ("a null byte", b"x = 1\n\n'" + b"\0" + b"'\n" + b"#" * 300, "softmax.py:3: a null byte, which a Python file cannot contain"),
    ("Latin-1", "x = 1\n# é\n".encode("latin-1"), "softmax.py"),
    ("an unknown encoding", b"# coding: klingon\nx = 1\n", "cannot be read as text (unknown encoding"),
    ("deep brackets", b"x = " + b"-" * 100_000 + b"1\n", "softmax.py nests brackets, operators or blocks deeper than Python can read"),
    ("a colon", b"def softmax(:\n", "softmax.py:1: invalid syntax: def softmax(: (a syntax error"),
    ("a magic", b"x = 1\n%matplotlib inline\n", "softmax.py:2: invalid syntax: %matplotlib inline (a line for Jupyter, which no Python file can have: remove it)"),
    ("a shell line", b"!pip install numpy\n", "(a line for Jupyter, which no Python file can have: remove it)"),
    ("tabs and spaces", b"if 1:\n\tx = 1\n        y = 2\n", "softmax.py:3: inconsistent use of tabs"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "words"), [r[1:] for r in BYTES], ids=[r[0] for r in BYTES])
def test_a_file_that_is_no_python_says_why(arena, pool, content, words):
    fight = arena.run("", only=FIRST, pool=pool, more={"softmax.py": content})
    assert set(fight.statuses.values()) == {FAILED}
    assert words in fight.words, fight.words
    assert "None" not in fight.words


def test_a_mark_of_utf_8_is_no_fault(arena, pool):
    source = (arena.files("", "bare")["right.py"]).decode().encode("utf-8-sig")
    assert arena.run("", only=FIRST, pool=pool, more={"softmax.py": source}).statuses == {FIRST[0]: "passed"}  # fmt: skip


def test_a_worker_that_cannot_begin_is_the_harness_s_fault(arena, plain):
    broken = plain(code="s.enter = None")
    fight = arena.run(text("return x"), only=FIRST, pool=broken)
    assert set(fight.statuses.values()) == {NOT_GRADED}
    assert "the worker ended before the submission was loaded" in fight.words


TORCH = (
    "import torch\n{more}\n\n\ndef softmax(x, axis=-1, temperature=1.0):\n    return {value}\n"
    + REST
)
TENSORFLOW = TORCH.replace("import torch", "import tensorflow as tf")
NATIVE = [
    ("torch", "(x.exp() / x.exp().sum(axis, True)).bfloat16()", "softmax returned a tensor of dtype bfloat16, which no check accepts; return float32 or float64"),
    ("torch", "(x.exp() / x.exp().sum(axis, True)).half()", "has the dtype float16, but should have float32 or float64"),
    ("torch", "(x.exp() / x.exp().sum(axis, True)).to(torch.complex64)", "has the dtype complex64, but should have float32 or float64"),
    ("torch", "x.to('meta')", "softmax returned a torch.Tensor whose values cannot be read (NotImplementedError: Cannot copy out of meta tensor"),
    ("torch", "torch.zeros(1).expand(1 << 40)", "softmax returned an array of 4.19e+06 MiB"),
    ("tensorflow", "tf.cast(tf.exp(x) / tf.reduce_sum(tf.exp(x), axis, True), 'bfloat16')", "softmax returned a tensor of dtype bfloat16, which no check accepts"),
    ("tensorflow", "tf.cast(tf.exp(x) / tf.reduce_sum(tf.exp(x), axis, True), 'float16')", "has the dtype float16, but should have float32 or float64"),
    ("tensorflow", "tf.constant('text')", "softmax returned a tensor of dtype string, which no check accepts"),
]  # fmt: skip


@pytest.mark.needs("tensorflow")
def test_tensorflow_of_the_first_version_is_named(arena):
    topic = topics()["softmax"]
    more = "tf.compat.v1.disable_v2_behavior()"
    source = TENSORFLOW.format(more=more, value="tf.exp(x)").encode()
    submission = Submission(Path("/nonexistent"), "tensorflow", {"softmax.py": source})
    only = ("test_softmax_ignores_a_common_offset", "test_softmax_keeps_the_contracts_words")
    transport = Transport(arena.pool("tensorflow"), submission.source(topic))
    words = "".join(o.message for o in run_topic(transport, topic, Rules(3), only).values())
    assert (
        "(RuntimeError: eager execution is off; remove disable_eager_execution or disable" in words
    )
    assert "turning eager execution off is not allowed in this topic" in words
    assert "undoing the watch" not in words


@pytest.mark.parametrize(("kind", "value", "words"), NATIVE, ids=[f"{r[0]}-{r[1]}" for r in NATIVE])
def test_a_reason_of_a_framework_is_true(arena, kind, value, words):
    if not installed(kind):
        pytest.skip(f"{kind} is not installed")
    source = (TORCH if kind == "torch" else TENSORFLOW).format(more="", value=value)
    fight = arena.run(source, kind, FIRST)
    assert set(fight.statuses.values()) == {FAILED}
    assert words in fight.words, fight.words


def test_without_a_sandbox_the_reasons_are_the_same(arena, plain):
    pool = plain(limits=LIMITED, launcher=BarePlain())
    for name, source, words in ROWS[:4]:
        assert words in arena.run(source, only=FIRST, pool=pool).words, name
