"""The page of result files: what it says, in which order, and what becomes of files that cannot be read."""

import html
import json
import re

import pytest
from typer.testing import CliRunner

from katagrad.bench import quantities
from katagrad.bench.files import load
from katagrad.bench.page import NoPage, render, write
from katagrad.bench.page_plots import HEIGHT, LEFT, Log, Mark, labelled, rooflines
from katagrad.bench.page_runs import history, missing
from katagrad.bench.page_series import Series, collect
from katagrad.bench.page_tables import against, cell, first_calls, memory, pairs
from katagrad.cli import app

OTHER = {"cpu": "Intel Xeon", "cores": 16, "architecture": "x86_64"}


def gathered(*paths):
    return collect(load(path)[0] for path in paths)


def text_of(page):
    """The page's words, without the JSON at its end."""
    body = re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>|\s+", " ", body)).replace(quantities.THIN, " ")


# --- numbers ---


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (quantities.rate(1_008_870.6, "rows"), "1.01 M rows/s"),
        (quantities.rate(999.96e6, "FLOP"), "1.00 GFLOP/s"),
        (quantities.rate(2.8712, "epochs"), "2.87 epochs/s"),
        (quantities.rate(0.02871, "runs"), "0.0287 runs/s"),
        (quantities.size(255_631_360), "256 MB"),
        (quantities.seconds(0.000253749), "254 \N{MICRO SIGN}s"),
        (quantities.seconds(0.99999), "1.00 s"),
        (quantities.seconds(3e-9), "3.00 ns"),
        (quantities.percent(0.1895), "19 %"),
        (quantities.percent(0.02155), "2.2 %"),
        (quantities.percent(0.00001), "below 0.01 %"),
        (quantities.percent(1.266), "127 %"),
        (quantities.times(9.996), "10.0 \N{MULTIPLICATION SIGN}"),
        (quantities.times(1234.5), "1230 \N{MULTIPLICATION SIGN}"),
    ],
)
def test_numbers_have_sensible_digits(shown, expected):
    assert shown.replace(quantities.THIN, " ") == expected


# --- what is shown ---


def test_throughput_is_that_of_the_newest_commit_with_its_share(result):
    old = result("a.json", slower=2, commit="aaa", when="2026-11-01")
    new = result("b.json", commit="bbb", when="2026-11-02")
    for files in ((old, new), (new, old)):
        made = gathered(*files)
        (series,) = made.series
        by_topic = {one.subject.topic: cell(one) for one in made.of(series)}
        assert by_topic["softmax"].rate.replace(quantities.THIN, " ") == "2.56 M rows/s"
        # 2,048,000 B in 100 us are 20.5 GB/s, of 40.
        assert by_topic["softmax"].share.replace(quantities.THIN, " ") == "51 % of copy"
        assert by_topic["softmax"].step == 5
        assert by_topic["of_another_version"][1:3] == ("", 0)


def test_frameworks_are_compared_on_one_machine_with_the_same_settings(result):
    files = [
        result("t.json"),
        result("f.json", framework="tensorflow", slower=4),
        result("o.json", framework="tensorflow", slower=9, machine=OTHER),
        result("c.json", framework="tensorflow", slower=9, mode="compiled"),
    ]
    (table,) = against(gathered(*files))
    assert [row.texts[0].replace(quantities.THIN, " ") for row in table.rows] == [
        "PyTorch 4.00 \N{MULTIPLICATION SIGN}"
    ] * 7
    assert "7 of 7" in table.note
    assert "4.00" in table.note
    mark, bar = table.rows[0].marks[0][1], table.rows[0].bars[0]
    assert table.line < bar[1] < mark.x < bar[2]  # right of "as fast", inside its interval


def test_other_numbers_of_items_are_not_compared(result):
    files = [result("t.json"), result("f.json", framework="tensorflow", items=512)]
    assert against(gathered(*files)) == []


