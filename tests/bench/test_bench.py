"""Benchmarks through pytest-benchmark: figures from a worker, with unit, throughput and the machine beside them."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys

import pytest

from katagrad.bench import machine
from katagrad.topics import FRAMEWORKS, root

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pytest_benchmark") is None, reason="pytest-benchmark is not installed"
)


@pytest.fixture
def run(tmp_path):
    """Run pytest on a copy of the softmax benchmarks; returns (output, the JSON file's content or None)."""
    for name in ("exercises", "graders", "benchmarks", "solutions/torch", "solutions/tensorflow"):
        (tmp_path / name).mkdir(parents=True)
        shutil.copy(root() / name / "softmax.py", tmp_path / name)
    plugins = '["katagrad.pytest_plugin.plugin", "katagrad.bench.plugin"]'
    (tmp_path / "conftest.py").write_text(f"pytest_plugins = {plugins}\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")

    def start(*args):
        line = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "benchmarks/softmax.py",
            "--quick",
        ]
        target = tmp_path / "out.json"
        line += [f"--benchmark-json={target}", *args]
        # pytest-benchmark refuses to time where it sees the workers of pytest-xdist.
        plain = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        done = subprocess.run(
            line, env=plain, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
        )
        return done.stdout + done.stderr, json.loads(
            target.read_text()
        ) if target.exists() and target.stat().st_size else None

    start.folder = tmp_path
    return start


BOTH = {"torch", "tensorflow"}
TELL = f"""
def pytest_unconfigure(config):
    import sys
    print("PYTEST HOLDS", sorted({BOTH} & set(sys.modules)))
"""
REFUSE = f"""
import sys
if set(sys.modules) >= {BOTH}:
    raise ImportError("both frameworks are in one process")
"""


@pytest.mark.needs("torch", "tensorflow")
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_no_process_holds_both_frameworks_and_pytest_none(run, framework):
    solution = run.folder / "solutions" / framework / "softmax.py"
    solution.write_text(solution.read_text() + REFUSE)
    conftest = run.folder / "conftest.py"
    conftest.write_text(conftest.read_text() + TELL)
    output, found = run("--framework", framework, "-k", "bench_softmax and softmax-small")
    assert found is not None, output
    assert len(found["benchmarks"]) == 2
    assert "PYTEST HOLDS []" in output
    wrong = {"torch": "tensorflow", "tensorflow": "torch"}[framework]
    solution.write_text(f"import {wrong}\n{solution.read_text()}")  # the refusal does refuse
    assert "both frameworks are in one process" in run("--framework", framework)[0]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_figures_carry_their_unit_and_their_machine(run, framework):
    if importlib.util.find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    output, found = run("--framework", framework)
    assert found is not None, output
    names = {one["name"]: one for one in found["benchmarks"]}
    assert set(names) == {
        "bench_softmax[softmax-small]",
        "bench_softmax[log_softmax-small]",
        "bench_softmax_gradient[small]",
    }
    for one in names.values():
        info = one["extra_info"]
        assert info["framework"] == framework
        assert info["unit"] == "rows"
        assert info["throughput"] == pytest.approx(256 / one["stats"]["median"])
        assert info["threads"] == 1
        assert info["first_call"] > 0
        assert info["calls_a_block"] >= 1
        assert info["machine"]["cores"]
        assert info["ceiling_flops"] > 1e9
        assert 0 < one["stats"]["min"] < 1.0
    moved = names["bench_softmax[softmax-small]"]["extra_info"]
    assert moved["bytes_per_second"] == pytest.approx(
        moved["bytes"] / names["bench_softmax[softmax-small]"]["stats"]["median"]
    )


@pytest.mark.needs("torch")
def test_a_rate_above_the_machines_ceiling_is_an_error(run):
    path = run.folder / "benchmarks" / "softmax.py"
    path.write_text(
        path.read_text().replace("elementwise(rows * classes, 5,", "elementwise(rows, 1e15,")
    )
    output, _ = run("--framework", "torch", "-k", "log_softmax")
    assert "1 failed" in output
    assert "of what this machine reached at its best" in output


