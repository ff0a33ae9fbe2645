"""Points of the course: scaled, weighted, less what lateness costs, and never zero for what is not known."""

import csv
import datetime

import pytest

from katagrad.course.ledger import ADDED, GRADED, SET, Delivered, Ledger
from katagrad.course.results import table
from katagrad.course.scores import standings
from katagrad.course.settings import read_course
from katagrad.errors import FAILED, NOT_GRADED, PASSED
from katagrad.grading.checks import Outcome, manifest
from katagrad.grading.records import topic_result
from katagrad.topics import topics

COURSE = """
roster = "roster.csv"
[topics.softmax]
points = 10
weight = 2
due = 2026-10-01T12:00:00Z
[topics.cross_entropy]
points = 20
due = 2026-10-05T12:00:00Z
[late]
penalty = 0.2
days = 2
last_day = 6
[letters]
A = 90
F = 0
"""
DUE = datetime.datetime(2026, 10, 1, 12, tzinfo=datetime.timezone.utc).timestamp()
DAY = 86400


@pytest.fixture
def course(tmp_path):
    (tmp_path / "roster.csv").write_text("id,name\nada,Ada\nbob,Bob\n")
    (tmp_path / "course.toml").write_text(COURSE)
    return read_course(tmp_path / "course.toml")


@pytest.fixture
def ledger(tmp_path):
    found = Ledger(tmp_path / "out" / "ledger.sqlite")
    yield found
    found.close()


def graded(ledger, student, topic, status=PASSED, when=DUE):
    outcomes = {c.name: Outcome(status, "told") for c in manifest(topics()[topic])}
    ledger.write(student, topic, "key", topic_result(topics()[topic], outcomes, "torch"))
    ledger.deliver(student, topic, Delivered(when, "softmax.py"))


def of(ledger, course, student="ada"):
    return {s.student: s for s in standings(ledger, course)}[student]


def test_points_are_scaled_and_weighted(ledger, course):
    graded(ledger, "ada", "softmax")
    graded(ledger, "ada", "cross_entropy", FAILED)
    found = of(ledger, course)
    assert [s.points for s in found.scores.values()] == [10.0, 0.0]
    assert (found.points, found.maximum) == (20.0, 40.0)
    assert found.letter(course.letters) == "F"


@pytest.mark.parametrize(
    ("days", "points"), [(0, 10), (0.5, 10), (2, 10), (2.1, 8), (4, 6), (6, 2), (6.1, 0), (300, 0)]
)
def test_late_days_are_spent_first_and_then_cost(ledger, course, days, points):
    graded(ledger, "ada", "softmax", when=DUE + days * DAY)
    assert of(ledger, course).scores["softmax"].points == pytest.approx(points)


def test_late_days_are_spent_on_what_is_due_first(ledger, course):
    graded(ledger, "ada", "softmax", when=DUE + DAY)
    graded(ledger, "ada", "cross_entropy", when=DUE + (4 + 3) * DAY)
    scores = of(ledger, course).scores
    assert (scores["softmax"].free, scores["softmax"].lost) == (1, 0)
    assert (scores["cross_entropy"].days, scores["cross_entropy"].free) == (3, 1)
    assert scores["cross_entropy"].points == pytest.approx(20 * 0.6)


def test_a_time_that_is_not_known_costs_nothing(ledger, course):
    graded(ledger, "ada", "softmax", when=None)
    assert of(ledger, course).scores["softmax"].points == 10


def test_who_hands_in_nothing_has_zero_and_what_is_not_known_is_empty(ledger, course):
    graded(ledger, "ada", "softmax", NOT_GRADED)
    graded(ledger, "zoe", "cross_entropy")
    ledger.deliver("ada", "cross_entropy", Delivered(problem="not graded: damaged"))
    graded(ledger, "eve", "softmax")
    rows = list(csv.DictReader(table(standings(ledger, course), course).splitlines()))
    assert [list(row.values()) for row in rows] == [
        ["ada", "", "", "", "40", ""],
        ["bob", "0", "0", "0", "40", "F"],
        ["eve", "10", "0", "20", "40", "F"],
        ["zoe", "0", "20", "20", "40", "F"],
    ]


def test_a_topic_that_was_never_graded_is_nobodys_zero(ledger, course):
    graded(ledger, "ada", "softmax")
    found = {s.student: s for s in standings(ledger, course)}
    assert list(found["ada"].scores) == list(found["bob"].scores) == ["softmax"]
    assert (found["ada"].points, found["ada"].maximum) == (20, 20)


