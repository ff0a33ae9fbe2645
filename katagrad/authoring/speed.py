"""Graded throughput, an option of a course: the driver times a submission's function against a reference.

The reference runs in a twin: a worker of its own, forked from a server of its own, which the submission can neither
read nor change. The driver calls both in turn, in rounds of four blocks (student, reference, reference, student), and
times the round trips by its own clock. A round gives one ratio; the verdict is based on an
interval for the median ratio.

A check fails only if the whole interval lies below the bound, so that a slow or busy machine costs no points; an
interval that contains the bound passes, and the record says that speed could not be judged.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from katagrad.authoring.context import current
from katagrad.authoring.draws import generator
from katagrad.authoring.interval import LEAST, interval, median
from katagrad.boundary.implementation import Implementation
from katagrad.boundary.transport import Transport
from katagrad.errors import Failure, NotGraded
from katagrad.worker.wire import WithLayout

# Long beside the 0.2 ms of a round trip.
BLOCK_SECONDS = 0.05
ROUNDS = 12
# Calls in one block, whose inputs are all held in memory.
MOST_CALLS = 5_000
# A very slow submission may leave no time for the rounds that an interval needs. No busy machine makes
# one side of a round this much slower than the other.
BEYOND_DOUBT = 5.0
# Share of the check's time limit; the rest is for the block that is running when it is used up.
SHARE_OF_TIME = 0.7
# For the product of a result with random weights, relative to the norm of the result, in float32.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Comparison:
    """Throughput of a submission over that of the reference: one ratio a round, the median, a 95 % interval."""

    ratios: tuple[float, ...]
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, ratios: Sequence[float]) -> Comparison:
        """From the ratios of the rounds."""
        return cls(tuple(ratios), median(ratios), *interval(ratios))

    def below(self, bound: float) -> bool:
        """Whether the submission is slower than the bound by more than noise explains."""
        if len(self.ratios) < LEAST:
            return max(self.ratios) * BEYOND_DOUBT < bound
        return self.high < bound

    def reaches(self, bound: float) -> bool:
        """Whether all of the interval lies at the bound or above."""
        return self.low >= bound

    def __str__(self) -> str:
        if len(self.ratios) < LEAST:
            return f"{self.median:.3g} times the reference's (in {len(self.ratios)} rounds)"
        return (
            f"{self.median:.3g} times the reference's (between {self.low:.3g} and {self.high:.3g})"
        )


class Side:
    """One of the two workers. draw: makes the arguments of a call. probe: random weights of a result's shape."""

    def __init__(
        self, transport: Transport, name: str, send: Callable[[Any], Any], probe: Any
    ) -> None:
        self.transport, self.name, self.send, self.probe = transport, name, send, probe
        self.count = 1

    def block(self, inputs: Sequence[Sequence[Any]]) -> tuple[float, list[float]]:
        """(seconds that calls on `inputs` took by the driver's clock, sum(result * probe) of each call)."""
        sets = [[self.send(value) for value in one] for one in inputs]
        self.transport.request("stage", self.name, {"sets": sets})
        started = time.perf_counter()
        products = self.transport.request(
            "run", self.name, {"name": self.name, "probe": self.probe}
        )
        seconds = time.perf_counter() - started
        if not isinstance(products, list) or len(products) != len(sets):
            raise Failure(
                f"{self.name} was called {len(sets)} times, but gave other than {len(sets)} results"
            )
        return seconds, products

    def size(self, draw: Callable[[int], list[Sequence[Any]]]) -> None:
        """Find the number of calls that fill a block, which also warms up the function."""
        self.block(draw(1))
        while True:
            seconds, _ = self.block(draw(self.count))
            if seconds >= BLOCK_SECONDS or self.count >= MOST_CALLS:
                return
            grown = math.ceil(self.count * min(8.0, 1.2 * BLOCK_SECONDS / seconds))
            self.count = min(max(grown, self.count + 1), MOST_CALLS)


