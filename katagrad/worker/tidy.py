"""Restore folders after every submission."""

# System calls on descriptors and /proc, where a Path is in the way.
# ruff: noqa: PTH101, PTH116, PTH118, PTH208
from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class _Place:
    """The state of a folder before any submission: which one it is, the names in it, its mode, its times."""

    path: str
    identity: tuple[int, int] | None
    held: frozenset[str]
    mode: int
    times: tuple[int, int]


class Tidy:
    """Records the state of folders. `restore` removes everything that was added since.

    File systems mounted inside the folders are skipped, since submissions cannot write there.
    """

    def __init__(self, folders: Sequence[str]) -> None:
        self.places = [place for folder in folders for place in _survey(folder)]

    def restore(self) -> bool:
        """Remove everything new. Call it when no other process can write to the folders.

        Returns whether every folder is still the one that it was. What stands in place of another is left alone: it
        may be a link to anywhere.
        """
        whole = True
        for place in self.places:
            if _identity(place.path) != place.identity:
                whole = False
                continue
            with contextlib.suppress(OSError):
                os.chmod(place.path, place.mode)
            with contextlib.suppress(OSError):
                for name in os.listxattr(place.path):
                    os.removexattr(place.path, name)
            with contextlib.suppress(OSError):
                folder = os.open(place.path, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    _remove_all(folder, place.held)
                finally:
                    os.close(folder)
                os.utime(place.path, ns=place.times)
        return whole


def _identity(path: str) -> tuple[int, int] | None:
    """Which folder a path leads to, not through a link; None: to none."""
    with contextlib.suppress(OSError):
        about = os.lstat(path)
        return (about.st_dev, about.st_ino) if stat.S_ISDIR(about.st_mode) else None
    return None


def _survey(folder: str) -> list[_Place]:
    device = os.stat(folder).st_dev
    found = []
    for path, names, files in os.walk(folder):
        about = os.stat(path)
        held = frozenset(names + files)
        names[:] = [n for n in names if os.lstat(os.path.join(path, n)).st_dev == device]
        times = (about.st_atime_ns, about.st_mtime_ns)
        found.append(_Place(path, _identity(path), held, stat.S_IMODE(about.st_mode), times))
    return found


def _remove_all(folder: int, kept: frozenset[str]) -> None:
    """Remove everything in an open folder except `kept`.

    Nested folders are first moved to the top, so that deep nesting causes neither long paths nor deep
    recursion.
    """
    serial, token = 0, secrets.token_hex(8)
    waiting = [name for name in os.listdir(folder) if name not in kept]
    while waiting:
        name = waiting.pop()
        with contextlib.suppress(OSError):
            if not stat.S_ISDIR(os.lstat(name, dir_fd=folder).st_mode):
                os.unlink(name, dir_fd=folder)
                continue
            os.chmod(name, 0o700, dir_fd=folder)
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            try:
                for below in os.listdir(inner):
                    if not stat.S_ISDIR(os.lstat(below, dir_fd=inner).st_mode):
                        os.unlink(below, dir_fd=inner)
                        continue
                    os.chmod(below, 0o700, dir_fd=inner)  # a folder that moves must be writable
                    serial += 1
                    moved = f".{token}-{serial}"
                    os.rename(below, moved, src_dir_fd=inner, dst_dir_fd=folder)
                    waiting.append(moved)
            finally:
                os.close(inner)
            os.rmdir(name, dir_fd=folder)
