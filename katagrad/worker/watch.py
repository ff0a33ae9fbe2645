"""What all processes of a submission use together, which no limit of a single process bounds."""

# System calls on descriptors and /proc, where a Path is in the way.
# ruff: noqa: PTH208
from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from katagrad.worker.limits import Limits

# Seconds between two looks; memory grows by about 100 MiB in that time at worst.
EVERY = 0.05
# Files and folders in the writable folders: each costs the kernel a kilobyte.
MAX_NODES = 100_000
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def excess(root: int, limits: Limits, folders: Sequence[str]) -> str:
    """What the processes below `root` use too much of, in words; "" where nothing is wrong."""
    pids = list(below(root))
    # Resident pages count twice where processes share them, so this sum can only be too large ...
    if sum(map(_resident, pids)) > limits.memory:
        # ... and the exact one, which takes milliseconds, is made only when it matters.
        used = sum(map(_own, pids))
        if used > limits.memory:
            return f"used more than {limits.memory >> 20} MiB of memory"
    for folder in folders:
        with contextlib.suppress(OSError):
            about = os.statvfs(folder)
            if about.f_files and about.f_files - about.f_ffree > MAX_NODES and _bounded(folder):
                return f"wrote more than {MAX_NODES:,} files"
    return ""


def _bounded(folder: str) -> bool:
    """Whether a folder is a file system of its own, so that its counts are the submission's."""
    return os.path.ismount(folder)


def below(root: int) -> Iterator[int]:
    """The process `root` and its descendants, as the kernel lists them."""
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        with contextlib.suppress(OSError, ValueError):
            for task in os.listdir(f"/proc/{pid}/task"):
                listed = Path(f"/proc/{pid}/task/{task}/children").read_text()
                waiting += [int(child) for child in listed.split()]


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    return 0


def _own(pid: int) -> int:
    """Bytes that are written to, each shared page counted as its share. A process that hides them counts in full."""
    try:
        fields = Path(f"/proc/{pid}/smaps_rollup").read_text().split()
        return 1024 * sum(int(fields[fields.index(key) + 1]) for key in ("Pss_Anon:", "Pss_Shmem:"))
    except ProcessLookupError:
        return 0
    except (OSError, ValueError):
        return _resident(pid)
