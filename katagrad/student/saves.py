"""What is saved in a folder, also after the folder was replaced, and where the system watches no more files."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# Milliseconds without a further change after which a save counts as over, and at most.
QUIET, LONGEST = 20, 200
# Milliseconds between two looks whether the folder is still the one that is watched.
LOOK = 500


@contextmanager
def saves(folder: Path, tell: Callable[[set[Path]], None]) -> Iterator[None]:
    """Call `tell` with the Python files below `folder` that were saved, from another thread.

    It is called with `folder` itself after the folder, or the file that a link in it leads to, was replaced.
    """
    over = threading.Event()
    thread = threading.Thread(target=_listen, args=(folder, tell, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(2.0)


def _listen(folder: Path, tell: Callable[[set[Path]], None], over: threading.Event) -> None:
    """Watch `folder`, again and again: a system watches what a path led to, not the path."""
    from watchfiles import watch

    polling: bool | None = None  # as watchfiles chooses
    again = False
    while not over.is_set():
        watched = _identities(folder)
        try:
            for changes in watch(
                *watched,
                watch_filter=lambda _, path: is_source(Path(path)),
                step=QUIET,
                debounce=LONGEST,
                stop_event=over,
                raise_interrupt=False,
                rust_timeout=LOOK,
                yield_on_timeout=True,
                force_polling=polling,
            ):
                saved = {Path(path) for _, path in changes} | ({folder} if again else set())
                again = _identities(folder) != watched
                if saved:
                    tell(saved)
                if again:
                    break
        except (OSError, RuntimeError):
            # It went away just now; or the system has as many watches as it allows, and looking takes none.
            polling = True if folder.is_dir() else polling
            again = again or not folder.is_dir()
            over.wait(LOOK / 1000)


def _identities(folder: Path) -> dict[Path, tuple[int, int]]:
    """What the path of the folder leads to, and each link in it that leads out of it."""
    found: dict[Path, tuple[int, int]] = {}
    with contextlib.suppress(OSError):
        with os.scandir(folder) as inside:
            links = [one.path for one in inside if one.is_symlink() and one.name.endswith(".py")]
        for path in (folder, *(Path(link).resolve() for link in sorted(links))):
            with contextlib.suppress(OSError):
                about = path.stat()
                found[path] = about.st_dev, about.st_ino
    return found


def is_source(path: Path) -> bool:
    """Whether a file is part of a submission, rather than of an editor."""
    return path.suffix == ".py" and not path.name.startswith((".", "#"))
