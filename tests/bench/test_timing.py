"""The measuring loop in a worker, on a clock that is turned by hand."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from katagrad.bench.fixture import Timing
from katagrad.bench.own import session
from katagrad.bench.regress import twins
from katagrad.bench.runner import Ceilings
from katagrad.bench.solution import Solution
from katagrad.errors import Failure
from katagrad.topics import root
from katagrad.worker import timing
from katagrad.worker.adapters import numpy as plain
from katagrad.worker.timing import ceiling, prepare


@pytest.fixture
def clock(monkeypatch):
    made = SimpleNamespace(now=0.0, perf_counter=lambda: made.now)
    monkeypatch.setattr(timing, "time", made)
    monkeypatch.setattr(timing.gc, "disable", lambda: None)
    return made


def prepared(function):
    """(the prepared call, seconds of the first call, seconds of a warm one)."""
    held = []
    session = SimpleNamespace(
        adapter=plain, resolve=lambda _: function, lift=lambda value: value, hold=held.append
    )
    call = {"target": "f", "args": [], "kwargs": {}, "exhaust": False, "backward": False}
    _, first, warm = prepare(session, call, 3, "eager")
    return held[0], first, warm


def taking(clock, *seconds):
    """A function whose calls take these seconds; the last of them is that of all others."""
    left = list(seconds)

    def function():
        function.calls += 1
        clock.now += left.pop(0) if len(left) > 1 else left[0]

    function.calls = 0
    return function


def test_a_first_call_that_compiles_for_long_is_followed_by_warm_ones(clock):
    made, first, warm = prepared(taking(clock, 8.0, 0.5, 0.001))
    assert (first, warm) == pytest.approx((8.0, 0.001))
    assert made.touching


def test_calls_that_take_long_are_not_repeated_to_warm_up(clock):
    function = taking(clock, 6.0)
    made, first, warm = prepared(function)
    assert (first, warm) == pytest.approx((6.0, 6.0))
    assert not made.touching
    assert function.calls == 2


def test_a_ceiling_of_a_gpu_is_not_that_of_starting_and_waiting(clock, monkeypatch):
    """A matrix product takes 20 us, starting it is free, and waiting for its end takes 30 us."""

    def work():
        clock.now += 20e-6

    def wait():
        clock.now += 30e-6

    monkeypatch.setattr(plain, "ceiling_work", lambda kind, size: (work, 1.0))
    monkeypatch.setattr(plain, "synchronize", wait)
    assert ceiling(plain, "matmul", 512, 0.1) == pytest.approx(1 / 50e-6)
    monkeypatch.setattr(plain, "device_memory", lambda reset=False: (0, 0))
    assert ceiling(plain, "matmul", 512, 0.1) == pytest.approx(1 / 20e-6, rel=0.01)


def test_in_half_precision_a_copy_moves_half_as_much():
    copies = {1 << 10: 9e10, 1 << 24: 4e10}
    assert Ceilings(copies=copies).copy(8 << 10) == 9e10
    assert Ceilings(copies=copies, width=2).copy(8 << 10) == 4e10
    assert Ceilings(copies=copies, width=2).copy(4 << 10) == 9e10


def test_both_shares_are_of_the_ceilings_that_are_recorded():
    ceilings = Ceilings(matmul={512: 1e9}, copies={1 << 24: 1e9})

    def calibrate(seconds):
        ceilings.matmul[512], ceilings.copies[1 << 24] = 2e9, 1.1e9

    runner = SimpleNamespace(
        framework="numpy", versions={}, device="cpu", precision="float32", threads=1,
        ceilings=ceilings, calibrate=calibrate,
    )  # fmt: skip
    stats = SimpleNamespace(stats=SimpleNamespace(median=1.0, min=1.0))
    made = SimpleNamespace(
        runner=runner, benchmark=SimpleNamespace(stats=stats, extra_info={}), close=lambda: None,
        _ask=lambda op: {}, _about=dict, _calibrate_again=lambda info: Timing._calibrate_again(made, info),
    )  # fmt: skip
    Timing._report(made, {"items": 1.0, "flops": 0.9e9, "bytes": 1.2e9})
    info = made.benchmark.extra_info
    assert (info["ceiling_flops"], info["ceiling_copy"]) == (2e9, 1.1e9)
    assert info["share_of_flops"] == pytest.approx(0.45)
    assert info["share_of_bytes"] == pytest.approx(1.2 / 1.1)
    with pytest.raises(pytest.fail.Exception, match="of what this machine reached at its best"):
        Timing._report(made, {"items": 1.0, "flops": 2.2e9, "bytes": None})


@pytest.mark.parametrize("turn", [0, 1])
def test_lanes_take_turns_in_what_comes_first(turn):
    """Servers, processes, preparation and blocks: what comes first gets the better pages."""
    seen = []

    class Case:
        def side(self, lane, pool, conditions):
            seen.append(f"start {lane.name}")

            def ask(op, handle, count):
                return count * 1e-3

            return SimpleNamespace(lane=lane.name, close=lambda: None, _ask=ask)

        def call(self, side):
            seen.append(f"prepare {side.lane}")
            raise twins._Captured((None, 0.0, 1e-3))

        def check(self, side, lane): ...

    launch = twins.Launch([], twins.Conditions("numpy"), turn)
    launch.lanes = [twins.Lane("base", root()), twins.Lane("head", root())]
    launch.pools, launch.order = [None, None], [1, 0] if turn else [0, 1]
    base, head = launch.time(Case())
    assert len(base) == len(head) == twins.ROUNDS
    order = ["head", "base"] if turn else ["base", "head"]
    assert seen == [f"{what} {name}" for what in ("start", "prepare") for name in order]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_worker_that_cannot_begin_is_ended(monkeypatch, precision):
    ended = []

    class Transport:
        def begin(self, seed, seconds):
            if precision == "float32":
                raise Failure("it cannot be imported")

        def request(self, op, words, arguments):
            raise Failure("it has no such precision")

        def close(self):
            ended.append(self)

    monkeypatch.setattr(Solution, "_transport", lambda self: Transport())
    with pytest.raises(Failure, match="it "):
        Solution(SimpleNamespace(precision=precision), SimpleNamespace(name="softmax"))
    assert len(ended) == 1


def test_the_modules_behind_a_file_are_read_once(monkeypatch, tmp_path):
    read = []
    monkeypatch.setattr(session, "frameworks", lambda *about: read.append(about) or {"torch"})
    path = tmp_path / "bench_a.py"
    path.write_text("def bench_a(bench, n): ...\n")
    module = SimpleNamespace(stash=pytest.Stash(), obj=SimpleNamespace(__name__="bench_a"))
    config = SimpleNamespace(rootpath=tmp_path, getoption=lambda _: None)
    item = SimpleNamespace(
        config=config, path=path, get_closest_marker=lambda _: None, getparent=lambda _: module
    )
    assert [session.code_of(item).framework for _ in range(50)] == ["torch"] * 50
    assert len(read) == 1


@pytest.mark.needs("torch")
@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support")
def test_waiting_for_a_tensor_of_torch_copies_nothing(monkeypatch):
    torch = pytest.importorskip("torch")
    from katagrad.worker.adapters.torch_touch import touch

    copied = []
    monkeypatch.setattr(torch.Tensor, "flatten", lambda *_: copied.append(True))
    touch(torch.ones(3, 2).T)
    touch(torch.ones(0, 3))
    touch(torch.ones(3, requires_grad=True) * 2)
    touch(torch.eye(3).to_sparse())
    touch(torch.eye(3).to_sparse_csr())
    assert copied == []


TENSORFLOW = """
import tensorflow as tf
from katagrad.worker.adapters.tensorflow_touch import touch
tf.convert_to_tensor = None  # what would make a gradient dense
touch(tf.IndexedSlices(tf.ones((2, 3)), tf.constant([0, 1]), tf.constant([5, 3])))
touch(tf.sparse.eye(3))
touch(tf.ragged.constant([[1.0], [2.0, 3.0]]))
touch(tf.Variable(1.0))
touch(tf.zeros((0, 3)))
print("waited")
"""


@pytest.mark.needs("tensorflow")
def test_waiting_for_a_tensor_of_tensorflow_works_in_every_form():
    done = subprocess.run([sys.executable, "-c", TENSORFLOW], capture_output=True, text=True)
    assert done.stdout.strip() == "waited", done.stderr