@pytest.mark.needs("torch")
def test_more_bytes_a_second_than_a_copy_of_that_size_is_an_error_too(run):
    path = run.folder / "benchmarks" / "softmax.py"
    path.write_text(
        path.read_text().replace("(rows * classes, 5, 2)", "(rows * classes, 5, 1e3)", 1)
    )
    output, _ = run("--framework", "torch", "-k", "log_softmax")
    assert "1 failed" in output
    assert "of what this machine reached at its best" in output


@pytest.mark.needs("torch")
def test_a_slow_function_reads_slow(run):
    # The figures come from the worker's clock, through a clock that pytest-benchmark is given: prove that they arrive.
    path = run.folder / "solutions" / "torch" / "softmax.py"
    path.write_text(
        path.read_text().replace(
            "    shifted =", "    import time; time.sleep(0.02)\n    shifted =", 1
        )
    )
    _, found = run(
        "--framework", "torch", "-k", "bench_softmax and not log_softmax and not gradient"
    )
    (one,) = found["benchmarks"]
    assert one["stats"]["min"] >= 0.02
    assert one["stats"]["median"] < 0.2


def test_the_framework_must_be_named(run):
    output, _ = run()
    assert (
        output.count("benchmarks need a framework: add --framework torch or --framework tensorflow")
        == 1
    )
    assert "failed" not in output


def test_a_size_that_no_benchmark_has_is_one_line(run):
    output, _ = run("--framework", "torch", "--size", "smal")
    assert "--size smal: none of the" in output
    assert "they have small, " in output
    assert "Did you mean 'small'?" in output


def test_a_busy_machine_is_said(monkeypatch):
    monkeypatch.setattr(machine.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (5.0, 1.0, 1.0))
    assert "the load of this machine is 5 on 2 cores" in machine.busy()
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (1.9, 9.0, 9.0))
    assert machine.busy() == ""


@pytest.mark.needs("torch")
def test_a_device_that_is_not_there_is_said_and_counted(run):
    output, found = run("--framework", "torch", "--device", "cuda")
    if "not run: 3 of 3" not in output:
        pytest.skip("there is a GPU")
    assert "no GPU that torch can use" in output
    assert "3 skipped" in output
    assert found["benchmarks"] == []
    assert [one["reason"] for one in found["not_run"]] == ["no GPU that torch can use"] * 3
    assert found["not_run"][0]["name"] == "softmax::bench_softmax[softmax-small]"
    assert "commit_info" in found


@pytest.mark.needs("torch")
def test_what_does_not_fit_in_memory_is_one_line_and_the_rest_goes_on(run):
    path = run.folder / "benchmarks" / "softmax.py"
    text = path.read_text().replace('"small": (256, 1_000)', '"small": (1 << 20, 1 << 24)', 1)
    head, gradient = text.rsplit("rows, classes = SIZES[size]", 1)
    path.write_text(f"{head}rows, classes = 4, 8{gradient}")
    output, found = run("--framework", "torch")
    assert "for its inputs" in output
    assert "GiB are free" in output
    assert "1 passed, 2 skipped" in output
    assert len(found["benchmarks"]) == 1
    assert len(found["not_run"]) == 2


@pytest.mark.needs("torch")
def test_a_worker_that_runs_out_of_memory_is_one_line(run):
    path = run.folder / "solutions" / "torch" / "softmax.py"
    path.write_text(
        path.read_text().replace("    shifted =", "    torch.empty(1 << 44)\n    shifted =", 1)
    )
    output, found = run("--framework", "torch", "-k", "bench_softmax and not log_softmax")
    assert "not run: needs 65536.0 GiB more than the " in output
    assert "Traceback" not in output
    assert "GiB more than the" in found["not_run"][0]["reason"]


