"""Limits of a worker, enforced by the kernel if the system supports it."""

# System calls on descriptors and /proc, where a Path is in the way.
# ruff: noqa: PTH112, PTH123, PTH208
from __future__ import annotations

import contextlib
import ctypes
import os
import platform
from dataclasses import asdict, dataclass
from typing import Any

from katagrad.worker import bpf

try:
    import resource
except ImportError:  # Windows lacks these limits. Those on wall time and message size still apply.
    resource = None  # type: ignore[assignment]

IOPRIO_GET: bpf.Numbers = (252, 31)
IOPRIO_PROCESS = 1
PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 4, 36, 38

# Exit status of a process in which the worker's own code failed.
BROKEN = 70
# Open files of one process. Their buffers are memory of the kernel.
MAX_DESCRIPTORS = 1024
# Queued signals and timers of the user, which are memory of the kernel.
MAX_PENDING = 4096


@dataclass(frozen=True)
class Limits:
    """Limits for one topic of one submission. Sizes in bytes, times in seconds.

    wall: of a check that states no `seconds`.
    cpu: of the whole topic.
    memory: private memory beyond what importing the framework took.
    processes: processes and threads of the user.
    file: size of each file that is written, including the printed output.
    output: printed output. A check that prints more fails.
    message: arrays in one reply.
    """

    wall: float = 20.0
    cpu: int = 900
    memory: int = 4 << 30
    processes: int = 512
    file: int = 64 << 20
    output: int = 1 << 20
    message: int = 1 << 30

    def plain(self) -> dict[str, Any]:
        """As a dict that JSON can hold."""
        return asdict(self)


def apply(limits: Limits) -> None:
    """Apply `limits` to the calling process. They cannot be removed."""
    if resource is None:
        return
    _limit("RLIMIT_CPU", limits.cpu, limits.cpu + 5)
    _limit("RLIMIT_FSIZE", limits.file)
    # With 0, the system would still start its handler of core dumps: see core(5) and do_coredump.
    _limit("RLIMIT_CORE", 1)
    _limit("RLIMIT_NOFILE", MAX_DESCRIPTORS)
    _limit("RLIMIT_MEMLOCK", 0)
    _limit("RLIMIT_SIGPENDING", MAX_PENDING)
    # The kernel counts all processes of this user, including those outside this process tree.
    _limit("RLIMIT_NPROC", _threads_of_user() + limits.processes)
    # Counts only private writable memory, so the framework's mapped files do not count.
    _limit("RLIMIT_DATA", _data_in_use() + limits.memory)


def standing() -> list[Any]:
    """Settings that another process of the same user could change: limits, priority, processors, policy."""
    if resource is None:
        return []
    names = sorted(name for name in dir(resource) if name.startswith("RLIMIT_"))
    own: list[Any] = [resource.getrlimit(getattr(resource, name)) for name in names]
    own += [os.getpriority(os.PRIO_PROCESS, 0)]
    if hasattr(os, "sched_getscheduler"):
        own += [os.sched_getaffinity(0), os.sched_getscheduler(0)]
    return [*own, _io_priority()]


def _io_priority() -> int:
    """The priority of this process at the disk. -1 where it cannot be known."""
    try:
        number = IOPRIO_GET[bpf.column(platform.machine())] if bpf.supported() else None
        return -1 if number is None else int(ctypes.CDLL(None).syscall(number, IOPRIO_PROCESS, 0))
    except (OSError, AttributeError):
        return -1


def become(uid: int | None) -> None:
    """Switch from root to `uid`, irrevocably. None changes nothing."""
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


def _threads_of_user() -> int:
    count, user = 0, os.getuid()
    for entry in os.scandir("/proc") if os.path.isdir("/proc/self") else ():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if entry.stat().st_uid == user or _owner(entry.name) == user:
                    count += len(os.listdir(f"/proc/{entry.name}/task"))
    return count


def _owner(pid: str) -> int:
    """The user of a process whose folder in /proc belongs to root because the process is not dumpable."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("Uid:"))


def _limit(name: str, soft: int, hard: int | None = None) -> None:
    number = getattr(resource, name, None)
    if number is None:
        return
    ceiling = resource.getrlimit(number)[1]
    wanted = soft if hard is None else hard
    wanted = wanted if ceiling == resource.RLIM_INFINITY else min(wanted, ceiling)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(number, (min(soft, wanted), wanted))


def _data_in_use() -> int:
    with contextlib.suppress(OSError, ValueError), open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return 1 << 30


def prctl(option: int, value: int) -> bool:
    """Call Linux's prctl(option, value). False if it does not exist or fails."""
    try:
        return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


def peak_memory() -> int:
    """Peak memory of this process in bytes."""
    if resource is None:
        return 0
    peak: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * 1024
