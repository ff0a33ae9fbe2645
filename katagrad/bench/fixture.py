"""The `bench` fixture: one call of a solution, timed in a worker, reported through pytest-benchmark."""

from __future__ import annotations

import inspect
import math
import time
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from katagrad.bench import machine, pairs, profile
from katagrad.bench.blocks import BLOCK_SECONDS, calls
from katagrad.bench.runner import HALVES, Runner
from katagrad.bench.solution import Solution
from katagrad.boundary.implementation import Remote
from katagrad.errors import StudentError
from katagrad.topics import Topic

# Copies of the inputs that take turns, so that no call finds its own data in the caches.
SETS = 3
BLOCKS, QUICK_BLOCKS, LEAST_BLOCKS = 20, 5, 5
# For the blocks of one benchmark.
BUDGET_SECONDS = 6.0
# Version of how a figure is measured; figures of two protocols do not belong to one series.
PROTOCOL = 3
# The ceiling of each rate: operations a second, and bytes a second.
CEILINGS = {"flops": "ceiling_flops", "bytes": "ceiling_copy"}


class Clock:
    """The clock that pytest-benchmark reads. It advances by the seconds that a worker measured."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


CLOCK = Clock()


class Timing(Solution):
    """Makes inputs, and times one call of what a worker holds."""

    def __init__(
        self, benchmark: Any, runner: Runner, topic: Topic, name: str, size: str | None
    ) -> None:
        super().__init__(runner, topic)
        self.benchmark, self.name, self.size = benchmark, name, size
        self.generator = np.random.default_rng(zlib.crc32(name.encode()))
        self.drawn = 0  # bytes of inputs so far

    def normal(self, *size: int, scale: float = 1.0) -> np.ndarray:
        """Draws of mean 0: float32 in the worker. Each run of a benchmark has the same draws."""
        self._make_room(4 * math.prod(size))
        return self.generator.standard_normal(size, np.float32) * np.float32(scale)

    def uniform(self, *size: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
        """Draws from `low` to `high`: float32 in the worker."""
        self._make_room(4 * math.prod(size))
        return (self.generator.random(size, np.float32) * (high - low) + low).astype(np.float32)

    def integers(self, high: int, *size: int) -> np.ndarray:
        """Integers from 0 to `high` - 1: int64."""
        self._make_room(8 * math.prod(size))
        return self.generator.integers(0, high, size)

    def _make_room(self, count: int) -> None:
        """Skip where the inputs alone do not fit: once here, once on their way, and SETS times in the worker."""
        self.drawn += count
        free = machine.available()
        need = self.drawn * (SETS + 1) + count
        if free is not None and need > free:
            pytest.skip(
                f"needs about {machine.gib(need)} for its inputs, {machine.gib(free)} are free"
            )

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
        against: Any = None,
        **kwargs: Any,
    ) -> None:
        """Time one call of `target`: a function's name, a Remote, or (Remote, method).

        items, unit: what one call processes, for example 256 and "rows". flops, bytes: of one call, if known.
        backward: time the call and its gradient by `wrt`. output: path to the tensor that is differentiated.
        exhaust: time the call and all the items of the iterator that it returns.
        against: what it is compared with, timed in alternating blocks: see `katagrad.bench.pairs`.
        """
        started = time.monotonic()
        runner = self.runner
        if isinstance(target, str):
            self.transport.require(target)
        how = {
            "backward": backward,
            "exhaust": exhaust,
            "wrt": [
                w._handle if isinstance(w, Remote) else w
                for w in (wrt if isinstance(wrt, list) else [wrt])
            ],
            "output": list(output) if isinstance(output, (list, tuple)) else [output],
        }
        call = self._call(target, args, kwargs, how)
        handle, first, warm = self._ask("prepare", call=call, sets=SETS, mode=runner.mode)
        memory = self._ask("memory", handle=handle)
        traces = self._ask("traces", handle=handle)

        def seconds_of(calls_of_it: int) -> float:
            return float(self._ask("block", handle=handle, count=calls_of_it))

        wanted = QUICK_BLOCKS if runner.quick else BLOCKS
        if against is None:
            count = calls(seconds_of, warm)
            room = int(BUDGET_SECONDS / max(warm, BLOCK_SECONDS))
            rounds = max(min(wanted, room), LEAST_BLOCKS)

            def block() -> None:
                CLOCK.now += seconds_of(count) / count

            pair = {}
            self.benchmark.pedantic(block, rounds=rounds, iterations=1)
        else:
            mine = pairs.Side(seconds_of, warm)
            paired = pairs.PairedTiming(mine, self._rival(against, call, how), runner.quick)
            count = mine.count

            def block() -> None:
                CLOCK.now += paired.round()

            rounds = paired.rounds
            self.benchmark.pedantic(block, rounds=rounds, iterations=1)
            pair = {"pair": {"against": self._against(against), **paired.figures()}}
        halved = 0.5 if getattr(runner, "precision", "") in HALVES else 1.0
        measured = {
            "items": items,
            "unit": unit,
            "flops": flops,
            "bytes": bytes * halved if bytes else bytes,
            "backward": backward,
            "first_call": first,
            "calls_a_block": count,
            "blocks": rounds,
            "mode": runner.mode,
            "size": self.size,
            "peak_memory": memory["peak"],
            "call_memory": memory["call"],
            "first_memory": memory["first"],
            "traces": traces,
            "retraces": self._ask("traces", handle=handle) - traces,
            **pair,
            **self._profile(handle),
        }
        self._report({**measured, "seconds_spent": round(time.monotonic() - started, 2)})

    def _profile(self, handle: Any) -> dict[str, str]:
        """Write the profile of a prepared call where one is wanted: {"profile": file}, or why there is none."""
        folder = getattr(self.runner, "profile", None)
        if folder is None:
            return {}
        try:
            found = self._ask("profile", handle=handle)
        except StudentError as reason:
            return {"not_profiled": reason.detail}
        runner = self.runner
        ways = (runner.mode, runner.device, f"{runner.threads} threads", runner.precision)
        usual = ("eager", "cpu", "1 threads", "float32")
        way = [one for one, common in zip(ways, usual, strict=True) if one != common]
        title = " ".join([self.topic.name, self.name, runner.framework, *way])
        written = profile.write(folder, title, found)
        return {"profile": written.as_posix()}

    def _rival(self, against: Any, call: dict[str, Any], how: dict[str, Any]) -> pairs.Side:
        """What a call is timed against."""
        return pairs.rival(self, against, call, how)

    def _against(self, against: Any) -> str:
        """The same in words."""
        return pairs.words(against, self.runner.framework, self.runner.mode)

    def _call(
        self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any], how: dict[str, Any]
    ) -> dict[str, Any]:
        """A call in the form that the worker expects."""
        remote = target if isinstance(target, (str, tuple)) else (target, "")
        return {
            "target": remote if isinstance(remote, str) else (remote[0]._handle, remote[1]),
            "args": [self.impl._send(a) for a in args],
            "kwargs": {k: self.impl._send(v) for k, v in kwargs.items()},
            **how,
        }

    def _about(self) -> dict[str, str]:
        """What was timed, for `extra_info`."""
        return {"topic": self.topic.name}

    def _report(self, measured: dict[str, Any]) -> None:
        runner = self.runner
        stats = getattr(self.benchmark, "stats", None)
        hardware = self._ask("hardware")
        hardware.pop("peak_memory", None)
        info = {
            **measured,
            "protocol": PROTOCOL,
            **self._about(),
            "framework": runner.framework,
            "versions": runner.versions,
            "device": runner.device,
            "precision": runner.precision,
            "threads": runner.threads,
            "settings": machine.settings(runner.threads),
            "machine": machine.describe(),
            "hardware": hardware,
            "state": machine.load()
            | (machine.gpu(runner.device) if runner.device != "cpu" else {}),
            "ceiling_flops": runner.ceilings.flops,
            "ceiling_copy": runner.ceilings.copy(measured["bytes"]),
        }
        if stats is not None:  # absent under --benchmark-disable
            median = stats.stats.median
            info["throughput"] = measured["items"] / median
            known = [key for key in CEILINGS if measured[key]]
            best = {key: measured[key] / stats.stats.min for key in known}
            if any(best[key] > info[CEILINGS[key]] for key in known):
                self._calibrate_again(info)
            for key in known:
                info[f"{key}_per_second"] = measured[key] / median
                info[f"share_of_{key}"] = _share(key, best[key], info[CEILINGS[key]])
        self.benchmark.extra_info.update(info)

    def _calibrate_again(self, info: dict[str, Any]) -> None:
        """Measure the ceilings again, for longer, before any share is computed: all shares use the same ceilings."""
        ceilings = self.runner.ceilings
        self.close()  # a server holds one child at a time
        self.runner.calibrate(0.5)
        info["ceiling_flops"], info["ceiling_copy"] = ceilings.flops, ceilings.copy(info["bytes"])


def _share(key: str, rate: float, ceiling: float) -> float:
    """The best block's share of a ceiling. key: of CEILINGS. Fails if the share is too large to be right."""
    # Reading alone may be faster than a copy, and how much of its data a call finds in a cache varies.
    limit = 1.05 if key == "flops" else 1.5
    if not ceiling:
        return 0.0
    if rate > limit * ceiling:
        pytest.fail(
            f"{rate:.3g} a second is {rate / ceiling:.0%} of what this machine reached at its best "
            f"({ceiling:.3g}): the flops or bytes of this benchmark, or its timing, are wrong",
            pytrace=False,
        )
    return rate / ceiling


