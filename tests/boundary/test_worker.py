"""Workers that crash, hang, lie or drown fail the check at hand; every way of starting one gives the same results."""

import dataclasses
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from katagrad.boundary import Implementation, Pool
from katagrad.boundary.local import LocalPool
from katagrad.boundary.transport import Transport
from katagrad.errors import FAILED, PASSED, Failure
from katagrad.grading.checks import Rules, run_topic
from katagrad.grading.submission import Submission
from katagrad.topics import root, topics
from katagrad.worker.limits import Limits

pytestmark = pytest.mark.needs("torch")

TOPIC = topics()["softmax"]
SOLUTION = (root() / "solutions" / "torch" / "softmax.py").read_text()
JVP, MASKED = (
    "test_softmax_jvp_multiplies_by_the_jacobian",
    "test_softmax_gives_masked_scores_no_weight",
)
LIMITS = Limits(wall=4.0, memory=512 << 20, file=8 << 20, output=1 << 20)
WIRE = """
def wire():
    import os, socket, stat
    for fd in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                return socket.socket(fileno=os.dup(fd))
        except OSError:
            pass
"""


@pytest.fixture(scope="module")
def pool():
    made = Pool(LIMITS)
    yield made
    made.close()


def transport(pool, text):
    return Transport(
        pool, Submission(Path("/nonexistent"), "torch", {"softmax.py": text.encode()}).source(TOPIC)
    )


ITERABLES = """
class Loader:
    def __iter__(self):
        self.left = 3
        return self

    def __next__(self):
        if self.left == 0:
            raise StopIteration
        self.left -= 1
        return float(self.left)


class Counter:
    left = 3
    __next__ = Loader.__next__


def softmax(x, axis=-1, temperature=1.0):
    return {"loader": Loader, "counter": Counter, "generator": lambda: (float(i) for i in range(3))}[x]()
"""


WORSE = {
    "crash": ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    "endless loop": ("while True: pass", "endless loop"),
    "endless loop that catches everything": (
        "while True:\n        try:\n            while True: pass\n        except BaseException: pass", "endless loop"),
    "out of memory": ("x = [bytes(64 << 20) for _ in range(100)]", "out of memory"),
    "os._exit": ("import os; os._exit(0)", "do not call os._exit"),
    "sys.exit": ("import sys; sys.exit(0)", "raised SystemExit"),
    "a gigabyte printed": ("import os\n    for _ in range(1000): os.write(1, b'x' * (1 << 20))", "printed more than 1024 KiB"),
    "a torn message": ("wire().sendall(b'KATA\\0\\0\\1\\0{'); import os; os._exit(0)", "ended by itself with status 0"),
    "a forged message": ("wire().sendall(b'PASSED' * 100)", "written to by other code"),
    "killed by itself": ("import os; os.kill(os.getpid(), 9)", "SIGKILL"),
    "recursion without end": ("return softmax_jvp(p, v)", "RecursionError"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "words"), WORSE.values(), ids=WORSE.keys())
def test_it_fails_the_checks_of_its_function_and_no_other(pool, body, words):
    text = f"{SOLUTION}{WIRE}\n\ndef softmax_jvp(p, v):\n    {body}\n"
    outcomes = run_topic(transport(pool, text), TOPIC, Rules(3))
    assert outcomes[JVP].status == FAILED
    assert words in outcomes[JVP].message, outcomes[JVP].message
    of_jvp = {name for name in outcomes if name.startswith("test_softmax_jvp_")}
    assert {name for name, outcome in outcomes.items() if outcome.status != PASSED} == of_jvp


def results(pool, text=None):
    outcomes = run_topic(
        transport(pool, text or SOLUTION.replace("* (v -", "* (2 * v -")), TOPIC, Rules(9)
    )
    return {name: (o.status, o.message) for name, o in outcomes.items()}


def test_every_way_to_start_a_worker_gives_the_same_results(pool):
    forked = results(pool)
    assert forked[JVP][0] == FAILED
    only = dataclasses.replace(LIMITS, wall=60.0)
    for transport_name in ("socketpair", "loopback"):
        spawning = Pool(only, method="spawn", transport=transport_name)
        assert results(spawning) == forked, transport_name
        spawning.close()


IN_PROCESS = """
import sys
from pathlib import Path
from katagrad.boundary.local import LocalPool
from katagrad.boundary.transport import Transport
from katagrad.grading.checks import Rules, run_topic
from katagrad.grading.submission import Submission
from katagrad.topics import topics
topic, folder = topics()["softmax"], Path(sys.argv[1])
outcomes = run_topic(Transport(LocalPool(folder), Submission(folder).source(topic)), topic, Rules(9))
print({name: (o.status, o.message) for name, o in outcomes.items()})
"""


