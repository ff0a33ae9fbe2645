"""Pairs: two ways in turn, their ratio with an interval; what cannot be had is said."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

from katagrad.bench import pairs
from katagrad.bench.devices import devices
from katagrad.bench.runner import all_threads
from katagrad.topics import FRAMEWORKS, root

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pytest_benchmark") is None, reason="pytest-benchmark is not installed"
)
RIVAL = {
    "torch": "import time\nimport torch\n\ndef softmax(x):\n    {body}\n    return torch.softmax(x, -1)\n",
    "tensorflow": "import time\nimport tensorflow as tf\n\ndef softmax(x):\n    {body}\n    return tf.nn.softmax(x)\n",
}


@pytest.fixture
def run(tmp_path):
    """Run pytest on a copy of softmax's pairs; returns (output, the JSON file's content)."""
    (tmp_path / "exercises").mkdir()
    for name in ("graders", "benchmarks/pairs", "benchmarks/rivals", "solutions"):
        (tmp_path / name).mkdir(parents=True)
    for framework in FRAMEWORKS:
        (tmp_path / "solutions" / framework).mkdir()
        shutil.copy(
            root() / "solutions" / framework / "softmax.py", tmp_path / "solutions" / framework
        )
        rival = root() / "benchmarks" / "rivals" / f"{framework}.py"
        shutil.copy(rival, tmp_path / "benchmarks" / "rivals")
    shutil.copy(root() / "benchmarks" / "pairs" / "softmax.py", tmp_path / "benchmarks" / "pairs")
    plugins = '["katagrad.pytest_plugin.plugin", "katagrad.bench.plugin"]'
    (tmp_path / "conftest.py").write_text(f"pytest_plugins = {plugins}\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")

    def start(*args, **environment):
        target = tmp_path / "out.json"
        given = ["-m", "pytest", "-p", "no:cacheprovider", "benchmarks/pairs/softmax.py", "--quick"]
        given += [f"--benchmark-json={target}", *args]
        plain = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")} | environment
        done = subprocess.run(
            [sys.executable, *given],
            env=plain, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        return done.stdout + done.stderr, json.loads(target.read_text())

    start.folder = tmp_path
    return start


@pytest.mark.parametrize(
    "framework", [pytest.param(one, marks=pytest.mark.needs(one)) for one in FRAMEWORKS]
)
def test_a_rival_that_sleeps_is_that_much_slower(run, framework):
    # Both sleep, so that the ratio is known: 10 ms against 40 ms, and some for the work.
    path = run.folder / "solutions" / framework / "softmax.py"
    text = path.read_text().replace(
        "    shifted =", "    import time; time.sleep(0.01)\n    shifted =", 1
    )
    path.write_text(text)
    rival = RIVAL[framework].format(body="time.sleep(0.04)")
    (run.folder / "benchmarks" / "rivals" / f"{framework}.py").write_text(rival)
    given = ("--framework", framework, "-k", "own and not gradient")
    output, found = run(*given)
    (one,) = found["benchmarks"]
    pair = one["extra_info"]["pair"]
    assert 0.2 < pair["ratio"] < 0.6, output
    assert pair["low"] <= pair["ratio"] <= pair["high"]
    assert pair["other_median"] >= 0.04
    assert one["stats"]["median"] >= 0.01
    assert pair["against"] == f"{framework}'s own softmax"
    assert "pairs: time of the benchmarked code divided by time of the other" in output
    assert f"times the time of {framework}'s own softmax" in output


@pytest.mark.needs("torch")
def test_all_threads_are_a_second_worker(run):
    output, found = run("--framework", "torch", "-k", "threads")
    if all_threads() == 1:
        assert found["not_run"][0]["reason"] == "this process may use 1 thread and no more"
        return
    (one,) = found["benchmarks"]
    assert one["extra_info"]["threads"] == 1
    assert one["extra_info"]["pair"]["against"] == f"itself on {all_threads()} threads"
    assert one["extra_info"]["pair"]["rounds"] == 6, output


@pytest.mark.needs("torch")
def test_without_a_compiler_a_pair_is_not_run(run):
    output, found = run("--framework", "torch", "-k", "compiled", CXX="none", PATH="/nowhere")
    assert found["not_run"][0]["reason"] == "no C++ compiler that torch.compile can use", output
    assert found["benchmarks"] == []
    assert "1 skipped" in output


def test_all_threads_compute_in_the_precision_of_the_one(monkeypatch):
    asked = []

    class Beside:
        def __init__(self, pool, source): ...
        def begin(self, seed, seconds): ...

        def request(self, op, words, arguments):
            asked.append((op, arguments.get("name")))
            return None, 0.0, 1.0

    monkeypatch.setattr(pairs, "Transport", Beside)
    monkeypatch.setattr(pairs, "all_threads", lambda: 8)
    runner = SimpleNamespace(threads=1, precision="bfloat16", mode="eager", other=lambda count: count)  # fmt: skip
    bench = SimpleNamespace(
        runner=runner, beside=[], source=None, transport=SimpleNamespace(deadline=0.0),
        topic=SimpleNamespace(name="softmax"),
    )  # fmt: skip
    pairs.rival(bench, "threads", {}, {})
    assert asked == [("precision", "bfloat16"), ("prepare", None)]


def test_a_compiled_run_says_what_its_pairs_are_with():
    assert pairs.words(pairs.own("softmax"), "torch") == "torch's own softmax"
    assert pairs.words(pairs.own("softmax"), "torch", "compiled") == "torch's own softmax, eager"
    bench = SimpleNamespace(runner=SimpleNamespace(mode="compiled"))
    with pytest.raises(pytest.skip.Exception, match="both would be compiled"):
        pairs.rival(bench, "compiled", {}, {})


def test_rounds_alternate_and_divide_by_the_calls():
    order = []

    def side(name, seconds):
        def block(count):
            order.append(name)
            return seconds * count

        return pairs.Side(block, seconds)

    duel = pairs.PairedTiming(side("a", 0.001), side("b", 0.004), quick=True)
    order.clear()  # of the blocks that were tried for their length
    while len(duel.ratios) < duel.rounds:
        assert duel.round() == pytest.approx(0.001)
    assert order == ["a", "b", "b", "a"] * duel.rounds
    figures = duel.figures()
    assert (figures["ratio"], figures["low"], figures["high"]) == pytest.approx((0.25, 0.25, 0.25))
    assert figures["other_median"] == pytest.approx(0.004)


def test_long_calls_make_fewer_rounds():
    slow = pairs.Side(lambda count: float(count), 1.0)
    assert pairs.PairedTiming(slow, slow, quick=False).rounds == pairs.LEAST_ROUNDS
    fast = pairs.Side(lambda count: count * 1e-3, 1e-3)
    assert pairs.PairedTiming(fast, fast, quick=False).rounds == pairs.ROUNDS


def test_devices_are_listed():
    lines = list(devices())
    assert lines[0].startswith("cpu: ")
    for framework in FRAMEWORKS:
        (line, *_) = [one for one in lines if one.startswith(framework)]
        installed = importlib.util.find_spec(framework) is not None
        assert ("not installed" in line) != installed
