"""What a person sees at the end of a grading: a table, what could not be graded, and where the results are."""

from __future__ import annotations

from pathlib import Path

from katagrad.course.grade import Summary
from katagrad.grading.table import number
from katagrad.text import visible


def lines(summary: Summary, out: Path) -> list[str]:
    """The end of a grading: totals, what could not be graded and why, and where the results are."""
    found = []
    totals = summary.totals or {}
    longest = max((len(name) for name in totals), default=0)
    for student, (points, maximum) in totals.items():
        found.append(f"{student:<{longest}}  {number(points):>6} of {number(maximum)}")
    for name, problem in (summary.problems or {}).items():
        found.append(f"{visible(name)}: {problem}")
    kept = f", {summary.kept} kept from before" if summary.kept else ""
    found.append(f"{len(totals)} students; {summary.graded} topics graded{kept}; results in {out}")
    return found