def test_a_roof_bends_where_the_ceilings_meet_and_points_lie_below_it(result):
    plot = rooflines(gathered(result("a.json")))
    (panel,) = plot.panels
    (x1, y1, x2, y2), (x3, y3, x4, y4) = panel.roof
    assert (x2, y2) == (x3, y3)
    assert y3 == y4
    assert y1 > y2
    assert x1 < x2 < x4
    inside = [mark for mark in panel.marks if mark.x < plot.right]
    assert len(inside) == 3
    assert len(panel.marks) == 5
    assert panel.absent == 2
    for mark in inside:
        roof = y3 if mark.x >= x3 else y1 + (y2 - y1) * (mark.x - x1) / (x2 - x1)
        assert mark.y > roof  # percent from the top
    # 9e6 operations on 1e6 bytes are right of the bend at 2.5; 4e3 on 8e3 are left of it.
    places = {mark.text.split(":")[0]: mark.x for mark in inside}
    assert places["linear_regression"] < x3 < places["multiple_linear_regression"]


def test_labels_do_not_cover_each_other():
    crowd = [Mark(20 + k % 7, 50 + k, f"{k}", f"topic_{k}") for k in range(40)]
    placed = [mark for mark in labelled(crowd) if mark.tier]
    assert placed
    assert len(placed) < 40
    first = [mark for mark in placed if mark.tier == 1]
    for a in first:
        assert a.x > LEFT
        for b in first:
            same_side = a.left == b.left
            assert a is b or not same_side or abs(a.y - b.y) * HEIGHT / 100 >= 10


def test_an_axis_marks_powers_of_ten():
    axis = Log(0.5, 2000, 10, 90)
    assert axis.decades() == [1, 10, 100, 1000]
    assert axis.at(0.5) == 10
    assert axis.at(2000) == 90
    assert len(Log(1e-9, 1e12).decades()) <= 7


def test_history_stands_in_the_order_of_commits_not_of_files(result):
    files = [
        result("1.json", slower=0.5, commit="ccc", when="2026-11-03"),
        result("2.json", slower=1.0, commit="aaa", when="2026-11-01"),
        result("3.json", slower=2.0, commit="bbb", when="2026-11-02"),
    ]
    made = gathered(*files, files[0])
    steps, (table,) = history(made)
    assert [name for name, _ in steps] == ["aaa0000", "bbb0000", "ccc0000"]
    xs = [mark.x for _, mark in table.rows[0].marks]
    ys = [mark.y for _, mark in table.rows[0].marks]
    assert len(xs) == 3
    assert xs == sorted(xs)
    assert ys[1] > ys[0] > ys[2]  # slower is lower
    assert table.rows[0].texts[2].replace(quantities.THIN, " ") == "+100.0 %"


def test_history_begins_anew_with_another_protocol(result):
    old = result("1.json", commit="aaa", when="2026-11-01")
    new = result("2.json", commit="bbb", when="2026-11-02", protocol=2)
    assert history(gathered(old, new)) == ([], [])


def test_pairs_stand_apart(result):
    pair = {"against": "torch's own softmax", "ratio": 2.5, "low": 2.0, "high": float("inf")}
    case = [("softmax", "bench_softmax[own-small]", None, None)]
    made = gathered(result("a.json"), result("p.json", cases=case, pair=pair, when="2026-11-21"))
    (table,) = pairs(made)
    assert table.rows[0].subject.label == "softmax [own-small] against torch's own softmax"
    assert table.rows[0].texts[0].startswith("2.50")
    assert all("own" not in one.name for one in made.subjects)
    assert "Solutions against others" in render(made)


def test_first_calls_and_memory(result):
    made = gathered(
        result("t.json", call_memory=4_000_000), result("f.json", framework="tensorflow")
    )
    tables = first_calls(made)
    assert len(tables) == 2
    assert [text[:4] for text in tables[0].rows[0].texts][-1] == "20.0"
    steady, first = (mark.x for _, mark in tables[0].rows[0].marks)
    assert first > steady
    (table,) = memory(made)
    assert len(table.rows[0].bars) == 2
    assert "4.00" in " ".join(table.rows[0].texts)


