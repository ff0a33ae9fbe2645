"""An interval for a median from order statistics, which assumes nothing about the distribution of times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

CONFIDENCE = 0.95
# With fewer values, not even the smallest and the largest enclose the median at 95 %.
LEAST = 6


@cache
def rank(count: int, confidence: float = CONFIDENCE) -> int:
    """The k such that the k-th smallest and the k-th largest of `count` values enclose the median; 0 if none does.

    The number of values below the median is binomial (count, 1/2).
    Source: Conover (1999), Practical Nonparametric Statistics, 3rd edition, section 3.2.
    """
    tail, k = 0.0, 0
    while True:
        tail += math.comb(count, k) / 2**count
        if 2 * tail > 1 - confidence or k > count // 2:
            return k
        k += 1


def median(values: Sequence[float]) -> float:
    """The median. Raises ValueError for no values."""
    if not values:
        raise ValueError("the median of no values")
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def interval(values: Sequence[float]) -> tuple[float, float]:
    """(low, high), which enclose the median of the distribution of `values` in at least 95 of 100 cases.

    Without bounds for fewer than LEAST values. Holds for independent draws.
    """
    k = rank(len(values))
    if k == 0:
        return -math.inf, math.inf
    ordered = sorted(values)
    return ordered[k - 1], ordered[-k]
