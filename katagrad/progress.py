"""Progress of work that takes a while."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Between two lines of progress where there is no terminal.
QUIET_SECONDS = 10.0


@contextmanager
def progress(
    doing: str, done: str, *, known: bool = True
) -> Iterator[Callable[[int, int, str], None]]:
    """A bar with what is done, the rate and the time left; a line now and then where there is no terminal.

    doing, done: words for the work, for example "grading" and "graded". Yields
    advance(done, of, name of the current item). known: `of` is all of the work, so that the time left can be told;
    otherwise the work comes in rounds, and each counts for itself.
    """
    if not sys.stderr.isatty():
        yield _plain(done, known)
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
        TextColumn(doing),
        BarColumn(),
        MofNCompleteColumn(),
        *([TimeRemainingColumn()] if known else []),
        TextColumn("{task.fields[last]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None, last="")

        def advance(count: int, total: int, name: str) -> None:
            bar.update(task, completed=count, total=total, last=name)

        yield advance


def _plain(done: str, known: bool) -> Callable[[int, int, str], None]:
    started = last = time.monotonic()

    def advance(count: int, total: int, name: str) -> None:
        nonlocal last
        now = time.monotonic()
        if count and (now - last >= QUIET_SECONDS or count == total):
            last = now
            left = (now - started) / count * (total - count)
            more = f", about {left:.0f} s left" if known else f"; {name}" if name else ""
            print(f"{done} {count} of {total}{more}", file=sys.stderr, flush=True)

    return advance