def test_what_was_not_run_is_listed_with_its_reason(result):
    absent = [{"name": "optimizers::bench_step[small]", "topic": "optimizers", "reason": "no GPU"}]
    nothing = result("gpu.json", cases=[], not_run=absent)
    found = missing(gathered(result("a.json"), nothing))
    assert ("gpu.json", ["optimizers::bench_step[small]"], "no GPU") in found
    (untimed,) = [one for one in found if one.reason == "in none of the files"]
    assert "optimizers" in untimed.names
    assert "softmax" not in untimed.names
    fewer = result("f.json", framework="tensorflow", cases=[("softmax", "bench_new", None, None)])
    found = missing(gathered(result("a.json"), fewer))
    (other,) = [one for one in found if one.what.startswith("PyTorch")]
    assert other.names == ["softmax: new"]


def test_a_gpu_is_a_place_of_its_own(result):
    gpu = {"gpu": "NVIDIA H200"}
    files = [
        result("c.json", hardware=gpu),
        result("g.json", device="cuda", hardware=gpu, precision="float16"),
    ]
    labels = [place.label for place in gathered(*files).places]
    assert labels == [
        "AMD EPYC, 2 cores, CPU, 1 thread, eager",
        "AMD EPYC, 2 cores, NVIDIA H200, CUDA, 1 thread, eager, float16",
    ]


def test_machines_that_read_alike_are_told_apart(result):
    arm = {"cpu": "AMD EPYC", "cores": 2, "architecture": "aarch64"}
    places = gathered(result("a.json"), result("b.json", machine=arm)).places
    assert {place.machine for place in places} == {
        "AMD EPYC, 2 cores, x86_64",
        "AMD EPYC, 2 cores, aarch64",
    }


def test_series_without_ceilings_first_calls_or_memory_are_shown(result):
    bare = dict.fromkeys(("first_call", "peak_memory", "items", "unit", "versions", "state"), None)
    bare |= {"ceiling_flops": 0, "ceiling_copy": 0, "hardware": None, "threads": None}
    cases = [("softmax", "bench_softmax", None, None)]
    words = text_of(render(gathered(result("a.json", cases=cases, **bare))))
    assert "10.0 k calls/s" in words
    assert "None of the benchmarks states its operations" in words
    assert "None of the files says how long a first call took" in words
    assert "None of the files says how much memory was used" in words


# --- the page as a whole ---


def test_every_topic_is_on_it_and_nothing_is_fetched(result, tmp_path):
    files = [result("t.json"), result("f.json", framework="tensorflow", machine=OTHER)]
    out = tmp_path / "page.html"
    figures, problems = write(files, out)
    page = out.read_text(encoding="utf-8")
    assert (figures, problems) == (14, [])
    for topic in ("softmax", "linear_regression", "conv2d", "attention", "of_another_version"):
        assert f'id="topic-{topic}"' in page
    links = re.findall(r"""(?:src|href|action|data)\s*=\s*["']?([^"'\s>]*)""", page)
    assert len(links) > 40
    assert all(link.startswith(("#", "data:,")) for link in links)
    assert "@import" not in page
    assert "url(" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<script") == 1  # the JSON
    assert "default-src 'none'" in page


def test_names_of_others_are_text_and_never_markup(result):
    page = render(gathered(result("a.json", framework="</script><script>alert(1)")))
    assert "<b>bold</b>" not in page
    assert "&lt;b&gt;bold" in page
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert page.count("</script>") == 1


def test_the_figures_stand_in_it_as_json(result):
    page = render(gathered(result("a.json")))
    (text,) = re.findall(r'<script type="application/json" id="figures">(.*?)</script>', page)
    data = json.loads(text)
    assert len(data) == 7
    (softmax,) = [one for one in data if one["topic"] == "softmax"]
    assert softmax["median_seconds"] == 1e-4
    assert softmax["items_per_second"] == 2_560_000


def test_the_same_files_make_the_same_page(result):
    files = [result("a.json"), result("b.json", commit="bbb", when="2026-11-21")]
    assert render(gathered(*files)) == render(gathered(*reversed(files)))


def test_bad_files_are_a_line_each_and_the_rest_is_shown(result, tmp_path):
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


def test_a_mark_says_which_framework_it_is_without_colour(result):
    page = render(gathered(result("t.json"), result("f.json", framework="tensorflow")))
    assert '<circle id="torch"' in page
    assert '<rect id="tensorflow"' in page
    for framework in ("torch", "tensorflow", "jax"):
        assert Series(None, framework).mark in ("torch", "tensorflow", "other")
