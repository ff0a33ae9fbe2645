"""Comparing result files: what can be compared is, what cannot be is one line."""

import json

import pytest
from typer.testing import CliRunner

from katagrad.bench.commands import app
from katagrad.bench.compare import NothingToCompare, compare
from katagrad.bench.files import load

MACHINE = {"cpu": "A", "cores": 2, "architecture": "x86_64"}


def result(path, median, cpu="A", **more):
    info = {
        "topic": "softmax", "framework": "torch", "machine": {**MACHINE, "cpu": cpu}, "device": "cpu", "threads": 1,
        "mode": "eager", "size": "small", "items": 256, "backward": False, "unit": "rows",
        "throughput": 256 / median, "share_of_bytes": 0.25, **more,
    }  # fmt: skip
    stats = {"min": median, "median": median, "iqr": 0.1 * median}
    path.write_text(
        json.dumps(
            {"benchmarks": [{"name": "bench_softmax[small]", "stats": stats, "extra_info": info}]}
        )
    )
    return path


def test_same_machine_gives_ratios(tmp_path):
    lines = compare([result(tmp_path / "a.json", 0.001), result(tmp_path / "b.json", 0.0015)])
    assert any("1.500" in line and "1.00 ms -> 1.50 ms" in line for line in lines)


def test_other_hardware_gives_shares(tmp_path):
    lines = compare(
        [
            result(tmp_path / "a.json", 0.001),
            result(tmp_path / "b.json", 0.002, cpu="B", share_of_bytes=0.5),
        ]
    )
    assert any("other hardware (A, 2 cores and B, 2 cores)" in line for line in lines)
    assert any("25.0% of bandwidth -> 50.0% of bandwidth" in line for line in lines)


def test_a_share_that_is_no_number_is_not_shown(tmp_path):
    whole = result(tmp_path / "a.json", 0.001)
    other = result(tmp_path / "b.json", 0.002, cpu="B", share_of_bytes=float("nan"))
    (line,) = [line for line in compare([whole, other]) if " x  (" in line]
    assert line.endswith("(25.0% of bandwidth -> 128 k rows/s (no ceiling known))")


def test_other_sizes_are_not_compared(tmp_path):
    with pytest.raises(NothingToCompare) as caught:
        compare([result(tmp_path / "a.json", 0.001), result(tmp_path / "b.json", 0.002, items=512)])
    assert any("not comparable: items 256 and 512" in line for line in caught.value.problems)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"benchmarks": 3}', '{"benchmarks": [{"name": "x"}]}', "\x00"]
)
def test_a_bad_file_is_one_line_and_the_rest_is_compared(tmp_path, text):
    bad = tmp_path / "bad.json"
    bad.write_text(text)
    good = [result(tmp_path / "a.json", 0.001), result(tmp_path / "b.json", 0.002)]
    lines = compare([*good, bad, tmp_path / "absent.json"])
    assert any("bad.json" in line for line in lines)
    assert any("absent.json" in line and "cannot be read" in line for line in lines)
    assert any("2.000" in line for line in lines)


def test_one_file_is_not_enough(tmp_path):
    with pytest.raises(NothingToCompare, match="two result files that can be read are needed"):
        compare([result(tmp_path / "a.json", 1.0)])


def test_the_command_fails_where_there_is_nothing_to_compare(tmp_path):
    torn = tmp_path / "torn.json"
    torn.write_text('{"benchmarks": [')
    given = [str(result(tmp_path / "a.json", 1.0)), str(torn)]
    ended = CliRunner().invoke(app, ["compare", *given])
    assert ended.exit_code == 2
    assert "torn.json: is no result file of pytest-benchmark, or is torn" in ended.stderr
    assert "kata: nothing to compare" in ended.stderr


def test_many_benchmarks_that_are_missing_are_one_line(tmp_path):
    paths = [result(tmp_path / "a.json", 0.001), result(tmp_path / "b.json", 0.002)]
    whole = json.loads(paths[0].read_text())
    whole["benchmarks"] += [{**whole["benchmarks"][0], "name": f"bench_{i}"} for i in range(5)]
    paths[0].write_text(json.dumps(whole))
    (line,) = (line for line in compare(paths) if "only in a.json" in line)
    assert "softmax::bench_0 [torch]" in line
    assert "and 2 more: only in a.json" in line


