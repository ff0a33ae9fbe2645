"""The `bench` fixture: one call of a solution, timed in a worker, reported through pytest-benchmark."""

from __future__ import annotations

import math
import time
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from katagrad.bench import machine
from katagrad.boundary.implementation import Implementation, Remote
from katagrad.boundary.process import Pool
from katagrad.boundary.transport import Transport
from katagrad.submission import Submission
from katagrad.topics import Topic

SETS = 3  # copies of the inputs that take turns, so that no call finds its own data in the caches
BLOCK_SECONDS = 0.025  # long enough that neither the timer nor a context switch decides
BLOCKS, QUICK_BLOCKS, LEAST_BLOCKS = 20, 5, 5
BUDGET_SECONDS = 6.0  # for the blocks of one benchmark
SECONDS = 600.0  # before a benchmark counts as hung


class Clock:
    """The clock that pytest-benchmark reads: it goes on by the seconds that a worker measured."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


CLOCK = Clock()


@dataclass
class Ceilings:
    """What the machine could do at its best in this run. matmul in FLOP/s by size, copy in bytes/s."""

    matmul: dict[int, float] = field(default_factory=dict)
    copy: float = 0.0

    @property
    def flops(self) -> float:
        """The best rate of any size."""
        return max(self.matmul.values(), default=0.0)


class Runner:
    """One framework's benchmarks in one session: the pool of workers, and the ceilings measured beside them."""

    def __init__(
        self,
        submission: Submission,
        framework: str,
        threads: int,
        device: str,
        quick: bool,
        mode: str,
    ) -> None:
        from katagrad.boundary.launcher import PlainLauncher
        from katagrad.worker.limits import Limits

        class TimedLauncher(PlainLauncher):
            """A plain worker with pinned threads and an allocator that keeps its memory."""

            def environment(self, folder: Any) -> dict[str, str]:
                return super().environment(folder) | machine.settings(threads)

        limits = Limits(wall=SECONDS, cpu=36_000, memory=1 << 40, message=1 << 34)
        self.pool = Pool(limits, TimedLauncher(), threads=threads, device=device)
        self.submission, self.framework = submission, framework
        self.threads, self.device, self.quick, self.mode = threads, device, quick, mode
        self.ceilings = Ceilings()
        self.about: dict[str, Any] = {}

    def calibrate(self, seconds: float = 0.15) -> Ceilings:
        """Measure the ceilings in a process of their own, and keep the best so far. Returns those of now."""
        now = Ceilings()
        worker = self.pool.worker(self.framework)
        deadline = time.monotonic() + SECONDS
        for size in (512, 1024, 2048):
            rate = worker.request("ceiling", deadline, kind="matmul", size=size, seconds=seconds)[
                "value"
            ]
            now.matmul[size] = rate
            self.ceilings.matmul[size] = max(rate, self.ceilings.matmul.get(size, 0.0))
        now.copy = worker.request("ceiling", deadline, kind="copy", size=1 << 24, seconds=seconds)[
            "value"
        ]
        self.ceilings.copy = max(now.copy, self.ceilings.copy)
        self.about = worker.request("hardware", deadline)["value"]
        worker.close()
        return now

    def close(self) -> None:
        """End the workers."""
        self.pool.close()