def test_the_worker_inside_the_driver_gives_the_same_results(pool, tmp_path):
    (tmp_path / "softmax.py").write_text(SOLUTION.replace("* (v -", "* (2 * v -"))
    done = subprocess.run(
        [sys.executable, "-c", IN_PROCESS, tmp_path],
        capture_output=True,
        text=True,
        cwd=root(),
        check=True,
    )
    assert done.stdout.strip() == repr(results(pool))
    assert LocalPool(tmp_path).limits.wall > 1e6


def test_items_are_taken_as_a_loop_takes_them(pool):
    connection = transport(pool, ITERABLES)
    try:
        connection.begin(3, 60)
        impl = Implementation(connection)
        made = {kind: impl.softmax(kind) for kind in ("loader", "counter", "generator")}
        found = {kind: (one.take(2), one.take(9)) for kind, one in made.items()}
    finally:
        connection.close()
    assert found == {
        "loader": ([2.0, 1.0], [2.0, 1.0, 0.0]),
        "counter": ([2.0, 1.0], [0.0]),
        "generator": ([0.0, 1.0], [2.0]),
    }


def test_a_lost_server_is_started_again(pool):
    pool.prepare("torch")
    pool.servers["torch"].wait()
    pool.servers["torch"].process.kill()
    pool.servers["torch"].process.wait()
    assert {status for status, _ in results(pool, SOLUTION).values()} == {PASSED}


REMOVED = "import shutil, tempfile\nshutil.rmtree(folder := tempfile.gettempdir())\n"


@pytest.mark.parametrize("then", ["", "open(folder, 'w')", "import os\nos.symlink(place, folder)"])
def test_a_server_whose_temporary_folder_is_gone_is_started_again(pool, tmp_path, then):
    """And nothing is removed where a link in its place leads to."""
    (tmp_path / "kept").touch()
    text = f"{SOLUTION}\nplace = {str(tmp_path)!r}\n{REMOVED}{then}\n"
    for each in (text, SOLUTION):
        outcome = run_topic(transport(pool, each), TOPIC, Rules(9), (JVP,))[JVP]
        assert outcome.status == PASSED, outcome.message
    assert (tmp_path / "kept").exists()


@pytest.mark.parametrize(
    "framework",
    [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("torch", "tensorflow")],
)
def test_one_server_serves_many(framework):
    """A server that dies between two submissions is replaced in silence, and costs seconds each time."""
    many = Pool(LIMITS)
    try:
        served = []
        for _ in range(4):
            worker = many.worker(framework)
            worker.close()
            served.append(many.servers[framework].process.pid)
        assert len(set(served)) == 1
    finally:
        many.close()


INCOMPATIBLE = """
import tensorflow as tf

def softmax(x, axis=-1, temperature=1.0):
    return tf.matmul(x, x)
"""


@pytest.mark.needs("tensorflow")
def test_tensorflow_runs_each_operation_by_its_kernel():
    """A function around each operation takes several times as long, and its name stands in every message."""
    made = Pool()
    try:
        files = {"softmax.py": INCOMPATIBLE.encode()}
        source = Submission(Path("/nonexistent"), "tensorflow", files).source(TOPIC)
        carrier = Transport(made, source)
        carrier.begin(1, 60.0)
        with pytest.raises(Failure, match="Matrix size-incompatible") as raised:
            Implementation(carrier).softmax(np.ones((2, 3)))
        carrier.close()
    finally:
        made.close()
    assert "__wrapped__" not in str(raised.value)


def test_nothing_is_left_of_a_worker(pool):
    results(pool, SOLUTION)
    folder = pool.servers["torch"].folder
    assert list(folder.iterdir()) == []
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        results(pool, SOLUTION)
    assert len(os.listdir("/proc/self/fd")) <= before


ECHO = SOLUTION + "\n\ndef softmax(x, axis=-1, temperature=1.0):\n    return x\n"
CALL_MS, GIGABYTES = 1.0, 1.0  # the aims, on a machine with nothing else to do
LENIENCE = 8.0  # for machines that have other things to do


def test_a_call_is_quick_and_large_arrays_are_fast(pool, capsys):
    carrier = transport(pool, ECHO)
    carrier.begin(1, 60.0)
    impl = Implementation(carrier)
    small, large = np.ones((4, 5)), np.ones((4096, 4096), np.float32)

    def best(call, count):
        times = []
        for _ in range(count):
            started = time.perf_counter()
            call()
            times.append(time.perf_counter() - started)
        return min(times)

    ms = 1e3 * best(lambda: impl.softmax(small), 200)
    rate = 2 * large.nbytes / best(lambda: impl.softmax(large), 10) / 1e9
    carrier.close()
    with capsys.disabled():
        print(
            f"\na call with small arrays: {ms:.3f} ms; large arrays: {rate:.2f} GB/s, there and back"
        )
    assert ms < CALL_MS * LENIENCE
    assert rate > GIGABYTES / LENIENCE