def test_other_versions_are_told(tmp_path):
    paths = [
        result(tmp_path / "a.json", 0.001, versions={"torch": "2.12.0", "numpy": "2.4.6"}),
        result(tmp_path / "b.json", 0.002, versions={"torch": "2.13.0", "numpy": "2.4.6"}),
    ]
    assert "other versions: torch 2.12.0 and 2.13.0" in compare(paths)
    assert not any("other versions" in line for line in compare([paths[0], paths[0]]))


def test_two_frameworks_are_compared_by_the_names_of_the_benchmarks(tmp_path):
    files = [
        result(tmp_path / "a.json", 0.001),
        result(tmp_path / "b.json", 0.002, framework="tensorflow"),
    ]
    lines = compare(files)
    assert "tensorflow against torch, by the names of the benchmarks" in lines
    assert any(line.startswith("  softmax::bench_softmax[small]:  2.000") for line in lines)


def test_files_without_a_common_benchmark_end_with_status_2_and_the_reason(tmp_path):
    files = [
        result(tmp_path / "a.json", 0.001),
        result(tmp_path / "b.json", 0.002, topic="losses"),
    ]
    ended = CliRunner().invoke(app, ["compare", *map(str, files)])
    assert ended.exit_code == 2
    assert "no two benchmarks have the same name and settings" in ended.stderr
    assert "only in b.json" in ended.stderr


def test_settings_that_all_differ_end_with_status_2(tmp_path):
    files = [result(tmp_path / "a.json", 0.001), result(tmp_path / "b.json", 0.002, threads=2)]
    ended = CliRunner().invoke(app, ["compare", *map(str, files)])
    assert ended.exit_code == 2
    assert "not comparable: threads 1 and 2" in ended.stderr


def test_other_hardware_compares_throughput_at_each_machines_own_settings(tmp_path):
    files = [
        result(tmp_path / "a.json", 0.001),
        result(
            tmp_path / "b.json", 0.00025, cpu="B", threads=8, device="cuda", hardware={"gpu": "G"}
        ),
    ]
    lines = compare(files)
    assert "other settings: device cpu and cuda; threads 1 and 8" in lines
    assert any(line.startswith("  softmax::bench_softmax[small] [torch]:  4.000 x") for line in lines)  # fmt: skip


def test_other_hardware_and_another_framework_at_once(tmp_path):
    files = [
        result(tmp_path / "a.json", 0.001),
        result(tmp_path / "b.json", 0.002, cpu="B", framework="tensorflow"),
    ]
    lines = compare(files)
    assert "tensorflow against torch, by the names of the benchmarks" in lines
    assert any(line.startswith("  softmax::bench_softmax[small]:  0.500 x") for line in lines)


def test_other_work_is_not_compared_on_other_hardware_either(tmp_path):
    files = [
        result(tmp_path / "a.json", 0.001),
        result(tmp_path / "b.json", 0.002, cpu="B", size="large", threads=4),
    ]
    ended = CliRunner().invoke(app, ["compare", *map(str, files)])
    assert ended.exit_code == 2
    assert "not comparable: size small and large" in ended.stderr


def test_methods_of_two_classes_and_one_name_are_two_figures(tmp_path):
    path = result(tmp_path / "a.json", 0.001)
    found = json.loads(path.read_text())
    one = found["benchmarks"][0]
    found["benchmarks"] = [
        {**one, "name": "test_x", "fullname": f"bench_a.py::{name}::test_x"}
        for name in ("TestA", "TestB")
    ]
    path.write_text(json.dumps(found))
    results, problems = load(path)
    assert problems == []
    assert [name.partition("::")[2] for name, _ in results.figures] == ["TestA::test_x", "TestB::test_x"]  # fmt: skip


def test_what_regress_found_is_no_result_file(tmp_path):
    path = tmp_path / "report.json"
    path.write_text('{"katagrad": 1, "against": "abc", "benchmarks": [{}], "status": 0}')
    results, (line,) = load(path)
    assert results is None
    assert "is what `kata bench regress` found" in line
