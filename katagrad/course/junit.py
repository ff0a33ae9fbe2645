"""Grades as JUnit XML. Nothing of a submission is passed on as it came."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree

from katagrad.course.grades import Grades
from katagrad.course.release import LEVELS
from katagrad.course.scores import TopicScore
from katagrad.course.wording import message_for, ungraded
from katagrad.errors import NOT_GRADED, NOT_STARTED, PASSED
from katagrad.grading.records import CheckResult
from katagrad.grading.table import number
from katagrad.text import one_line

# The case of a suite in which no check ran.
HANDED_IN = "handed_in"
NOTHING = "nothing was handed in"


def junit(grades: Grades) -> dict[str, str]:
    """junit.xml: a suite for each student and topic, a case for each check, with its points as properties.

    A suite's properties are in points of the course: with lateness, and with changes by hand.
    """
    root = ElementTree.Element("testsuites", name="katagrad")
    for one in grades.everybody:
        for name, score in one.scores.items():
            checks = score.result.checks if score.result else (_instead(score),)
            count = {s: sum(c.status == s for c in checks) for s in (PASSED, NOT_GRADED)}
            suite = ElementTree.SubElement(
                root, "testsuite", name=f"{one.student}: {name}", tests=str(len(checks)),
                failures=str(len(checks) - sum(count.values())), errors=str(count[NOT_GRADED]), skipped="0",
                time=f"{sum(c.seconds for c in checks):.3f}",
                timestamp=grades.now.replace(tzinfo=None).isoformat(timespec="seconds"),
            )  # fmt: skip
            _properties(
                suite,
                {
                    "points": score.points,
                    "maximum": score.maximum,
                    "late_days": score.days,
                    "late_days_without_penalty": score.free,
                    "lost_by_lateness": score.lost,
                    "changed_by_hand": score.adjusted,
                },
            )
            for check in checks:
                _case(suite, f"{one.student}.{name}", check, grades.show)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return {"junit.xml": f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'}


def _instead(score: TopicScore) -> CheckResult:
    """A case where no check ran. A suite without any looks clean."""
    if score.fixed:
        return CheckResult(HANDED_IN, "", PASSED, score.points or 0.0, score.maximum, "")
    status, said = (NOT_GRADED, ungraded(score)) if score.problem else (NOT_STARTED, NOTHING)
    return CheckResult(HANDED_IN, "", status, 0.0, score.maximum, one_line(said))


def _properties(of: ElementTree.Element, known: Mapping[str, float | None]) -> None:
    """What is known, in the points of the course for a suite, and of the checks for a case."""
    about = ElementTree.SubElement(of, "properties")
    for key, value in known.items():
        if value is not None:
            ElementTree.SubElement(about, "property", name=key, value=number(value))


def _case(suite: ElementTree.Element, place: str, check: CheckResult, show: str) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", classname=place, name=check.name, time=f"{check.seconds:.3f}"
    )
    instead = check.name == HANDED_IN
    if not instead:
        _properties(case, {"points": check.points, "maximum": check.maximum})
    if check.status != PASSED:
        kind = "error" if check.status == NOT_GRADED else "failure"
        said = check.message if instead else message_for(check, LEVELS.index(show))
        said = said or check.status
        ElementTree.SubElement(case, kind, message=one_line(said)).text = said
