"""What stands on the page of result files: its numbers, tables and plots, before any HTML."""

import json
import re

import pytest

from katagrad.bench import quantities
from katagrad.bench.page import judged
from katagrad.bench.page.machines import machines
from katagrad.bench.page.page import render, write
from katagrad.bench.page.plots import HEIGHT, LEFT, Log, Mark, labelled, rooflines
from katagrad.bench.page.runs import history, missing
from katagrad.bench.page.tables import against, cell, first_calls, memory, pairs

OTHER = {"cpu": "Intel Xeon", "cores": 16, "architecture": "x86_64"}


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
        (quantities.percent(0.00001), "<0.01 %"),
        (quantities.percent(1.266), "127 %"),
        (quantities.times(9.996), "10.0 \N{MULTIPLICATION SIGN}"),
        (quantities.times(1234.5), "1230 \N{MULTIPLICATION SIGN}"),
    ],
)
def test_numbers_have_sensible_digits(shown, expected):
    assert shown.replace(quantities.THIN, " ") == expected


# --- what is shown ---


def test_throughput_is_that_of_the_newest_commit_with_its_share(result, gathered):
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


def test_frameworks_are_compared_on_one_machine_with_the_same_settings(result, gathered):
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


def test_a_difference_within_the_spread_is_hollow(result, gathered):
    for slower, kind in ((1.005, "torch hollow"), (1.1, "torch")):
        (table,) = against(
            gathered(result("t.json"), result("f.json", framework="tensorflow", slower=slower))
        )
        assert {row.marks[0][0] for row in table.rows} == {kind}
        assert f"In {7 if 'hollow' in kind else 0} the line" in table.note


def test_other_numbers_of_items_are_not_compared(result, gathered):
    files = [result("t.json"), result("f.json", framework="tensorflow", items=512)]
    assert against(gathered(*files)) == []


def test_a_roof_bends_where_the_ceilings_meet_and_points_lie_below_it(result, gathered):
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


def test_history_stands_in_the_order_of_commits_not_of_files(result, gathered):
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


def test_history_begins_anew_with_another_protocol(result, gathered):
    old = result("1.json", commit="aaa", when="2026-11-01")
    new = result("2.json", commit="bbb", when="2026-11-02", protocol=2)
    assert history(gathered(old, new)) == ([], [])


def test_pairs_stand_apart(result, gathered):
    pair = {"against": "torch's own softmax", "ratio": 2.5, "low": 2.0, "high": float("inf")}
    case = [("softmax", "bench_softmax[own-small]", None, None)]
    made = gathered(result("a.json"), result("p.json", cases=case, pair=pair, when="2026-11-21"))
    (table,) = pairs(made)
    assert table.rows[0].subject.label == "softmax [own-small] against torch's own softmax"
    assert table.rows[0].texts[0].startswith("2.50")
    assert all("own" not in one.name for one in made.subjects)
    page = render(made)
    assert "Against alternatives" in page
    assert "7 figures of 7 topics and 1 pair, from 2 result files" in page


def test_first_calls_and_memory(result, gathered):
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


def test_a_bar_of_memory_is_what_a_process_took_beyond_the_smallest(result, gathered):
    path = result("t.json")
    record = json.loads(path.read_text())
    for extra, one in enumerate(record["benchmarks"]):
        one["extra_info"]["peak_memory"] = 300e6 + extra * 10e6
    path.write_text(json.dumps(record))
    (table,) = memory(gathered(path))
    ends = sorted(high for row in table.rows for _, _, high, _ in row.bars)
    assert ends[0] == 0
    assert ends[-1] == 100
    assert "PyTorch 300" in table.note


def test_one_machine_stands_against_another(result, gathered):
    made = gathered(
        result("a.json"),
        result("b.json", machine=OTHER, slower=0.5, threads=16),
        result("c.json", machine=OTHER, slower=0.5, framework="tensorflow"),
        result("d.json", machine=OTHER, slower=0.5, mode="compile"),
    )
    (table,) = machines(made)
    assert table.title.startswith(
        "PyTorch: Intel Xeon, 16 cores, CPU, 16 threads, eager, against AMD"
    )
    assert table.legend.endswith("faster \u2192")
    assert [row.values[0] for row in table.rows] == pytest.approx([2.0] * len(table.rows))
    assert machines(gathered(result("a.json"), result("e.json", framework="tensorflow"))) == []


def test_machines_are_compared_mode_by_mode(result, gathered):
    made = gathered(
        result("a.json"),
        result("b.json", mode="compiled"),
        result("c.json", machine=OTHER, slower=0.5),
        result("d.json", machine=OTHER, slower=0.25, mode="compiled"),
    )
    modes = {table.title.split(", against")[0].rsplit(", ", 1)[1] for table in machines(made)}
    assert modes == {"eager", "compiled"}


