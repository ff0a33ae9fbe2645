"""The lines at the end of a grading: a table, what could not be graded, and where the results are."""

from __future__ import annotations

from pathlib import Path

from katagrad.course.grade import Summary
from katagrad.grading.table import number
from katagrad.text import one_line, plural


def lines(summary: Summary, out: Path) -> list[str]:
    """The end of a grading: totals, what could not be graded and why, and where the results are."""
    found = []
    totals = summary.totals or {}
    longest = max((len(name) for name in totals), default=0)
    # The names are untrusted text, so none of them stands at the beginning of a line.
    for student, total in totals.items():
        points = f"{number(total[0]):>6} of {number(total[1])}" if total else "  not graded"
        found.append(f"  {one_line(student):<{longest}}  {points}")
    for name, problem in (summary.problems or {}).items():
        found.append(f"problem: {one_line(name)}: {one_line(problem, 1000)}")
    for change in sorted(summary.changes, key=lambda one: (one.student, one.topic)):
        found.append(f"changed: {one_line(change.shown)}")
    kept = f", {summary.kept} kept from before" if summary.kept else ""
    graded = f"{plural(summary.graded, 'topic')} graded"
    found.append(f"{plural(len(totals), 'student')}; {graded}{kept}; results in {out}")
    if summary.absent:
        found.append(
            f"kept, though the work is not in this folder: {plural(summary.absent, 'score')}; "
            "kata course forget deletes scores"
        )
    if summary.problems:
        found.append(f"{plural(len(summary.problems), 'problem')}, also in {out / 'problems.json'}")
    return found
