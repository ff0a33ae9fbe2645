"""One framework's benchmarks in one session: the workers, and the ceilings measured beside them."""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from katagrad.bench import machine
from katagrad.boundary.process import Pool
from katagrad.grading.submission import Submission
from katagrad.isolation.launcher import PlainLauncher
from katagrad.worker.limits import Limits

# After which a benchmark counts as hung.
SECONDS = 600.0
# Seconds after which the ceilings are measured again before the next topic.
FRESH = 30.0
# Precisions whose numbers have two bytes.
HALVES = ("float16", "bfloat16")
# Seconds for each ceiling.
PROBE, QUICK_PROBE = 0.15, 0.05
MATMULS = (512, 1024, 2048)
# Floats of a copy: in the caches of a core, in the one that cores share, and in memory.
COPIES = (1 << 13, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24)
# A GPU reaches its best on larger ones, and has caches of tens of megabytes.
GPU_MATMULS, GPU_COPIES = (*MATMULS, 4096, 8192), (*COPIES, 1 << 26)
# Share of the free memory that a worker may use; the driver and the system need some, too.
SHARE_OF_MEMORY = 0.9
# A solution that is timed is trusted; a compiler writes large files.
TIMED = Limits(wall=SECONDS, cpu=36_000, memory=1 << 40, message=1 << 34, file=1 << 34)


@dataclass
class Ceilings:
    """The best rates of the machine in this run. matmul in FLOP/s, copies in bytes/s, both by size.

    width: bytes of a number that is copied.
    """

    matmul: dict[int, float] = field(default_factory=dict)
    copies: dict[int, float] = field(default_factory=dict)
    width: int = 4

    @property
    def flops(self) -> float:
        """The best rate of any size."""
        return max(self.matmul.values(), default=0.0)

    def copy(self, moved: float | None = None) -> float:
        """The best rate of a copy that moves at least as many bytes as a call; that of memory if they are not known.

        What fits in a cache is faster than memory, and so is a copy of that size.
        """
        each = 2.0 * self.width  # a number is read and written
        largest = each * max(self.copies, default=0)
        least = min(moved or largest, largest)
        return max(
            (rate for size, rate in self.copies.items() if each * size >= least), default=0.0
        )


class TimedLauncher(PlainLauncher):
    """A plain worker with pinned threads and an allocator that keeps its memory.

    cache: where torch.compile keeps what it compiled, for as long as the session lasts; by default where it
    chooses. python: the interpreter that has the framework.
    """

    def __init__(self, threads: int, cache: str = "", python: str = "") -> None:
        super().__init__(python=python)
        self.threads, self.cache = threads, cache

    def environment(self, folder: Any) -> dict[str, str]:
        """A worker's environment, with the settings that a figure depends on."""
        timed = {
            "KATAGRAD_TIMED": "1"
        }  # frameworks stay as they come, where grading would have them start sooner
        compiler = {"TORCHINDUCTOR_CACHE_DIR": self.cache, "TORCHINDUCTOR_COMPILE_THREADS": "1"}
        return (
            super().environment(folder)
            | machine.settings(self.threads)
            | timed
            | (compiler if self.cache else {})
        )


class Runner:
    """The pool of workers of one framework, and what all its benchmarks share."""

    def __init__(
        self,
        submission: Submission,
        framework: str,
        threads: int,
        device: str,
        quick: bool,
        mode: str,
        precision: str = "float32",
    ) -> None:
        self.submission, self.framework = submission, framework
        self.threads, self.device, self.quick, self.mode = threads, device, quick, mode
        self.precision = precision
        # Folder for profiles, if any are wanted.
        self.profile: Path | None = None
        self.cache = tempfile.TemporaryDirectory(prefix="katagrad-compiled-")
        self.pool = self._pool(threads)
        self.ceilings = Ceilings(width=2 if precision in HALVES else 4)
        self.measured = -FRESH
        self._versions: dict[str, str] = {}
        self._gpus: list[str] | None = None
        self._others: dict[int, Pool] = {}

    def _pool(self, threads: int) -> Pool:
        launcher = TimedLauncher(threads, self.cache.name)
        return Pool(TIMED, launcher, threads=threads, device=self.device)

    def other(self, threads: int) -> Pool:
        """A second pool, whose workers have another number of threads and live beside those of `pool`."""
        if threads not in self._others:
            self._others[threads] = self._pool(threads)
        self._bound(self._others[threads])
        return self._others[threads]

    def bound(self) -> None:
        """Limit the next worker to the memory that is free, so that a benchmark that needs more ends with a reason."""
        self._bound(self.pool)

    def _bound(self, pool: Pool) -> None:
        free = machine.available()
        if free is not None and self.device == "cpu":
            pool.limits = dataclasses.replace(pool.limits, memory=int(free * SHARE_OF_MEMORY))

    @property
    def versions(self) -> dict[str, str]:
        """Versions of the libraries in the workers."""
        if not self._versions:
            self._versions = self.pool.versions(self.framework)
        return self._versions

    def lacking(self) -> str:
        """Why the requested device is not available; "" if it is."""
        if self.device == "cpu":
            return ""
        if self._gpus is None:
            self._gpus = gpus(self.pool, self.framework)
        return "" if self._gpus else f"no GPU that {self.framework} can use"

    def calibrate(self, seconds: float | None = None) -> Ceilings:
        """Measure the ceilings in a separate process, and keep the best so far. Returns the new ones."""
        seconds = seconds or (QUICK_PROBE if self.quick else PROBE)
        now = Ceilings(width=self.ceilings.width)
        on_cpu = self.device == "cpu"
        worker = self.pool.worker(self.framework)
        deadline = time.monotonic() + SECONDS
        try:
            if self.precision != "float32":
                worker.request("precision", deadline, name=self.precision)
            ask = {"deadline": deadline, "seconds": seconds}
            for size in MATMULS if on_cpu else GPU_MATMULS:
                rate = worker.request("ceiling", kind="matmul", size=size, **ask)["value"]
                now.matmul[size] = rate
                self.ceilings.matmul[size] = max(rate, self.ceilings.matmul.get(size, 0.0))
            for size in COPIES if on_cpu else GPU_COPIES:
                rate = worker.request("ceiling", kind="copy", size=size, **ask)["value"]
                now.copies[size] = rate
                self.ceilings.copies[size] = max(rate, self.ceilings.copies.get(size, 0.0))
        finally:
            worker.close()
        self.measured = time.monotonic()
        return now

    def refresh(self) -> None:
        """Measure the ceilings, unless they were measured shortly before."""
        if time.monotonic() - self.measured >= FRESH:
            self.calibrate()

    def close(self) -> None:
        """End the workers."""
        for pool in (self.pool, *self._others.values()):
            pool.close()
        self.cache.cleanup()


def gpus(pool: Pool, framework: str) -> list[str]:
    """The GPUs that a framework can use here, by name, asked in a worker. Raises NotGraded where it cannot start."""
    worker = pool.worker(framework)
    try:
        return list(worker.request("devices", time.monotonic() + SECONDS)["value"])
    finally:
        worker.close()


def all_threads() -> int:
    """As many threads as this process may run at once."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def warnings(threads: int) -> list[str]:
    """Lines for whoever is about to time: that the machine is busy, or has fewer cores than threads are wanted."""
    cores = all_threads()
    many = (
        f"warning: {threads} threads on {cores} core{'s' if cores > 1 else ''}: they will wait for each other, and "
        f"figures will be too slow; {cores} is the most that can run at once."
        if threads > cores
        else ""
    )
    return [line for line in (machine.busy(), many) if line]