def test_a_topic_of_which_nothing_could_be_graded_has_its_maximum(ledger, course):
    text = COURSE.replace("points = 20", "")
    course.path.write_text(text)
    ledger.deliver("ada", "cross_entropy", Delivered(problem="not graded: damaged"))
    most = sum(check.points for check in manifest(topics()["cross_entropy"]))
    found = {
        s.student: s.scores["cross_entropy"] for s in standings(ledger, read_course(course.path))
    }
    assert [(s.points, s.maximum) for s in found.values()] == [(None, most), (0, most)]


def test_changes_by_hand_count_and_never_below_zero(ledger, course):
    graded(ledger, "ada", "softmax", when=DUE + 3 * DAY)
    ledger.adjust("ada", "softmax", 1.5, "a clear derivation")
    assert of(ledger, course).scores["softmax"].points == pytest.approx(9.5)
    ledger.adjust("ada", "softmax", -50, "copied")
    assert of(ledger, course).scores["softmax"].points == 0
    assert [entry for _, entry in ledger.log()] == [
        "adjust ada softmax +1.5: a clear derivation",
        "adjust ada softmax -50: copied",
    ]


def test_a_score_that_was_set_counts_whatever_was_graded_or_late(ledger, course):
    graded(ledger, "ada", "softmax", when=DUE + 3 * DAY)
    before = of(ledger, course).scores["softmax"].points
    ledger.adjust("ada", "softmax", 1, "before")
    ledger.adjust("ada", "softmax", 4.5, "by hand", SET)
    ledger.adjust("ada", "softmax", 1, "since")
    score = of(ledger, course).scores["softmax"]
    assert (score.points, score.fixed) == (5.5, True)
    ledger.adjust("ada", "softmax", 0, "a mistake", GRADED)
    score = of(ledger, course).scores["softmax"]
    assert (score.points, score.fixed, score.adjusted) == (before, False, 0)
    ledger.adjust("ada", "cross_entropy", 3, "not handed in, but seen", SET)
    assert of(ledger, course).scores["softmax"].points == before


def test_a_ledger_of_an_earlier_version_keeps_its_changes(tmp_path):
    made = Ledger(tmp_path / "ledger.sqlite")
    made.adjust("ada", "softmax", 2, "x")
    made._do("DROP TABLE kinds")
    made.close()
    opened = Ledger(tmp_path / "ledger.sqlite")
    assert [(c.points, c.kind) for c in opened.adjustments()] == [(2, ADDED)]
    opened.close()


def test_without_a_roster_what_was_not_handed_in_counts_too(ledger, course):
    course.path.write_text(COURSE.replace('roster = "roster.csv"', ""))
    graded(ledger, "ada", "softmax")
    graded(ledger, "bob", "cross_entropy")
    found = of(ledger, read_course(course.path))
    assert (found.points, found.maximum, found.letter({"A": 90, "F": 0})) == (20, 40, "F")


def test_a_record_is_no_verdict_on_a_later_file_that_cannot_be_graded(ledger, course):
    graded(ledger, "ada", "softmax", FAILED)
    ledger.deliver("ada", "softmax", Delivered(problem="softmax not graded: found 'x.py'"))
    score = of(ledger, course).scores["softmax"]
    assert (score.points, score.result, score.reason) == (None, None, "found 'x.py'")
    assert score.earlier is not None


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        ("not graded: it is damaged", "it is damaged"),
        ("not graded", ""),
        ("softmax: not graded yet; run kata course grade again", "not graded yet"),
    ],
)
def test_a_student_reads_the_reason_alone(ledger, course, problem, reason):
    ledger.deliver("ada", "softmax", Delivered(problem=problem))
    assert of(ledger, course).scores["softmax"].reason == reason


def test_of_a_failure_of_the_harness_a_student_reads_only_how_much_is_missing(ledger, course):
    graded(ledger, "ada", "softmax", NOT_GRADED)
    score = of(ledger, course).scores["softmax"]
    count = len(manifest(topics()["softmax"]))
    assert "told" in score.problem
    assert score.reason == f"{count} of {count} checks could not be graded"


def test_changes_that_add_up_to_nothing_are_none(ledger, course):
    graded(ledger, "ada", "softmax")
    for points in (0.1, 0.2, -0.3):
        ledger.adjust("ada", "softmax", points, "x")
    assert of(ledger, course).scores["softmax"].adjusted == 0


def test_large_points_keep_their_decimals_in_the_table(ledger, course):
    course.path.write_text(COURSE.replace("points = 10\n", "points = 12345.678\n"))
    graded(ledger, "ada", "softmax")
    course = read_course(course.path)
    text = table(standings(ledger, course), course)
    assert text.splitlines()[1] == "ada,12345.678,24691.356,24691.356,A"


def test_without_a_course_points_are_those_of_the_checks(ledger):
    graded(ledger, "ada", "softmax")
    found = standings(ledger, None)[0]
    assert found.points == found.maximum == sum(c.points for c in manifest(topics()["softmax"]))
