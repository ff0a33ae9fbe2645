"""The rule that decides from several launches whether one version is slower than another.

The figure of a launch is the ratio of the means of the two lanes' three fastest blocks: those that nothing disturbed. A
launch draws its processes' memory layout once, so that blocks within it share an error that more blocks do not remove:
only more launches do. The rule therefore looks at the median over launches, asks for more of them while the median is
near the line, and says so when they disagree too much to tell. It sees a machine's load by how launches scatter, and by
nothing else. benchmarks/regress/rates.py measures how often it is wrong; docs/benchmarking.md has the last result.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

SAME, SLOWER, FASTER, CANNOT, MORE = "same", "slower", "faster", "cannot judge", "more launches"


@dataclass(frozen=True)
class Rule:
    """A rule of judgement.

    line: a median ratio above it is a slowdown. first, step, most: launches to begin with, to add, and at most.
    believed: launches without which no difference is called. sure: standard errors by which the median must clear the
    line, and 1 / n more where n launches are few; at `most` launches `enough` of them do, unless log ratios spread by
    more than `widest`. What clears no line by then "cannot be judged".
    """

    line: float = 1.0275
    first: int = 3
    step: int = 2
    most: int = 15
    believed: int = 5
    sure: float = 3.0
    enough: float = 1.0
    widest: float = 0.06
    floor: float = 0.005  # a standard error below this is luck of a small sample

    def judge(self, ratios: Sequence[float]) -> str:
        """SAME, SLOWER, FASTER, CANNOT or MORE, from the ratios head / base of the launches so far."""
        if len(ratios) < self.first:
            return MORE
        middle, spread = _middle(ratios)
        # sqrt(pi / 2): the standard error of a normal's median over that of its mean.
        error = max(math.sqrt(math.pi / 2 / len(ratios)) * spread, self.floor)
        last = len(ratios) >= self.most
        settled = last and spread <= self.widest
        margin = (self.enough if settled else self.sure * (1 + 1 / len(ratios))) * error
        line = math.log(self.line)
        if abs(middle) - line > margin and len(ratios) >= self.believed:
            return SLOWER if middle > 0 else FASTER
        if line - abs(middle) > margin:
            return SAME
        return CANNOT if last else MORE

    def asks(self, count: int) -> bool:
        """Whether it judges after `count` launches: it does not look in between."""
        return count == self.most or (count >= self.first and (count - self.first) % self.step == 0)


def _middle(ratios: Sequence[float]) -> tuple[float, float]:
    """(median, standard deviation) of the log ratios, both without regard to a fifth of them that were disturbed.

    The median of the deviations alone would do for many launches. Of five, it is often close to 0 by chance.
    """
    logs = [math.log(ratio) for ratio in ratios]
    middle = statistics.median(logs)
    off = sorted(abs(one - middle) for one in logs)[: len(logs) - len(logs) // DISTURBED]
    return middle, WHOLE * math.sqrt(sum(one * one for one in off) / (len(off) - 1))


# One launch of so many is taken for disturbed.
DISTURBED = 5
# A normal's standard deviation over that of what is left when the outer fifth is cut off.
WHOLE = 1.5


# Blocks.
FASTEST = 3


def ratio(base: Sequence[float], head: Sequence[float]) -> float:
    """The figure of one launch: the mean of head's fastest blocks over that of base's."""
    return sum(sorted(head)[:FASTEST]) / sum(sorted(base)[:FASTEST])