class Bench(Timing):
    """The argument `bench` of a function `bench_...(bench)` that times a topic's solution."""

    def rng(self, seed: int = 0) -> Any:
        """A NumPy Generator as an argument."""
        return self.impl.rng(seed)

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the solution beforehand. A result that is not numbers stays in the worker as a Remote."""
        return self.impl.call(name, *args, **kwargs)

    def sequential(self, *specs: Any) -> Remote:
        """A model of the framework's layers, as in graders."""
        return self.impl.sequential(*specs)

    def write(self, files: dict[str, bytes]) -> str:
        """Write files into the worker's private folder; returns that folder."""
        return self.impl.write(files)

    def drive(self, function: Callable[..., Any]) -> tuple[Remote, str]:
        """A target for `time`: function(solution, *arguments) in the worker, for many short calls at once.

        function: of the benchmark's own file, in plain Python; of that file, it may use its parameters alone.
        solution: the topic's module. A call under a microsecond would be timed with the loop around it.
        """
        if self.runner.mode != "eager":
            pytest.skip("plain Python: there is nothing to compile")
        source = inspect.getsource(function)
        source += f"\n\nimport {self.topic.name} as _solution\n\n\n"
        source += f"def driven(*args):\n    return {function.__name__}(_solution, *args)\n"
        name = f"{function.__name__}.py"
        return self.impl._ask("companion", name, name=name, source=source), "driven"