REPORT = {
    "against": "a" * 40, "machine": {"cpu": "AMD EPYC"}, "notes": ["The load is 5.3."], "unchanged": ["gan"],
    "status": 1, "benchmarks": [
        {"benchmark": "softmax::bench_softmax[own]", "verdict": "same", "ratios": [1.0, 1.01, 0.99], "seconds": [1, 1]},
        {"benchmark": "tests/a::test_<b>", "verdict": "slower", "ratios": [1.1, 1.12, 1.11], "seconds": [1, 1.11]},
        {"benchmark": "rnn::bench_new", "verdict": "new", "ratios": [], "seconds": [0, 0], "reason": "no function"},
    ]}  # fmt: skip


def test_a_report_of_regress_is_the_view_of_a_pull_request(tmp_path, text_of):
    for one in REPORT["benchmarks"]:
        one.setdefault("reason", "")
    path, out = tmp_path / "report.json", tmp_path / "page.html"
    path.write_text(json.dumps(REPORT))
    assert write([path], out) == (3, [])
    text = text_of(out.read_text("utf-8"))
    section = text[text.index("Slower than before?") :]
    # Nothing was timed as such, so there is no empty section of throughput or memory.
    assert "3 benchmarks, as kata bench regress judged them." in text
    headings = re.findall(r"<h2[^>]*>(.*?)</h2>", out.read_text("utf-8"))
    assert headings == ["Slower than before?"]
    places = [section.index(words) for words in ("slower 11 %", "new \u2013", "softmax [own]")]
    assert places == sorted(places)
    assert "The load is 5.3. Not timed, the same in both: 1." in section
    assert (
        "<b>"
        not in out.read_text("utf-8").partition("Slower than before?")[2].partition("</section>")[0]
    )


@pytest.mark.parametrize(
    "change", [{"verdict": "odd"}, {"ratios": [0.0]}, {"seconds": [1]}, {"ratios": ["x"]}]
)
def test_a_torn_report_is_a_file_that_could_not_be_read(tmp_path, change):
    path = tmp_path / "report.json"
    torn = {**REPORT, "benchmarks": [{**REPORT["benchmarks"][0], "reason": "", **change}]}
    path.write_text(json.dumps(torn))
    assert judged.load(path) is None


def test_what_was_not_run_is_listed_with_its_reason(result, gathered):
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


def test_a_gpu_is_a_place_of_its_own(result, gathered):
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


def test_machines_that_read_alike_are_told_apart(result, gathered):
    arm = {"cpu": "AMD EPYC", "cores": 2, "architecture": "aarch64"}
    places = gathered(result("a.json"), result("b.json", machine=arm)).places
    assert {place.machine for place in places} == {
        "AMD EPYC, 2 cores, x86_64",
        "AMD EPYC, 2 cores, aarch64",
    }


def test_series_without_ceilings_first_calls_or_memory_are_shown(result, gathered, text_of):
    bare = dict.fromkeys(("first_call", "peak_memory", "items", "unit", "versions", "state"), None)
    bare |= {"ceiling_flops": 0, "ceiling_copy": 0, "hardware": None, "threads": None}
    cases = [("softmax", "bench_softmax", None, None)]
    words = text_of(render(gathered(result("a.json", cases=cases, **bare))))
    assert "10.0 k calls/s" in words
    assert "None of the benchmarks states its operations" in words
    assert "None of the files says how long a first call took" in words
    assert "None of the files says how much memory was used" in words


def test_a_call_that_fits_in_a_cache_is_held_against_a_cached_copy(result, gathered):
    """Two slopes where copies differ by size, memory's and the cache's. Each point has its own."""
    path = result("a.json")
    record = json.loads(path.read_text())
    record["benchmarks"][1]["extra_info"]["ceiling_copy"] = 2e11
    path.write_text(json.dumps(record))
    (panel,) = rooflines(gathered(path)).panels
    assert (
        panel.copies.replace(quantities.THIN, " ")
        == "copy in memory 40.0 GB/s, copy in a cache 200 GB/s"
    )
    assert len(panel.cached) == 1
    one = record["benchmarks"][1]
    rate, roof = 4_000 / one["stats"]["median"], 4_000 / 8_000 * 2e11
    shares = {topic: share for topic, *_, share in panel.rows}
    assert shares["linear_regression"] == quantities.percent(rate / roof)


def test_one_slope_where_all_calls_were_held_against_the_same_copy(result, gathered):
    (panel,) = rooflines(gathered(result("a.json"))).panels
    assert panel.cached == []
    assert "cache" not in panel.copies
