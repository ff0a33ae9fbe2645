"""Time two or more versions of one solution in turn: warm workers side by side, blocks in balanced order.

A *lane* is one version: a folder of solutions and the interpreter whose framework runs it. A *launch* starts a fresh
server for each lane; every benchmark of a launch runs in children of those servers. Both the benchmarks and the code
that times are the driver's, for every lane: what differs is the solutions and the environment, and nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from katagrad.bench.blocks import calls
from katagrad.bench.fixture import Bench
from katagrad.bench.runner import TIMED, TimedLauncher, gpus
from katagrad.boundary.process import Pool
from katagrad.errors import Failure, NotGraded
from katagrad.grading.submission import Submission
from katagrad.topics import Topic

# Short, so that some blocks run undisturbed beside a busy neighbour.
BLOCK_SECONDS = 0.008
ROUNDS, LEAST_ROUNDS = 40, 6
# For all blocks of one benchmark in one launch.
BUDGET_SECONDS = 6.0


class Unmeasurable(Exception):
    """A benchmark cannot be timed in some lane; the message says why.

    cause: the exception there, if any. hint: what to do about it.
    """

    def __init__(self, message: str, lane: str = "", cause: Exception | None = None) -> None:
        super().__init__(f"{lane}: {message}" if lane else message)
        self.lane, self.cause, self.hint = lane, cause, ""

    def __str__(self) -> str:
        return f"{super().__str__()}; {self.hint}" if self.hint else super().__str__()


@dataclass(frozen=True)
class Lane:
    """One version.

    python: the interpreter that has its framework. slower: an artificial slowdown, for trials of the rule.
    """

    name: str
    folder: Path
    python: str = sys.executable
    slower: float = 0.0


@dataclass(frozen=True)
class Conditions:
    """Settings that all lanes share."""

    framework: str
    threads: int = 1
    device: str = "cpu"
    mode: str = "eager"


class Case(Protocol):
    """What can be timed in several lanes."""

    @property
    def label(self) -> str:
        """How a report names it."""

    def side(self, lane: Lane, pool: Pool, conditions: Conditions) -> Any:
        """The `bench` that stands for one lane."""

    def call(self, side: Any) -> None:
        """Run the benchmark's function with a side."""

    def is_new(self, lanes: Sequence[Lane], reason: Unmeasurable) -> bool:
        """Whether the first lane lacks what the second has, so that there is nothing to compare."""

    def check(self, side: Any, lane: Lane) -> None:
        """Raise Unmeasurable if a lane's code is not what was loaded."""


@dataclass(frozen=True)
class Benchmark:
    """A function of benchmarks/<topic>.py with its parameters."""

    topic: Topic
    name: str
    function: Any = field(repr=False, compare=False)
    parameters: dict[str, Any] = field(compare=False)

    @property
    def label(self) -> str:
        """How a report names it."""
        return f"{self.topic.name}::{self.name}"

    @property
    def size(self) -> str | None:
        """The name of its size."""
        return self.parameters.get("size")

    def side(self, lane: Lane, pool: Pool, conditions: Conditions) -> Any:
        """The `bench` that stands for one lane."""
        setting = Setting(lane, pool, conditions)
        setting.submission = Submission(lane.folder, conditions.framework)
        return _Side(None, setting, self.topic, self.name, self.size)  # type: ignore[arg-type]

    def call(self, side: Any) -> None:
        """Run the benchmark's function with a side."""
        self.function(bench=side, **self.parameters)

    def is_new(self, lanes: Sequence[Lane], reason: Unmeasurable) -> bool:  # noqa: ARG002
        """Whether the base has no such file, or lacks a function that the head has: nothing to compare."""
        before, now = (Submission(lane.folder).source(self.topic) for lane in lanes)
        try:
            return bool(set(now.functions) - set(before.functions))
        except Failure:  # a file that is not there, or is no Python
            return before.file not in before.files

    def check(self, side: Any, lane: Lane) -> None:
        """Raise Unmeasurable if a lane's code is not what was loaded."""


class _Captured(Exception):
    def __init__(self, prepared: Any) -> None:
        self.handle, _, self.warm = prepared[:3]


class Capturing:
    """Makes a `bench` do everything up to the timing, and then stop. A mixin."""

    slower = 0.0

    def _ask(self, op: str, **arguments: Any) -> Any:
        if op == "prepare" and self.slower:
            arguments["call"]["slower"] = self.slower
        answer = super()._ask(op, **arguments)  # type: ignore[misc]
        if op == "prepare":
            raise _Captured(answer)
        return answer