class Bench:
    """What a function `bench_...(bench)` is given."""

    def __init__(
        self, benchmark: Any, runner: Runner, topic: Topic, name: str, size: str | None
    ) -> None:
        self.benchmark, self.runner, self.topic, self.size = benchmark, runner, topic, size
        source = runner.submission.source(topic)
        self.transport = Transport(runner.pool, source)
        self.transport.begin(0, SECONDS)
        self.impl = Implementation(self.transport)
        self.generator = np.random.default_rng(zlib.crc32(name.encode()))

    def normal(self, *size: int, scale: float = 1.0) -> np.ndarray:
        """Draws of mean 0: float32 in the worker. The same for the same benchmark."""
        return self.generator.standard_normal(size, np.float32) * np.float32(scale)

    def uniform(self, *size: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
        """Draws from `low` to `high`: float32 in the worker."""
        return (self.generator.random(size, np.float32) * (high - low) + low).astype(np.float32)

    def integers(self, high: int, *size: int) -> np.ndarray:
        """Integers from 0 to `high` - 1: int64."""
        return self.generator.integers(0, high, size)

    def rng(self, seed: int = 0) -> Any:
        """A NumPy Generator as an argument."""
        return self.impl.rng(seed)

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the solution beforehand; what is no number stays in the worker as a Remote."""
        return self.impl.call(name, *args, **kwargs)

    def write(self, files: dict[str, bytes]) -> str:
        """Write files into the worker's private folder; returns that folder."""
        return self.impl.write(files)

    def time(
        self,
        target: str | tuple[Remote, str] | Remote,
        *args: Any,
        items: float,
        unit: str,
        flops: float | None = None,
        bytes: float | None = None,
        backward: bool = False,
        wrt: Any = 0,
        output: Any = (),
        exhaust: bool = False,
        **kwargs: Any,
    ) -> None:
        """Time one call of `target`: a function's name, a Remote, or (Remote, method).

        items, unit: what one call handles, "rows" say. flops, bytes: of one call, where they are known.
        backward: time the call and its gradient by `wrt`. output: path to the tensor that is differentiated.
        exhaust: time the call and all the items of the iterator that it returns.
        """
        started = time.monotonic()
        impl, runner = self.impl, self.runner
        if isinstance(target, str):
            self.transport.require(target)
        remote = target if isinstance(target, (str, tuple)) else (target, "")
        call = {
            "target": remote if isinstance(remote, str) else (remote[0]._handle, remote[1]),
            "args": [impl._send(a) for a in args],
            "kwargs": {k: impl._send(v) for k, v in kwargs.items()},
            "backward": backward,
            "exhaust": exhaust,
            "wrt": [
                w._handle if isinstance(w, Remote) else w
                for w in (wrt if isinstance(wrt, list) else [wrt])
            ],
            "output": list(output) if isinstance(output, (list, tuple)) else [output],
        }
        handle, first, warm = self._ask("prepare", call=call, sets=SETS, mode=runner.mode)
        count = max(1, math.ceil(BLOCK_SECONDS / max(warm, 1e-9)))
        wanted = QUICK_BLOCKS if runner.quick else BLOCKS
        rounds = max(min(wanted, int(BUDGET_SECONDS / (warm * count))), LEAST_BLOCKS)

        def block() -> None:
            CLOCK.now += self._ask("block", handle=handle, count=count) / count

        self.benchmark.pedantic(block, rounds=rounds, iterations=1)
        told = {"items": items, "unit": unit, "flops": flops, "bytes": bytes, "backward": backward}
        about = {
            "first_call": first,
            "calls_a_block": count,
            "blocks": rounds,
            "mode": runner.mode,
            "size": self.size,
        }
        self._report({**told, **about, "seconds_spent": round(time.monotonic() - started, 2)})

    def _ask(self, op: str, **arguments: Any) -> Any:
        self.transport.deadline = time.monotonic() + SECONDS
        return self.transport.request(op, f"timing {self.topic.name}", arguments)

    def _report(self, told: dict[str, Any]) -> None:
        runner = self.runner
        stats = getattr(self.benchmark, "stats", None)
        hardware = self._ask("hardware")
        info = {
            **told,
            "topic": self.topic.name,
            "framework": runner.framework,
            "versions": runner.pool.versions(runner.framework),
            "device": runner.device,
            "threads": runner.threads,
            "settings": machine.settings(runner.threads),
            "machine": machine.describe(),
            "hardware": {k: v for k, v in hardware.items() if k != "peak_memory"},
            "state": machine.load(),
            "peak_memory": hardware["peak_memory"],
            "ceiling_flops": runner.ceilings.flops,
            "ceiling_copy": runner.ceilings.copy,
        }
        if stats is not None:  # absent under --benchmark-disable
            median = stats.stats.median
            info["throughput"] = told["items"] / median
            for key, ceiling in (("flops", "ceiling_flops"), ("bytes", "ceiling_copy")):
                if told[key]:
                    info[f"{key}_per_second"] = told[key] / median
                    info[f"share_of_{key}"] = self._share(
                        told[key] / stats.stats.min, ceiling, info
                    )
        self.benchmark.extra_info.update(info)

    def _share(self, rate: float, ceiling: str, info: dict[str, Any]) -> float:
        """The best block's share of a ceiling, measured anew if it seems to be above it."""
        runner = self.runner
        if rate > info[ceiling]:
            runner.calibrate(0.5)
            info["ceiling_flops"], info["ceiling_copy"] = (
                runner.ceilings.flops,
                runner.ceilings.copy,
            )
        # A call that finds its data in a cache may pass the bandwidth of memory, and is no error.
        limit = 1.05 if ceiling == "ceiling_flops" else 20.0
        if rate > limit * info[ceiling]:
            pytest.fail(
                f"{rate:.3g} a second is {rate / info[ceiling]:.0%} of what this machine reached at its best "
                f"({info[ceiling]:.3g}): the flops or bytes of this benchmark, or its timing, are wrong"
            )
        return rate / info[ceiling] if info[ceiling] else 0.0

    def close(self) -> None:
        """End the worker of this benchmark."""
        self.transport.close()
