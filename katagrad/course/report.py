"""What a person sees of a grading: a live line while it runs, a table at its end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from katagrad import results
from katagrad.course.grade import Summary

QUIET_SECONDS = 10.0  # between lines where there is no terminal


@contextmanager
def progress() -> Iterator[Callable[[int, int, str], None]]:
    """A bar with what is done, the rate and the time left; a line now and then where there is no terminal."""
    if not sys.stderr.isatty():
        yield _plain()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("grading"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[last]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("grading", total=None, last="")

        def advance(done: int, total: int, student: str) -> None:
            bar.update(task, completed=done, total=total, last=student)

        yield advance


def _plain() -> Callable[[int, int, str], None]:
    started = last = time.monotonic()

    def advance(done: int, total: int, student: str) -> None:
        nonlocal last
        del student
        now = time.monotonic()
        if now - last >= QUIET_SECONDS or done == total:
            last = now
            left = (now - started) / done * (total - done)
            print(f"graded {done} of {total}, about {left:.0f} s left", file=sys.stderr, flush=True)

    return advance


def lines(summary: Summary, out: Path) -> list[str]:
    """The end of a grading: totals, what could not be graded and why, and where the results are."""
    found = []
    totals = summary.totals or {}
    longest = max((len(name) for name in totals), default=0)
    for student, (points, maximum) in totals.items():
        found.append(
            f"{student:<{longest}}  {results.number(points):>6} of {results.number(maximum)}"
        )
    for name, problem in (summary.problems or {}).items():
        found.append(f"{results.visible(name)}: {problem}")
    kept = f", {summary.kept} kept from before" if summary.kept else ""
    found.append(f"{len(totals)} students; {summary.graded} topics graded{kept}; results in {out}")
    return found
