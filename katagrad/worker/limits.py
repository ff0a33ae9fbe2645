"""What a worker may use, enforced by the kernel where the system has the means."""

# System calls on descriptors and /proc, where a Path is in the way.
# ruff: noqa: PTH112, PTH123, PTH208
from __future__ import annotations

import contextlib
import ctypes
import os
from dataclasses import asdict, dataclass
from typing import Any

try:
    import resource
except ImportError:  # Windows has no such limits; wall time and message size still hold
    resource = None  # type: ignore[assignment]

PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 4, 36, 38

# The status of a process in which the worker's own code failed.
BROKEN = 70
MAX_DESCRIPTORS = 1024  # open files of one process; their buffers are the kernel's memory
# Queued signals and timers of the user, which are the kernel's memory.
MAX_PENDING = 4096


@dataclass(frozen=True)
class Limits:
    """Limits of one submission's topic. Sizes in bytes, times in seconds."""

    wall: float = 20.0  # for a check that states none of its own
    cpu: int = 900  # for the whole topic
    memory: int = 4 << 30  # private memory beyond what the framework's import took
    processes: int = 512  # processes and threads of the user
    file: int = 64 << 20  # for any one file written, and so for what is printed
    output: int = 1 << 20  # what is kept of the prints; more than this fails the check
    message: int = 1 << 30  # for the arrays of one reply

    def plain(self) -> dict[str, Any]:
        """As a dict that JSON can hold."""
        return asdict(self)


def apply(limits: Limits) -> None:
    """Put the calling process under `limits`, for good."""
    if resource is None:
        return
    _limit("RLIMIT_CPU", limits.cpu, limits.cpu + 5)
    _limit("RLIMIT_FSIZE", limits.file)
    # Not 0, at which the system's own collector of cores would still be started: see core(5) and do_coredump.
    _limit("RLIMIT_CORE", 1)
    _limit("RLIMIT_NOFILE", MAX_DESCRIPTORS)
    _limit("RLIMIT_MEMLOCK", 0)
    _limit("RLIMIT_SIGPENDING", MAX_PENDING)
    # The kernel counts all that this user runs, here and elsewhere; only what is added is the submission's.
    _limit("RLIMIT_NPROC", _threads_of_user() + limits.processes)
    # Counts private writable memory only, so the framework's mapped files cost nothing.
    _limit("RLIMIT_DATA", _data_in_use() + limits.memory)


def standing() -> list[Any]:
    """What another process of the same user could change of this one: limits, priority, processors, policy."""
    if resource is None:
        return []
    names = sorted(name for name in dir(resource) if name.startswith("RLIMIT_"))
    own: list[Any] = [resource.getrlimit(getattr(resource, name)) for name in names]
    own += [os.getpriority(os.PRIO_PROCESS, 0)]
    if hasattr(os, "sched_getscheduler"):
        own += [os.sched_getaffinity(0), os.sched_getscheduler(0)]
    return own


def become(uid: int | None) -> None:
    """Turn from root into `uid`, for good; None changes nothing."""
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
    """The user of a process whose folder in /proc is root's, because it may not be dumped."""
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
    """Linux's prctl(option, value); False where it does not exist or refuses."""
    try:
        return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


def peak_memory() -> int:
    """Bytes of memory that this process held at most."""
    if resource is None:
        return 0
    peak: int = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * 1024
