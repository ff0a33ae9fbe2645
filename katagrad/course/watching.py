"""A folder in which submissions appear while it is graded."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from katagrad.errors import BadOption, NotGraded
from katagrad.text import one_line

# Seconds between two looks at the folder.
PAUSE = 2.0

Look = frozenset[tuple[str, int, int]]


def look(folder: Path) -> Look:
    """The files of a folder, with size and time of change. One that goes away meanwhile is left out."""
    found = set()
    for place, names, files in os.walk(folder):
        names[:] = [name for name in names if not name.startswith(".")]
        for name in files:
            path = Path(place, name)
            try:
                about = path.stat()
            except OSError:
                continue
            found.add((str(path), about.st_size, about.st_mtime_ns))
    return frozenset(found)


def changes(folder: Path, seen: Look, pause: float = PAUSE) -> Iterator[Look]:
    """Yield whenever something has changed since `seen` or the last yield, and nothing changes any more.

    A file that is still being copied is not graded: two looks in a row must agree.
    """
    before = seen
    while True:
        time.sleep(pause)
        now = look(folder)
        if now == before != seen:
            seen = now
            yield now
        before = now


def go_on(folder: Path, seen: Look, grade: Callable[[], bool], problems: bool) -> bool:
    """Grade at every change since `seen`, until Ctrl-C. Returns whether the last grading had problems.

    A grading that cannot begin, such as of a folder that somebody empties to fill it anew, is one line, and no end.
    """
    print(f"watching {folder}; Ctrl-C ends", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        for _ in changes(folder, seen):
            try:
                problems = grade()
            except (BadOption, NotGraded) as error:
                problems = True
                print(f"not graded: {one_line(str(error), 1000)}; still watching", flush=True)
    return problems
