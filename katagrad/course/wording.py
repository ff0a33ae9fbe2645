"""What is said of a score to its student, in every file and system."""

from __future__ import annotations

from katagrad.course.redaction import without_detail
from katagrad.course.release import LEVELS
from katagrad.course.scores import TopicScore
from katagrad.errors import FAILED, PASSED
from katagrad.grading.records import CheckResult
from katagrad.grading.table import number, signed
from katagrad.text import plural


def message_for(check: CheckResult, level: int) -> str:
    """What a student may read of a check that did not pass."""
    if check.status == PASSED:
        return ""
    said = [check.status]
    if level >= LEVELS.index("messages") and check.message:
        said = [without_detail(check.message)]
    if level >= LEVELS.index("hints") and check.status == FAILED and check.hint:
        said.append(f"Look at: {check.hint}")
    return "\n".join(said)


def ungraded(score: TopicScore) -> str:
    """That a score is not known, and why, as the student may read it; "" where it is."""
    return f"could not be graded: {score.reason or 'please ask'}" if score.problem else ""


def changes(name: str, score: TopicScore) -> str:
    """What lateness and changes by hand did to a score. No sign begins it, which a spreadsheet takes for a formula."""
    parts = []
    if score.days:
        free = f", {score.free} of them without penalty" if score.free else ""
        lost = f": -{number(score.lost)}" if score.lost else ""
        parts.append(f"{plural(score.days, 'late day')}{free}{lost}")
    if score.fixed:
        parts.append(f"set by hand to {number(score.points or 0.0)}")
    elif score.adjusted:
        parts.append(f"changed by hand: {signed(score.adjusted)}")
    return f"{name}{': ' if name else ''}{'; '.join(parts)}" if parts else ""
