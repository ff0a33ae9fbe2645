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


@dataclass
class Threshold:
    """A bound on the median of `runs` training runs of different seeds.

    of: what is measured, in words: "test accuracy on digits". at_least or at_most: the bound.
    torch, tensorflow: what the reference solutions reached, one number a seed, at least ten;
        `python -m katagrad measure TOPIC` prints them.
    """

    of: str
    at_least: float | None = None
    at_most: float | None = None
    torch: Sequence[float] = ()
    tensorflow: Sequence[float] = ()
    runs: int = 3
    measure: Measure | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"the threshold of {self.of} needs either at_least or at_most")

    @property
    def bound(self) -> float:
        """The number that is compared with."""
        return float(self.at_most if self.at_least is None else self.at_least)  # type: ignore[arg-type]

    def measured_by(self, measure: Measure) -> Measure:
        """Decorate the function (impl, seed) -> value that trains once."""
        self.measure = measure
        return measure

    def expect(self, impl: Implementation) -> None:
        """Train `runs` times with seeds of this check, and expect the median to reach the bound."""
        assert self.measure is not None, f"no function measures {self.of}"
        values = [float(self.measure(impl, random_seed())) for _ in range(self.runs)]
        middle = median(values, self.of)
        if middle < self.bound if self.at_least is not None else middle > self.bound:
            runs = f" (median of {', '.join(f'{v:.4g}' for v in values)})" if self.runs > 1 else ""
            word = "at least" if self.at_least is not None else "at most"
            raise Failure(f"{self.of} is {middle:.4g}{runs}, but should be {word} {self.bound:g}")

    def chance_of_failure(self, framework: str) -> float:
        """The estimated probability that a solution like the reference misses the bound.

        One run: the tail of Student's t for a further draw from the measured sample, n - 1 degrees of freedom,
        prediction scale s sqrt(1 + 1/n). The median of three misses when two or more runs do.
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
        need = self.runs // 2 + 1
        return float(stats.binom.sf(need - 1, self.runs, single))
