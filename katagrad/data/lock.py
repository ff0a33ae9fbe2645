"""One process at a time, by a file lock that the system releases when its holder dies."""

from __future__ import annotations

import contextlib
import errno
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

# Seconds.
POLL = 0.1
# What file systems without locks answer, some network ones among them. Files are still written whole there.
LOCKLESS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def held(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock file at `path`; while another process holds it, wait.

    on_wait: called once, before the first wait. The file is left in place: removing it would
    let two processes hold locks on two files of one name. Where the file system has no locks,
    this holds none.
    """
    with path.open("a+b") as handle:
        waited = False
        while not _taken(handle):
            if not waited:
                on_wait()
                waited = True
            time.sleep(POLL)
        try:
            yield
        finally:
            _release(handle)


if sys.platform == "win32":
    import msvcrt

    def _taken(handle: IO[bytes]) -> bool:
        handle.seek(0)
        try:
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EDEADLK):
                return False
            raise
        return True

    def _release(handle: IO[bytes]) -> None:
        handle.seek(0)
        msvcrt.locking(handle.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _taken(handle: IO[bytes]) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                return False
            if error.errno not in LOCKLESS:
                raise
        return True

    def _release(handle: IO[bytes]) -> None:
        with contextlib.suppress(OSError):  # the end of the file object releases it, too
            fcntl.flock(handle, fcntl.LOCK_UN)
