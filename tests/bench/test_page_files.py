"""Files that cannot be read, or say odd things: a line for each, and the rest of the page as ever."""

import copy
import json
import shutil

import pytest
from typer.testing import CliRunner

from katagrad.bench.keep import keep
from katagrad.bench.page.page import NoPage, write
from katagrad.cli import app

CASE = [("softmax", "bench_softmax[log_softmax-small]", 1e6, 1e6), ("softmax", "bench_x", 1, 1)]


def test_bad_files_are_a_line_each_and_the_rest_is_shown(result, tmp_path, text_of):
    torn = tmp_path / "torn.json"
    torn.write_text(result("a.json").read_text()[:5000])
    older = json.loads(result("old.json").read_text())
    for one in older["benchmarks"][1:]:
        del one["extra_info"]["machine"]
    older["benchmarks"][0]["stats"]["median"] = float("nan")
    (tmp_path / "old.json").write_text(json.dumps(older))
    files = [tmp_path / name for name in ("a.json", "torn.json", "old.json", "absent.json")]
    run = CliRunner().invoke(app, ["bench", "page", *map(str, files), "--out", str(tmp_path / "p.html")])  # fmt: skip
    assert run.exit_code == 0, run.output
    lines = run.stderr.splitlines()
    assert len(lines) == 5, lines
    assert "torn.json: is no result file" in lines[0]
    assert "its median is nan" in lines[1]
    assert "bench_fit[small] and 5 more: lacks 'machine'" in lines[2]
    words = text_of((tmp_path / "p.html").read_text(encoding="utf-8"))
    assert all(line in words for line in lines)
    assert "2.56 M rows/s" in words
    assert "7 figures" in run.stdout


ODD = [
    None,
    True,
    -1,
    0,
    1e-320,
    1e305,
    10**400,
    float("nan"),
    float("inf"),
    "</td>",
    [],
    {"gpu": []},
]


def test_no_value_of_a_field_keeps_the_rest_from_being_shown(result, tmp_path):
    good = result("good.json", framework="tensorflow")
    odd = json.loads(result("odd.json", cases=CASE).read_text())
    plain, pair = odd["benchmarks"]
    pair["extra_info"]["pair"] = {"against": "x", "ratio": 2.0, "low": 1.0, "high": 3.0}
    places = [((), odd), (("commit_info",), odd["commit_info"]), (("benchmarks", 0), plain)]
    places += [(("benchmarks", 0, part), plain[part]) for part in ("stats", "extra_info")]
    places += [(("benchmarks", 1, "extra_info", "pair"), pair["extra_info"]["pair"])]
    path = tmp_path / "odd.json"
    for where, fields in places:
        for name in list(fields):
            for value in ODD:
                changed = copy.deepcopy(odd)
                inside = changed
                for step in where:
                    inside = inside[step]
                inside[name] = value
                path.write_text(json.dumps(changed))
                write([good, path], tmp_path / "page.html")
                keep([path], tmp_path / "kept")
                shutil.rmtree(tmp_path / "kept", ignore_errors=True)
    assert "not read" in (tmp_path / "page.html").read_text("utf-8").lower()


def test_without_a_figure_there_is_no_page(result, tmp_path):
    absent = [{"name": "softmax::bench_softmax", "topic": "softmax", "reason": "no GPU"}]
    nothing = result("gpu.json", cases=[], not_run=absent)
    out = tmp_path / "page.html"
    with pytest.raises(NoPage) as caught:
        write([nothing], out)
    assert caught.value.problems == ["gpu.json: not run: no GPU"]
    assert not out.exists()
    run = CliRunner().invoke(app, ["bench", "page", str(nothing), "--out", str(out)])
    assert run.exit_code == 2
    assert "no page written" in run.stderr
    assert "Traceback" not in run.output


def test_a_place_that_cannot_be_written_is_one_line(result, tmp_path):
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "page.html"
    run = CliRunner().invoke(app, ["bench", "page", str(result("a.json")), "--out", str(out)])
    assert run.exit_code == 2
    assert run.stderr.count("\n") == 1
    assert "cannot be written" in run.stderr


def test_what_a_stranger_s_file_says_is_one_plain_line(result, tmp_path):
    written = json.loads(result("a.json", cases=CASE).read_text())
    first, second = written["benchmarks"]
    first["fullname"] = "benchmarks/softmax.py::\x1b[2J\nkata: all is well"
    second["stats"]["median"] = 10**4000
    plain = {"name": "test_plain", "stats": {"min": 1.0, "median": 1.0, "iqr": 0.1}, "extra_info": {}}  # fmt: skip
    written["benchmarks"].append(plain)
    path = tmp_path / "odd.json"
    path.write_text(json.dumps(written))
    run = CliRunner().invoke(app, ["bench", "compare", str(path), str(path)])
    assert run.exit_code == 0, run.output
    assert r"softmax::\x1b[2J\nkata: all is well [torch]:  1.000" in run.stdout
    assert "\x1b" not in run.stdout
    assert "test_plain: was not timed by katagrad's `bench`" in run.stdout
    assert "its median is 1000" in run.stdout
    assert all(len(line) < 300 for line in run.stdout.splitlines())
