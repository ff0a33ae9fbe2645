"""`kata bench history` on launches that are made up: what drops out, what cannot be judged, and what is said of it."""

import json
import random
from pathlib import Path
from types import SimpleNamespace

import pytest

from katagrad.bench.page import searched
from katagrad.bench.regress import history
from katagrad.bench.regress.checkout import Revision
from katagrad.bench.regress.history import History, Subject, Timing, lines
from katagrad.bench.regress.rule import CANNOT, Rule
from katagrad.bench.regress.twins import Conditions, Lane, Unmeasurable

CASE = SimpleNamespace(label="benchmarks/bench_a::bench_a")


@pytest.fixture
def searched_for(tmp_path, monkeypatch):
    """searched_for(seconds by revision, broken={revision: first launch that it fails in}, noise=...)."""

    def search(seconds, broken=(), noise=0.0):
        broken, draw = dict(broken), random.Random(5)

        class Launch:
            def __init__(self, lanes, conditions, turn, launcher):
                self.lanes, self.turn = lanes, turn

            def check_device(self):
                pass

            def time(self, case, only):
                for i in only:
                    name = self.lanes[i].name
                    if self.turn >= broken.get(int(name), 99):
                        raise Unmeasurable("it fails", name)
                blocks = [[] for _ in self.lanes]
                for i in only:
                    taken = seconds[int(self.lanes[i].name)] * draw.lognormvariate(0, noise)
                    blocks[i] = [taken] * 6
                return blocks

            def close(self):
                pass

        monkeypatch.setattr(history, "Launch", Launch)
        monkeypatch.setattr(Timing, "lane", lambda self, place: Lane(str(place), tmp_path))
        revisions = [
            Revision(f"{k}" * 40, "2026-11-22", f"change {k}") for k in range(len(seconds))
        ]
        subject = Subject(tmp_path, [CASE], Conditions("numpy"))
        timing = Timing(subject, tmp_path, revisions, tmp_path)
        places = history.spread(len(revisions))
        (judged,) = timing.judge_all([CASE], places, lambda *_: None)
        made = History(revisions, [history._series(CASE, subject, judged, timing)])
        path = tmp_path / "history.json"
        history.write(made, path)
        (row,) = searched.load(path).table.rows
        assert (row.texts[0] == "\N{EN DASH}") == (len(seconds) - 1 in made.series[0].missing)
        return made, lines(made), row.texts[1], json.loads(path.read_text())

    return search


def test_a_step_is_said_with_its_commit(searched_for):
    made, said, shown, _ = searched_for([1.0] * 3 + [1.2] * 2)
    assert made.status == 1
    assert f"    slower by 20.0%: {'3' * 7} change 3" in said
    assert said[-1] == "steps: 1 slower"
    assert shown.endswith("at 3333333 change 3")


def test_a_revision_that_fails_in_a_later_launch_leaves_its_neighbours_to_be_judged(searched_for):
    # 1 and 3 are neighbours from the third launch on.
    made, said, shown, written = searched_for([1.0, 1.03, 1.03, 1.03, 1.03], broken={2: 2})
    (one,) = made.series
    assert one.missing == {2: "it fails"}
    assert set(one.points) == {0, 1, 3, 4}
    assert f"    not timed: {'2' * 7}: it fails" in said
    assert shown == "none; 1 revision not timed" or shown.endswith("; 1 revision not timed")
    assert written["series"][0]["missing"] == [{"revision": 2, "reason": "it fails"}]


def test_a_revision_that_fails_in_the_last_launches_cannot_be_judged(searched_for):
    # Near the line, so that all launches are made; too few are left for the new neighbours.
    levels = [1.0, 1.0275, 1.0275, 1.0, 1.0]
    made, _, shown, _ = searched_for(levels, broken={2: Rule().most - 2})
    assert made.status == 3
    assert made.series[0].unsure
    assert shown.startswith("cannot judge")


def test_that_the_newest_revision_cannot_be_timed_is_no_all_clear(searched_for):
    made, said, shown, _ = searched_for([1.0] * 5, broken={4: 0})
    assert made.status == 3
    assert said[-1] == "no step was found; 1 of 1 cannot be judged"
    assert shown == "cannot judge; 1 revision not timed"


def test_what_two_sets_of_launches_do_not_agree_on_is_not_called_no_step(searched_for, monkeypatch):
    first = Timing.judge

    def doubtful(self, case, places):
        found = first(self, case, places)
        found.verdicts = dict.fromkeys(found.verdicts, CANNOT)
        return found

    monkeypatch.setattr(Timing, "judge", doubtful)
    made, said, shown, _ = searched_for([1.0, 1.0, 1.0, 1.2, 1.2])
    assert made.status == 3
    assert said[1].endswith("  cannot judge")
    assert shown == "cannot judge"


def test_a_file_of_an_earlier_version_is_shown(searched_for, tmp_path):
    _, _, _, written = searched_for([1.0] * 5)
    for key in ("unsure", "missing"):
        written["series"][0].pop(key)
    path = Path(tmp_path / "old.json")
    path.write_text(json.dumps(written))
    (row,) = searched.load(path).table.rows
    assert row.texts[1] == "none"
