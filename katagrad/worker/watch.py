"""Bound what all processes of a submission use together, which limits of single processes cannot.

Counted are the memory of the processes, and the memory that the kernel uses for them: sockets, pipes,
descriptors, stacks, page tables, and files in folders in memory. The kernel's part is an upper bound,
computed from counts. If the system offers a cgroup, the kernel counts exactly, and this module only
provides a readable reason.
"""

# System calls on descriptors and /proc, where a Path is in the way.
# ruff: noqa: PTH116, PTH208
from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

from katagrad.worker.limits import Limits

# Seconds between two checks. In that time, memory grows by at most about 100 MiB.
EVERY = 0.05
# Data loaders and pools use one process per core. Stopping many large processes takes seconds.
MAX_PROCESSES = min(128, 16 + 2 * (os.cpu_count() or 1))
# Files and folders in the writable folders. Each costs the kernel a kilobyte.
MAX_NODES = 100_000
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
# Bytes of kernel memory. A thread has a stack and a task. A pipe has two pages if its user has many
# pipes. The queue of a socket may exceed its bound by one message of that size. Records of mappings
# (at most 16 MiB per process) are not counted, since the number of processes bounds them.
THREAD, DESCRIPTOR = 32 << 10, 10 << 10
# net.core.wmem_default, which cannot be read in every namespace.
BUFFER = 212_992


def excess(alone: bool, limits: Limits, folders: Sequence[str]) -> str:
    """Which limit the processes started by a server exceed, in words. "" if they exceed none."""
    pids = list(everybody() if alone else below(os.getpid()))
    if len(pids) > MAX_PROCESSES:
        return f"started more than {MAX_PROCESSES} processes"
    own = [folder for folder in folders if os.path.ismount(folder)]
    for folder in own:
        with contextlib.suppress(OSError):
            about = os.statvfs(folder)
            if about.f_files - about.f_ffree > MAX_NODES:
                return f"wrote more than {MAX_NODES:,} files"
    return _too_much(pids, own, _kernel(pids, alone), limits.memory)


def _too_much(pids: Sequence[int], own: Sequence[str], kernel: int, most: int) -> str:
    files = sum(map(_held, own))
    # This sum counts shared pages once per process, so it is never too small ...
    used = sum(map(_resident, pids)) + files + kernel
    if kernel <= most < used:
        # ... and the exact sum, which takes milliseconds, is computed only if needed. It waits for a lock
        # that a process holds while it forks, so processes that fork endlessly are stopped first.
        with _halted(pids if len(pids) > 1 else []):
            files -= sum(_mapped(pid, own) for pid in pids) if files else 0
            used = sum(map(_own, pids)) + files + kernel
    if used <= most:
        return ""
    shares = {"in files": files, "in sockets, pipes and other objects of the system": kernel}
    large = [f"{n >> 20} MiB of it {where}" for where, n in shares.items() if 4 * n > used]
    return ", ".join([f"used more than {most >> 20} MiB of memory", *large])


def everybody() -> Iterator[int]:
    """All processes of this PID namespace except its first and this one, including orphans."""
    ours = (1, os.getpid())
    yield from (n for n in map(int, filter(str.isdigit, os.listdir("/proc"))) if n not in ours)


def below(root: int) -> Iterator[int]:
    """The descendants of the process `root`."""
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        if pid != root:
            yield pid
        with contextlib.suppress(OSError, ValueError):
            for task in os.listdir(f"/proc/{pid}/task"):
                listed = Path(f"/proc/{pid}/task/{task}/children").read_text()
                waiting += [int(child) for child in listed.split()]


def _kernel(pids: Sequence[int], alone: bool) -> int:
    """Upper bound of the kernel's memory for processes, in bytes."""
    used = 0
    for pid in pids:
        status = _status(pid)
        # A table of descriptors doubles when it grows and never shrinks. Newer kernels count open files.
        files = status["FDSize"]
        with contextlib.suppress(OSError):
            files = os.stat(f"/proc/{pid}/fd").st_size or files
        used += status["VmPTE"] * 1024 + status["Threads"] * THREAD + files * DESCRIPTOR
    if alone:  # then no other process has sockets in this network namespace
        used += _sockets() * 2 * BUFFER
    return used


@contextlib.contextmanager
def _halted(pids: Sequence[int]) -> Iterator[None]:
    """Stop processes, and continue them afterwards."""
    try:
        _signal(pids, signal.SIGSTOP)
        yield
    finally:
        _signal(pids, signal.SIGCONT)


def _signal(pids: Sequence[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def _status(pid: int) -> dict[str, int]:
    """Numbers from the status of a process, which it cannot hide. All are 0 if it has ended."""
    found = {"VmPTE": 0, "Threads": 0, "FDSize": 0}
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name in found:
                found[name] = int(value.split()[0])
    return found


def _sockets() -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/net/sockstat").read_text().split()[2])
    return 0


def _held(folder: str) -> int:
    """Bytes in use in the file system mounted at `folder`."""
    with contextlib.suppress(OSError):
        about = os.statvfs(folder)
        return (about.f_blocks - about.f_bfree) * about.f_frsize
    return 0


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    return 0


def _own(pid: int) -> int:
    """Bytes of written pages. A shared page counts by its share; a process that hides them counts in full."""
    try:
        fields = Path(f"/proc/{pid}/smaps_rollup").read_text().split()
        return 1024 * sum(int(fields[fields.index(key) + 1]) for key in ("Pss_Anon:", "Pss_Shmem:"))
    except ProcessLookupError:
        return 0
    except (OSError, ValueError):
        return _resident(pid)


def _mapped(pid: int, folders: Sequence[str]) -> int:
    """Bytes of files in `folders` that a process has mapped. They are counted as memory and as files."""
    devices, total, counts = {os.stat(folder).st_dev for folder in folders}, 0, False
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/smaps").read_text(errors="replace").splitlines():
            words = line.split()
            if not words[0].endswith(":"):
                major, _, minor = words[3].partition(":")
                counts = os.makedev(int(major, 16), int(minor, 16)) in devices
            elif counts and words[0] == "Pss:":
                total += 1024 * int(words[1])
    return total
