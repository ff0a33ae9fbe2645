"""Benchmarks through pytest-benchmark: figures from a worker, with unit, throughput and the machine beside them."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys

import pytest

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
    plugins = '["katagrad.plugin", "katagrad.bench.plugin"]'
    (tmp_path / "conftest.py").write_text(f"pytest_plugins = {plugins}\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")

    def start(*args):
        told = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "benchmarks/softmax.py",
            "--quick",
        ]
        target = tmp_path / "out.json"
        told += [f"--benchmark-json={target}", *args]
        # pytest-benchmark refuses to time where it sees the workers of pytest-xdist.
        plain = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        done = subprocess.run(
            told, env=plain, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
        )
        return done.stdout + done.stderr, json.loads(
            target.read_text()
        ) if target.exists() and target.stat().st_size else None

    start.folder = tmp_path
    return start


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
        path.read_text().replace('unit="rows", bytes=', 'unit="rows", flops=1e15, bytes=')
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
        "say which framework is timed: --framework torch or --framework tensorflow; one a run"
        in output
    )
