"""Thresholds of training outcomes, kept together with the measurements that justify them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from katagrad.authoring.expect import median, random_seed
from katagrad.boundary.implementation import Implementation
from katagrad.errors import Failure

Measure = Callable[[Implementation, int], float]

# Training runs of an ordinary verdict, and at most.
FEW, MOST = 3, 9


@dataclass
class Threshold:
    """A bound on the median of training runs of different seeds.

    Three runs decide if their median reaches the bound. Otherwise further seeds are drawn, up to nine, and the
    median of all of them decides: a right answer has some bad runs, a wrong one has mostly bad runs.

    of: what is measured, in words: "test accuracy on digits". at_least or at_most: the bound.
    torch, tensorflow: the values that the reference solutions reached, one for each seed, at least ten;
        `python -m katagrad measure TOPIC` prints them.
    drawn: what `expect` has measured in this process, for `kata validate --seeds`.
    """

    of: str
    at_least: float | None = None
    at_most: float | None = None
    torch: Sequence[float] = ()
    tensorflow: Sequence[float] = ()
    measure: Measure | None = field(default=None, repr=False)
    drawn: list[float] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"the threshold of {self.of} needs either at_least or at_most")

    @property
    def bound(self) -> float:
        """The number that the median is compared with."""
        return float(self.at_most if self.at_least is None else self.at_least)  # type: ignore[arg-type]

    def measured_by(self, measure: Measure) -> Measure:
        """Decorate the function (impl, seed) -> value that trains once."""
        self.measure = measure
        return measure

    def reaches(self, value: float) -> bool:
        """Whether one value is on the right side of the bound."""
        return value >= self.bound if self.at_least is not None else value <= self.bound

    def expect(self, impl: Implementation) -> None:
        """Train with seeds of this check until `decided`, and expect the median to reach the bound.

        The check's `seconds` are for three runs; each further run gets another third of them.
        """
        assert self.measure is not None, f"no function measures {self.of}"
        values: list[float] = []
        while decided([self.reaches(value) for value in values]) is None:
            if len(values) >= FEW:
                impl._transport.extend(1 / FEW)
            values.append(float(self.measure(impl, random_seed())))
            self.drawn.append(values[-1])
            middle = median(values, self.of)
        if not self.reaches(middle):
            word = "at least" if self.at_least is not None else "at most"
            raise Failure(
                f"{self.of} is {middle:.4g} (median of {', '.join(f'{v:.4g}' for v in values)}), "
                f"but should be {word} {self.bound:g}"
            )

    def chance_of_failure(self, framework: str) -> float:
        """The estimated probability that a solution like the reference misses the bound.

        One run: the tail of Student's t for a further draw from the measured sample, n - 1 degrees of freedom,
        prediction scale s sqrt(1 + 1/n). Several runs: `error` of it.
        """
        from scipy import stats

        sample = np.asarray(getattr(self, framework), float)
        if len(sample) < 2:
            return 1.0
        gap = (
            sample.mean() - self.bound if self.at_least is not None else self.bound - sample.mean()
        )
        scale = sample.std(ddof=1) * math.sqrt(1 + 1 / len(sample))
        single = float(stats.t.sf(gap / scale, len(sample) - 1)) if scale > 0 else float(gap < 0)
        return error(single)


def decided(reached: Sequence[bool]) -> bool | None:
    """The verdict on training runs so far, each True if it reached the bound; None while more are needed.

    It is that of the median of three, if that passes, and else of the median of nine or of fewer as soon as
    no further run could change it, or as soon as most of the runs have reached the bound.
    """
    hits = sum(reached)
    misses = len(reached) - hits
    if hits >= 2 and hits > misses:
        return True
    return False if misses > MOST // 2 else None


def error(miss: float) -> float:
    """The probability that `decided` fails a solution that misses the bound in a share `miss` of its runs.

    Runs are independent. The sum goes over all orders of hits and misses, by the number of each.
    """
    ways, failed = {(0, 0): 1.0}, 0.0
    while ways:
        further: dict[tuple[int, int], float] = {}
        for (hits, misses), chance in ways.items():
            for hit, share in ((1, 1 - miss), (0, miss)):
                now = hits + hit, misses + 1 - hit
                verdict = decided([True] * now[0] + [False] * now[1])
                if verdict is None:
                    further[now] = further.get(now, 0.0) + chance * share
                elif not verdict:
                    failed += chance * share
        ways = further
    return failed