class _Side(Capturing, Bench):
    """The `bench` of a topic's benchmark in one lane."""


class Launch:
    """A fresh server for each lane. turn: 1 reverses the order in which they start, and in which they are timed."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        conditions: Conditions,
        turn: int = 0,
        launcher: type[TimedLauncher] = TimedLauncher,
    ) -> None:
        self.lanes, self.conditions = lanes, conditions
        # What starts first gets the better pages: one lane always first was 3 % faster at some benchmarks.
        self.order = list(range(len(lanes)))[:: -1 if turn % 2 else 1]
        launchers = [launcher(conditions.threads, python=lane.python) for lane in lanes]
        self.pools = [
            Pool(TIMED, one, threads=conditions.threads, device=conditions.device)
            for one in launchers
        ]
        for i in self.order:
            self.pools[i].prepare(conditions.framework)

    def versions(self) -> list[dict[str, str]]:
        """Versions of the libraries in each lane. Raises NotGraded if a framework is not available."""
        return [pool.versions(self.conditions.framework) for pool in self.pools]

    def check_device(self) -> None:
        """Raise NotGraded where there is no device of the kind that is wanted."""
        device, framework = self.conditions.device, self.conditions.framework
        if device != "cpu" and not gpus(self.pools[-1], framework):
            raise NotGraded(f"no GPU that {framework} can use; leave out --device {device}")

    def time(
        self, benchmark: Case, rounds: int = ROUNDS, only: Sequence[int] | None = None
    ) -> list[list[float]]:
        """Seconds of a call in each block, (lanes, rounds). Raises Unmeasurable where a lane cannot run it.

        only: the lanes that are timed; the others' lists are empty.
        """
        order = [i for i in self.order if only is None or i in only]
        with self._sides(benchmark, order) as sides:
            ready: dict[int, _Captured] = {}
            for i in order:
                ready[i] = self._prepare(benchmark, sides[i], self.lanes[i])
                benchmark.check(sides[i], self.lanes[i])
            # The same number of calls in every lane, so that a block is the same work.
            count = max(self._calls(sides[i], ready[i]) for i in order)
            longest = max(BLOCK_SECONDS, *(one.warm for one in ready.values()))
            room = int(BUDGET_SECONDS / (len(order) * longest))
            blocks: list[list[float]] = [[] for _ in self.lanes]
            for number in range(max(min(rounds, room), LEAST_ROUNDS)):
                # Each lane starts a round in its turn. Running back and forth would let the outer lanes run
                # twice in a row, with warm caches.
                first = number % len(order)
                for i in order[first:] + order[:first]:
                    seconds = sides[i]._ask("block", handle=ready[i].handle, count=count)
                    blocks[i].append(seconds / count)
        return blocks

    def _calls(self, side: Any, ready: _Captured) -> int:
        """How many calls fill a block in one lane."""
        return calls(
            lambda count: float(side._ask("block", handle=ready.handle, count=count)),
            ready.warm,
            BLOCK_SECONDS,
        )

    @contextmanager
    def _sides(self, benchmark: Case, wanted: Sequence[int]) -> Iterator[dict[int, Any]]:
        sides: dict[int, Any] = {}
        try:
            for i in wanted:
                lane = self.lanes[i]
                try:
                    sides[i] = benchmark.side(lane, self.pools[i], self.conditions)
                except Failure as reason:
                    raise Unmeasurable(str(reason), lane.name, reason) from None
                sides[i].slower = lane.slower
            yield sides
        finally:
            for side in sides.values():
                side.close()

    def _prepare(self, benchmark: Case, side: Any, lane: Lane) -> _Captured:
        try:
            benchmark.call(side)
        except _Captured as captured:
            return captured
        except (pytest.skip.Exception, pytest.fail.Exception) as word:
            raise Unmeasurable(str(word), lane.name) from None
        except Exception as error:
            said = str(error) or type(error).__name__
            raise Unmeasurable(said, lane.name, error) from None
        raise Unmeasurable("it times nothing", lane.name)

    def close(self) -> None:
        """End the servers."""
        for pool in self.pools:
            pool.close()


class Setting:
    """The part of a runner that `Bench` uses, for one lane."""

    quick = False
    precision = "float32"
    submission: Submission

    def __init__(self, lane: Lane, pool: Pool, conditions: Conditions) -> None:
        self.lane, self.pool = lane, pool
        self.framework, self.mode = conditions.framework, conditions.mode
        self.threads, self.device = conditions.threads, conditions.device