@pytest.mark.needs("torch")
def test_memory_of_a_call_is_what_it_allocates(run):
    path = run.folder / "solutions" / "torch" / "softmax.py"
    more = "    held = torch.ones(64 << 20, dtype=torch.uint8)\n    shifted ="
    path.write_text(path.read_text().replace("    shifted =", more, 1))
    _, found = run("--framework", "torch", "-k", "bench_softmax and not log_softmax")
    softmax, gradient = (one["extra_info"] for one in found["benchmarks"])
    if softmax["call_memory"] is None:
        pytest.skip("this system does not let a process start its peak anew")
    for info in (softmax, gradient):
        assert 64 << 20 <= info["call_memory"] < 100 << 20
        assert info["peak_memory"] > info["call_memory"]
        assert info["first_memory"] >= 64 << 20


@pytest.mark.needs("torch")
def test_a_solution_that_fails_is_one_line(run):
    path = run.folder / "solutions" / "torch" / "softmax.py"
    path.write_text(path.read_text().replace("    shifted =", "    1 / 0\n    shifted =", 1))
    output, found = run("--framework", "torch", "-k", "bench_softmax and not log_softmax")
    assert "failed: timing softmax raised ZeroDivisionError" in output
    assert "During handling" not in output
    assert "fixture.py" not in output
    assert found["not_run"][0]["reason"].startswith("failed: timing softmax raised ZeroDivision")


@pytest.mark.needs("tensorflow")
def test_tracing_is_counted_and_not_timed(run):
    path = run.folder / "solutions" / "tensorflow" / "softmax.py"
    line = ("--framework", "tensorflow", "--mode", "compiled", "-k", "bench_softmax and not log")
    _, found = run(*line)
    assert [one["extra_info"]["traces"] for one in found["benchmarks"]] == [1, 1]
    assert [one["extra_info"]["retraces"] for one in found["benchmarks"]] == [0, 0]
    # A Python number that changes with each call is traced each time.
    text = path.read_text()
    anew = "\n_traced = tf.function(softmax)\n_calls = iter(range(10**9))\n"
    anew += "class _Fresh:\n    def __call__(self, x):\n        return _traced(x, -1, 1.0 + next(_calls))\n"
    anew += "    experimental_get_tracing_count = _traced.experimental_get_tracing_count\n"
    path.write_text(text + anew + "tf.function = lambda f: _Fresh()\n")
    _, found = run(*line)
    assert found["benchmarks"][0]["extra_info"]["retraces"] > 5


@pytest.mark.needs("torch")
def test_a_precision_needs_a_gpu(run):
    output, _ = run("--framework", "torch", "--precision", "float16")
    assert "--precision float16 is for a GPU: add --device cuda, or leave it out" in output


@pytest.mark.needs("torch")
def test_many_short_calls_are_timed_as_one(run):
    path = run.folder / "benchmarks" / "softmax.py"
    many = "\n\ndef often(solution, x, count):\n    import time\n    time.sleep(0.02)\n"
    many += "    return [solution.softmax(x) for _ in range(count)]\n\n\n"
    many += "def bench_often(bench):\n    x = bench.normal(4, 8)\n"
    many += "    bench.time(bench.drive(often), x, 100, items=100, unit='calls')\n"
    path.write_text(path.read_text() + many)
    output, found = run("--framework", "torch", "-k", "often")
    assert found is not None, output
    (one,) = found["benchmarks"]
    assert 0.02 <= one["stats"]["min"] < 0.2
    assert one["extra_info"]["throughput"] == pytest.approx(100 / one["stats"]["median"])
    output, found = run("--framework", "torch", "-k", "often", "--mode", "compiled")
    assert [one["reason"] for one in found["not_run"]] == [
        "plain Python: there is nothing to compile"
    ], output


@pytest.mark.needs("torch")
def test_a_block_is_long_whatever_a_call_takes(run):
    _, found = run("--framework", "torch", "-k", "bench_softmax")
    for one in found["benchmarks"]:
        info = one["extra_info"]
        assert info["calls_a_block"] * one["stats"]["median"] >= 0.01
        assert info["flops"] > 0
        assert info["share_of_flops"] < 1.05
