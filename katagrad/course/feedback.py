"""A page of feedback for each student, in Markdown: what the course allows to see, and nothing hidden."""

from __future__ import annotations

import re

from katagrad.course.exports import changes, message_for, number_of
from katagrad.course.release import LEVELS
from katagrad.course.scores import Standing
from katagrad.errors import NOT_GRADED, PASSED
from katagrad.text import one_line

# What Markdown would take for markup.
MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!])")


def feedback(one: Standing, show: str) -> str:
    """The page of a student. show: one of `release.LEVELS`."""
    level = LEVELS.index(show)
    name = one.person.name or one.student
    total = "not known yet" if one.points is None else number_of(one.points)
    lines = [f"# {quoted(name)}", "", f"{total} of {number_of(one.maximum)} points", ""]
    for topic, score in one.scores.items():
        points = "not known yet" if score.points is None else number_of(score.points)
        lines += [f"## {topic}: {points} of {number_of(score.maximum)} points", ""]
        if score.problem:
            lines += ["This could not be graded. Please ask.", ""]
            continue
        if score.result is None:
            lines += ["Nothing was handed in.", ""]
        if said := changes("", score):
            lines += [f"{said}.", ""]
        checks = score.result.checks if score.result and level >= LEVELS.index("claims") else ()
        for check in checks:
            mark = "x" if check.status == PASSED else " "
            status = "" if check.status in (PASSED, NOT_GRADED) else f" ({check.status})"
            lines.append(f"- [{mark}] {quoted(check.claim)}{status}")
            if check.status != PASSED and level >= LEVELS.index("messages"):
                lines += [f"  {quoted(line)}" for line in message_for(check, level).splitlines()]
        if checks:
            lines.append("")
    return "\n".join(lines)


def quoted(text: str) -> str:
    """A line of text that Markdown shows as it stands."""
    return MARKUP.sub(r"\\\1", one_line(text, 2000))
