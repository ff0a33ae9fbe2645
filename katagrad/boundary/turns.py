"""How long a worker waited for a processor that other programs had, so that a busy machine costs no points."""

# Files of /proc, where a Path is in the way.
# ruff: noqa: PTH123, PTH208
from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable

# Nanoseconds in which a thread ran, and in which it was ready to run and waited, by thread.
Times = dict[str, tuple[int, int]]


class Turns:
    """Counts from its making. Reads what Linux keeps for each thread (/proc/PID/task/TID/schedstat).

    Elsewhere nothing is kept, so that nobody ever seems to have waited.
    """

    def __init__(self, pids: Iterable[int] = ()) -> None:
        self._before, self._stolen = _threads(pids), _stolen()

    def since(self, pids: Iterable[int]) -> tuple[float, float]:
        """Seconds in which the threads of `pids` ran, added up, and for which one of them waited at most.

        Time that a virtual machine had no processor counts as waiting. Threads that ended are not counted.
        """
        ran, waited = 0, 0
        for thread, (running, waiting) in _threads(pids).items():
            before = self._before.get(thread, (0, 0))
            ran += running - before[0]
            waited = max(waited, waiting - before[1])
        return ran / 1e9, waited / 1e9 + _stolen() - self._stolen


def _threads(pids: Iterable[int]) -> Times:
    found: Times = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{pid}/task"):
                # A thread may end at any time.
                with contextlib.suppress(OSError, ValueError, IndexError):
                    with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                        times = file.read().split()
                    found[thread] = int(times[0]), int(times[1])
    return found


def _stolen() -> float:
    """Seconds since the start in which a host gave the processors of this virtual machine to others, per processor."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        with open("/proc/stat") as file:
            steal = int(file.readline().split()[8])
        return steal / os.sysconf("SC_CLK_TCK") / (os.cpu_count() or 1)
    return 0.0