def compare(
    student: Side,
    reference: Side,
    draw: Callable[[int], list[Sequence[Any]]],
    verify: Callable[[Sequence[Any], float], None],
    bound: float,
    until: float,
) -> Comparison:
    """Time both in turn. verify: raises Failure if a result of the student is wrong.

    until: time.monotonic() after which no round begins. Ends early where the bound is reached.
    """
    reference.size(draw)
    student.size(draw)
    ratios: list[float] = []
    while len(ratios) < ROUNDS and (not ratios or time.monotonic() < until):
        inputs = [draw(max(student.count, reference.count)) for _ in range(2)]
        seconds = {id(student): 0.0, id(reference): 0.0}
        for side, given in zip((student, reference, reference, student), (0, 0, 1, 1), strict=True):
            mine = inputs[given][: side.count]
            spent, answers = side.block(mine)
            seconds[id(side)] += spent / side.count
            if side is student:
                chosen = int(generator().integers(len(mine)))
                verify(mine[chosen], answers[chosen])
        ratios.append(seconds[id(reference)] / seconds[id(student)])
        if len(ratios) >= LEAST and Comparison.of(ratios).reaches(bound):
            break
    return Comparison.of(ratios)


def throughput(
    impl: Implementation,
    name: str,
    at_least: float,
    draw: Callable[[], Sequence[Any]],
    oracle: Callable[..., np.ndarray],
    returns: str | None = None,
) -> None:
    """Expect `name` to handle at least `at_least` times as many calls a second as the reference.

    The reference is the function of that name in benchmarks/references/<framework>/<topic>.py. draw: the arguments
    of one call, drawn anew each time it is asked. oracle: the result, from those arguments as plain arrays. returns:
    the layout of the result, "image" or None. For use in checks marked with `speed=True` alone.
    Raises Failure, and notes in the record what could not be judged.
    """
    transport = impl._transport
    twin = _twin(transport)
    transport.require(name)
    left = transport.deadline - time.monotonic()
    try:
        twin.begin(0, left)  # starts a server, which is not the student's time
        transport.deadline = twin.deadline = time.monotonic() + left
        found = _measure(impl, transport, twin, name, at_least, draw, oracle, returns)
    finally:
        twin.close()
    if found.below(at_least):
        raise Failure(
            f"the throughput of {name} is {found}, but should be at least {at_least:g} times the reference's"
        )
    if not found.reaches(at_least):
        current().notes.append(
            f"cannot judge: the throughput of {name} is {found}, and the bound is {at_least:g}; counted as passed"
        )


def _measure(
    impl: Implementation,
    transport: Transport,
    twin: Transport,
    name: str,
    bound: float,
    draw: Callable[[], Sequence[Any]],
    oracle: Callable[..., np.ndarray],
    returns: str | None,
) -> Comparison:
    shape = np.shape(_result(oracle, draw()))
    weights = np.asarray(generator().standard_normal(shape), np.float32)
    probe = WithLayout(weights, returns) if returns else weights

    def verify(arguments: Sequence[Any], product: float) -> None:
        expected = np.asarray(_result(oracle, arguments), np.float64)
        apart = abs(float((expected * weights).sum()) - product)
        if not apart <= TOLERANCE * float(np.linalg.norm(expected)):
            raise Failure(
                f"{name} gave a wrong result while its speed was measured: speed counts for right results only"
            )

    sides = [Side(one, name, impl._send, probe) for one in (transport, twin)]
    until = time.monotonic() + SHARE_OF_TIME * (transport.deadline - time.monotonic())
    draws = lambda count: [draw() for _ in range(count)]  # noqa: E731
    return compare(sides[0], sides[1], draws, verify, bound, until)


def _result(oracle: Callable[..., np.ndarray], arguments: Sequence[Any]) -> np.ndarray:
    plain = [value.array if isinstance(value, WithLayout) else value for value in arguments]
    return oracle(*plain)


def _twin(transport: Transport) -> Transport:
    """A transport to the reference of a submission's topic. Raises NotGraded where there is none."""
    make = getattr(transport.pool, "twin", None)
    if make is None:
        raise NotGraded("speed is not graded in-process: leave --in-process out")
    return Transport(make(), transport.source.reference())
