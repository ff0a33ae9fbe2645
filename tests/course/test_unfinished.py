"""What was handed in and is not graded is nobody's zero, and the next run grades it."""

import json
from dataclasses import replace

import pytest

from katagrad.course import grade
from katagrad.course.grade import GradingRequest, run
from katagrad.course.ledger import Ledger
from katagrad.course.moments import read_moment
from katagrad.course.scores import standings
from katagrad.course.settings import read_course
from katagrad.topics import topics
from tests.course.archives import GOOD
from tests.course.test_results import QuickPool

SOFTMAX = topics()["softmax"]
WAITS = "softmax: not graded yet; run kata course grade again"


class Interrupted(QuickPool):
    """A pool that is interrupted after the first student."""

    def work(self, jobs):
        for job, record in super().work(jobs):
            if job.student == "bob":
                raise KeyboardInterrupt
            yield job, record


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(grade, "GraderPool", QuickPool)
    for name in ("ada", "bob"):
        (tmp_path / "class" / name).mkdir(parents=True)
        (tmp_path / "class" / name / "softmax.py").write_bytes(GOOD)
    (tmp_path / "roster.csv").write_text("id\nada\nbob\ncem\n")
    (tmp_path / "course.toml").write_text('roster = "roster.csv"\n[topics.softmax]\n')
    return tmp_path


def grading(home, **more):
    course = read_course(home / "course.toml")
    request = GradingRequest(home / "class", home / "out", [SOFTMAX], "process", 1, seed=7, **more)
    return run(replace(request, course=course))


def known(home):
    """By student, the points and the problem of softmax, and the log."""
    ledger = Ledger(home / "out" / "ledger.sqlite")
    found = standings(ledger, read_course(home / "course.toml"))
    log = [entry for _, entry in ledger.log()]
    ledger.close()
    scores = {one.student: one.scores["softmax"] for one in found}
    return {who: (score.points, score.problem) for who, score in scores.items()}, log


def test_who_was_not_reached_before_an_interrupt_has_no_zero(home, monkeypatch):
    monkeypatch.setattr(grade, "GraderPool", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        grading(home)
    there = json.loads((home / "out" / "run.json").read_text())
    assert there["course"] == str(home / "course.toml"), "by which it is exported"
    scores, _ = known(home)
    assert scores["ada"][0] > 0
    assert scores["bob"] == (None, WAITS)
    assert scores["cem"] == (0, "")
    monkeypatch.setattr(grade, "GraderPool", QuickPool)
    assert grading(home).graded == 1
    assert known(home)[0]["bob"] == scores["ada"]


def test_an_old_score_does_not_stand_for_a_new_file(home, monkeypatch):
    grading(home)
    (home / "class" / "bob" / "softmax.py").write_bytes(GOOD + b"# wrong\n")
    monkeypatch.setattr(grade, "GraderPool", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        grading(home)
    assert known(home)[0]["bob"] == (None, WAITS)


def test_a_time_that_was_known_stays_known_for_the_same_file(home, monkeypatch):
    text = "due = 2026-10-01T12:00:00Z\n[late]\npenalty = 0.5\n"
    (home / "course.toml").write_text(f"[topics.softmax]\n{text}")
    late = read_moment("2026-10-02T12:00:00Z")
    grading(home, times={"bob": late})
    on_time, half = (known(home)[0][who][0] for who in ("ada", "bob"))
    assert half == on_time / 2
    grading(home)
    assert known(home)[0]["bob"][0] == half
    monkeypatch.setattr(grade, "grader_hash", lambda topic: "a mended grader")
    assert grading(home).graded == 2
    assert known(home)[0]["bob"][0] == half
    (home / "class" / "bob" / "softmax.py").write_bytes(GOOD + b"# other\n")
    grading(home)
    assert known(home)[0]["bob"][0] == on_time, "when another file came is not known"


def test_what_the_harness_failed_at_is_graded_again(home):
    bob = home / "class" / "bob" / "softmax.py"
    bob.write_bytes(GOOD + b"# lost\n")
    assert grading(home).graded == 2
    again = grading(home)
    assert (again.graded, again.kept) == (1, 1)
    bob.write_bytes(GOOD)
    assert grading(home).changes == []  # it never had points that could change
    assert known(home)[1] == []


def test_a_score_that_is_lost_is_no_zero_in_the_log(home):
    grading(home)
    most = known(home)[0]["ada"][0]
    (home / "class" / "ada" / "softmax.py").write_bytes(GOOD + b"# lost\n")
    (change,) = grading(home).changes
    assert change.shown == f"ada softmax: {most:g} before, not known now"
    assert known(home)[1] == [f"regraded {change.shown}"]


def test_a_name_that_was_a_mistake_can_be_forgotten(home):
    (home / "course.toml").write_text("[topics.softmax]\n")
    (home / "class" / "notes.zip").write_bytes(b"no archive")
    grading(home)
    ledger = Ledger(home / "out" / "ledger.sqlite")
    assert ledger.students() == ["ada", "bob", "notes"]
    assert ledger.forget("notes") == 1
    assert ledger.students() == ["ada", "bob"]
    assert [entry for _, entry in ledger.log()] == ["forget notes: softmax"]
    ledger.close()
