"""A page of feedback for each student, in Markdown: what the course allows to see, and nothing hidden."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from katagrad.course.names import fold
from katagrad.course.release import LEVELS
from katagrad.course.scores import Standing
from katagrad.course.wording import changes, message_for, ungraded
from katagrad.errors import NOT_GRADED, PASSED
from katagrad.grading.table import number
from katagrad.text import one_line

# What Markdown would take for markup.
MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!])")
# The third line of every page.
TOTAL = re.compile(r"(?:not known yet|[\d.]+) of [\d.]+ points")


def feedback(one: Standing, show: str) -> str:
    """The page of a student. show: one of `release.LEVELS`."""
    level = LEVELS.index(show)
    name = one.person.name or one.student
    total = "not known yet" if one.points is None else number(one.points)
    lines = [f"# {quoted(name)}", "", f"{total} of {number(one.maximum)} points", ""]
    for topic, score in one.scores.items():
        points = "not known yet" if score.points is None else number(score.points)
        lines += [f"## {topic}: {points} of {number(score.maximum)} points", ""]
        if score.problem:
            lines += [f"This {quoted(ungraded(score))}.", ""]
            continue
        if score.result is None and not score.fixed:
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


def outdated(folder: Path, everybody: Iterable[Standing]) -> list[Path]:
    """Pages of an earlier report on those who are in the grades no more. Files that are no such pages are left out."""
    known = {fold(one.student) for one in everybody}
    found = []
    for path in sorted(folder.glob("*.md")):
        if fold(path.stem) not in known:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            if len(lines) > 2 and lines[0].startswith("# ") and TOTAL.fullmatch(lines[2]):
                found.append(path)
    return found


def quoted(text: str) -> str:
    """A line of text that Markdown shows as it stands."""
    return MARKUP.sub(r"\\\1", one_line(text, 2000))
