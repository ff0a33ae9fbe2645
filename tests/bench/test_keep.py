"""Keeping result files: small, by machine, without a name of the host, and still to be read by everybody."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from katagrad.bench.files import load
from katagrad.bench.keep import folder, keep
from katagrad.bench.page.page import render
from katagrad.cli import app


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        (("AMD EPYC", "2", "x86_64", None), "amd-epyc-2-cores"),
        (
            ("Intel(R) Xeon(R) Platinum 8481C CPU @ 2.70GHz", "1", "x86_64", "NVIDIA H200"),
            "intel-xeon-platinum-8481c-cpu-2-70ghz-1-core-nvidia-h200",
        ),
    ],
)
def test_a_machine_names_its_folder(machine, name):
    assert folder(machine) == name


def test_files_are_named_by_day_framework_device_and_what_is_not_usual(result, tmp_path):
    files = [
        result("a.json"),
        result("b.json", framework="tensorflow", mode="compiled", threads=4),
        result("c.json", device="cuda", precision="float16", hardware={"gpu": "NVIDIA H200"}),
    ]
    written, problems = keep(files, tmp_path / "kept")
    assert problems == []
    assert [path.relative_to(tmp_path / "kept").as_posix() for path in written] == [
        "amd-epyc-2-cores/2026-11-20-torch-cpu.json",
        "amd-epyc-2-cores/2026-11-20-tensorflow-cpu-compiled-4-threads.json",
        "amd-epyc-2-cores-nvidia-h200/2026-11-20-torch-cuda-float16.json",
    ]


def test_the_same_run_is_kept_once_and_another_of_the_day_beside_it(result, tmp_path):
    a, b = result("a.json"), result("b.json", slower=1.1)
    names = [keep([path], tmp_path / "kept")[0][0].name for path in (a, b, a, b)]
    assert names == ["2026-11-20-torch-cpu.json", "2026-11-20-torch-cpu-2.json"] * 2
    kept = tmp_path / "kept/amd-epyc-2-cores/2026-11-20-torch-cpu.json"
    before = kept.read_text()
    keep([kept], tmp_path / "kept")  # what is kept is kept as it is
    assert kept.read_text() == before


def test_it_is_small_says_no_name_and_makes_the_same_page(result, gathered, tmp_path):
    path = result("2026-11-20-torch-cpu.json")
    (kept,), _ = keep([path], tmp_path / "kept")
    text = kept.read_text()
    assert "secret" not in text
    assert str(tmp_path) not in text
    assert kept.stat().st_size < path.stat().st_size / 3
    assert len(text.splitlines()) == 10 + 7  # a line for each benchmark
    # All but the JSON at the end, which rounds nothing itself.
    pages = [render(gathered(one)).split("<script")[0] for one in (kept, path)]
    assert pages[0] == pages[1]
    figures, raw = load(kept)[0].figures, load(path)[0].figures
    assert figures.keys() == raw.keys()
    for key, (stats, info) in figures.items():
        assert stats["median"] == pytest.approx(raw[key][0]["median"], rel=1e-5)
        assert info.keys() == raw[key][1].keys()
        assert info["framework"] == raw[key][1]["framework"]


def test_pytest_benchmark_reads_it(result, tmp_path):
    (kept,), _ = keep([result("a.json")], tmp_path / "kept")
    raw = json.loads(kept.read_text())
    for one in raw["benchmarks"]:  # the made-up file lacks columns that a real one has
        one.update(group=None)
        one["stats"] |= dict.fromkeys(("max", "mean", "stddev", "ops", "rounds", "iterations"), 1)
        one["stats"]["outliers"] = "0;0"
    kept.write_text(json.dumps(raw))
    command = [sys.executable, "-m", "pytest_benchmark", "compare", str(kept)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "bench_conv2d[small]" in run.stdout


def test_what_cannot_be_kept_is_a_line(result, tmp_path):
    dirty = result("dirty.json")
    record = json.loads(dirty.read_text())
    record["commit_info"]["dirty"] = True
    dirty.write_text(json.dumps(record))
    (tmp_path / "torn.json").write_text("{")
    nothing = result("gpu.json", cases=[], not_run=[{"name": "x", "reason": "no GPU"}])
    files = [str(path) for path in (dirty, tmp_path / "torn.json", nothing)]
    run = CliRunner().invoke(app, ["bench", "keep", *files, "--into", str(tmp_path / "kept")])
    assert run.exit_code == 0
    assert len(run.stderr.splitlines()) == 3
    for words in ("uncommitted changes", "torn", "holds no figure"):
        assert words in run.stderr
    assert len(list((tmp_path / "kept").rglob("*.json"))) == 1
    run = CliRunner().invoke(app, ["bench", "keep", files[1], "--into", str(tmp_path / "kept")])
    assert run.exit_code == 2
