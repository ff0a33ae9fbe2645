"""The report on a class and the pages for its students: right numbers, no network, nothing hidden."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from katagrad.course.closing import lines
from katagrad.course.feedback import feedback, outdated
from katagrad.course.grade import Change, Summary
from katagrad.course.overview import correlation, histogram, items, mistakes, page, sections
from katagrad.course.release import LEVELS
from katagrad.course.roster import Person
from katagrad.course.scores import Standing, TopicScore
from katagrad.errors import FAILED, NOT_GRADED, NOT_STARTED, PASSED
from katagrad.grading.records import CheckResult, TopicResult

SECRET = "0.31415926"
HOSTILE = "<script>alert(1)</script>"


def result(*verdicts):
    checks = tuple(
        CheckResult(
            f"test_f_{i}", f"f keeps claim {i}", PASSED if passed else FAILED, float(passed), 1.0,
            "" if passed else f"f(x) is {SECRET}, but should be 0.5; it equals f over the wrong axis",
            hint="Look at the axis.",
        )
        for i, passed in enumerate(verdicts)
    )  # fmt: skip
    return TopicResult("Chapter", "torch", "hash", checks)


def standing(student, *verdicts, **more):
    found = result(*verdicts)
    score = TopicScore(found, found.points, found.maximum, **more)
    return Standing(Person(student, more.pop("name", "")), {"softmax": score})


CLASS = [
    standing("a", 1, 1, 1, 0, 0),
    standing("b", 1, 1, 1, 0, 1),
    standing("c", 1, 1, 0, 0, 0),
    standing("d", 1, 0, 0, 0, 1),
    standing("e", 1, 0, 0, 0, 1),
]


def test_items_say_who_passes_and_what_to_look_at():
    found = items([one.scores["softmax"] for one in CLASS])
    assert [item.passed for item in found] == [5, 3, 2, 0, 3]
    assert [item.remark for item in found] == [
        "nobody fails", "", "", "nobody passes", "who passes has fewer points elsewhere",
    ]  # fmt: skip
    assert found[0].discrimination is None
    # By hand: passed 1 1 1 0 0, the rest of the points 2 3 1 2 2.
    assert found[1].discrimination == pytest.approx(0.0, abs=1e-9)


def test_few_students_say_nothing_of_an_item():
    assert correlation([(True, 1.0), (False, 0.0)]) is None
    assert correlation([(True, 1.0)] * 6) is None
    assert correlation([(i > 2, float(i)) for i in range(6)]) == pytest.approx(0.878, abs=1e-3)


def test_bins_hold_everybody_once():
    assert histogram([0, 0.5, 0.99, 1, 9.99, 10, 12], 10) == [3, 1, 0, 0, 0, 0, 0, 0, 0, 3]
    assert sum(histogram([1.0, 2.0], 0.0)) == 2


def test_mistakes_are_counted_once_for_each_student():
    found = mistakes([one.scores["softmax"] for one in CLASS])
    assert found == [("f over the wrong axis", 5)]


@pytest.mark.parametrize(
    ("value", "most", "tenth"), [(0.3, 3, 1), (2.4, 3, 8), (4.8, 6, 8), (1.4, 7, 2), (7, 10, 7)]
)
def test_eight_tenths_are_in_the_bin_of_80_percent_whatever_the_rounding(value, most, tenth):
    assert histogram([value], most)[tenth] == 1


def test_who_did_not_begin_a_topic_says_nothing_of_its_checks():
    checks = tuple(replace(c, status=NOT_STARTED, points=0.0) for c in result(1, 1, 1, 1, 1).checks)
    stub = Standing(
        Person("z"), {"softmax": TopicScore(TopicResult("C", "torch", "h", checks), 0.0, 5.0)}
    )
    (section,) = sections([*CLASS, stub])
    assert (section.students, section.begun) == (6, 5)
    assert [item.judged for item in section.items] == [5] * 5
    assert section.items[0].remark == "nobody fails"


def test_numbers_of_the_page_are_written_out():
    """A mean of 123.4 points is not 1.2e+02, and 1,234.5 points are not 1.2e+03."""
    many = [
        Standing(Person(who), {"softmax": TopicScore(result(1), points, 1234567.0)})
        for who, points in (("a", 123.0), ("b", 123.8), ("c", 1000123.5))
    ]
    lost = Standing(Person("z"), {"softmax": TopicScore(None, None, 5.0, problem="damaged")})
    text = page("x", [*many[:2], lost], [])
    assert "On average 123.4 of " in text
    assert "3 students; the points of 2 are known, and half of these have at least 0 %" in text
    assert not re.search(r">[\d.]+e\+\d", page("x", many, []))


def test_what_is_not_known_is_in_no_statistic():
    lost = TopicScore(result(1, 1), None, 2.0, problem="damaged")
    (section,) = sections([*CLASS, Standing(Person("z"), {"softmax": lost})])
    assert section.students == 5


class Reader(HTMLParser):
    """Fails on elements that are not closed, and keeps what a page asks for."""

    def __init__(self):
        super().__init__()
        self.open, self.asked, self.tags = [], [], set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in ("meta", "br", "html", "rect"):
            self.open.append(tag)
        self.asked += [value for name, value in attrs if name in ("src", "href", "action")]

    def handle_endtag(self, tag):
        if tag not in ("html", "rect"):
            assert self.open.pop() == tag


def test_the_page_is_whole_and_asks_nothing_of_anybody():
    hostile = standing(HOSTILE, 0, problem="")
    lost = Standing(Person("z", HOSTILE), {"softmax": TopicScore(None, None, 2.0, problem=HOSTILE)})
    text = page(HOSTILE, [*CLASS, hostile, lost], [(0.0, HOSTILE)])
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    assert reader.asked == []
    assert "script" not in reader.tags
    assert not re.search(r"https?://|url\(|@import", text)
    assert SECRET not in text
    assert "f over the wrong axis" in text
    assert "1970-01-01" in text


@pytest.mark.parametrize("show", LEVELS)
def test_feedback_shows_what_the_course_allows(show):
    text = feedback(standing("ada", 1, 0, days=2, lost=0.5), show)
    assert "0.5 of 2 points" in text
    assert "2 late days: -0.5." in text
    assert ("f keeps claim 1" in text) is (show != "score")
    assert ("it equals f over the wrong axis" in text) is (show in ("messages", "hints"))
    assert ("Look at: Look at the axis." in text) is (show == "hints")
    assert SECRET not in text


def test_late_days_that_cost_nothing_are_told_too():
    spent = feedback(standing("ada", 1, 0, days=2, free=2), "claims")
    assert "\n2 late days, 2 of them without penalty.\n" in spent
    some = feedback(standing("ada", 1, 0, days=3, free=2, lost=0.1), "claims")
    assert "\n3 late days, 2 of them without penalty: -0.1.\n" in some


def test_feedback_is_no_markup_and_no_zero_for_what_is_not_known():
    lost = TopicScore(None, None, 2.0, problem="the grader of softmax failed")
    text = feedback(Standing(Person("x", "<b>[a](b)"), {"softmax": lost}), "hints")
    assert "# \\<b\\>\\[a\\](b)" in text
    assert "not known yet of 2 points" in text
    assert "the grader of softmax failed" not in text
    checks = (CheckResult("test_f", "f holds", NOT_GRADED, 0.0, 1.0, "our fault"),)
    shown = TopicScore(TopicResult("C", "torch", "h", checks), 0.0, 1.0)
    assert "- [ ] f holds\n" in feedback(Standing(Person("x"), {"softmax": shown}), "claims")


def test_pages_of_those_who_are_gone_are_outdated_and_other_files_are_not(tmp_path):
    for one in CLASS[:2]:
        (tmp_path / f"{one.student}.md").write_text(feedback(one, "claims"))
    (tmp_path / "notes.md").write_text("# Notes\n\n3 of 4 points of the agenda\n")
    assert outdated(tmp_path, CLASS) == []
    assert outdated(tmp_path, CLASS[:1]) == [tmp_path / "b.md"]
    assert outdated(tmp_path / "none", CLASS) == []


def test_feedback_says_why_something_could_not_be_graded():
    lost = TopicScore(None, None, 2.0, problem="not graded: *x*", reason="found '*x*'")
    text = feedback(Standing(Person("x"), {"softmax": lost}), "score")
    assert "\nThis could not be graded: found '\\*x\\*'.\n" in text


def test_the_end_of_a_grading_keeps_the_decimals_of_large_points(tmp_path):
    summary = Summary(
        totals={"ada": (12345.678, 99999.99)}, changes=[Change("ada", "softmax", 12345.678, 1)]
    )
    assert lines(summary, tmp_path)[:2] == [
        "  ada  12345.678 of 99999.99",
        "changed: ada softmax: 12345.678 before, 1 now",
    ]


def test_scores_that_changed_are_listed_at_the_end_of_a_grading(tmp_path):
    summary = Summary(changes=[Change("bob", "softmax", 3, 5), Change("ada", "softmax", 2, 1)])
    assert lines(summary, tmp_path)[:2] == [
        "changed: ada softmax: 2 before, 1 now",
        "changed: bob softmax: 3 before, 5 now",
    ]
