"""A folder in which submissions appear while it is graded."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from katagrad.errors import BadOption, NotGraded
from katagrad.text import one_line

# Seconds between two looks at the folder.
PAUSE = 2.0

Look = frozenset[tuple[str, int, int]]


def look(folder: Path, beside: Iterable[Path] = ()) -> Look:
    """The files of a folder and those beside it, with size and time of change. One that goes away is left out."""
    paths = list(beside)
    for place, names, files in os.walk(folder):
        names[:] = [name for name in names if not name.startswith(".")]
        paths += [Path(place, name) for name in files]
    found = set()
    for path in paths:
        with contextlib.suppress(OSError):
            about = path.stat()
            found.add((str(path), about.st_size, about.st_mtime_ns))
    return frozenset(found)


def changes(
    folder: Path, seen: Look, pause: float = PAUSE, beside: Iterable[Path] = ()
) -> Iterator[Look]:
    """Yield whenever something has changed since `seen` or the last yield, and nothing changes any more.

    beside: files that decide the grades, too, such as the course file and the roster. A file that is still being
    copied is not graded: two looks in a row must agree.
    """
    before = seen
    while True:
        time.sleep(pause)
        now = look(folder, beside)
        if now == before != seen:
            seen = now
            yield now
        before = now


def go_on(
    folder: Path,
    seen: Look,
    grade: Callable[[], bool],
    problems: bool,
    beside: Collection[Path] = (),
) -> bool:
    """Grade at every change since `seen`, until Ctrl-C. Returns whether the last grading had problems.

    A grading that cannot begin, such as of a folder that somebody empties to fill it anew, is one line, and no end.
    beside: as of `changes`.
    """
    print(f"watching {folder}; Ctrl-C ends", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        for _ in changes(folder, seen, beside=beside):
            try:
                problems = grade()
            except BrokenPipeError:  # nobody reads the lines any more
                raise
            except (BadOption, NotGraded, OSError) as error:
                problems = True
                print(f"not graded: {one_line(str(error), 1000)}; still watching", flush=True)
    return problems
