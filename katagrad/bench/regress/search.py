"""Find the revisions at which the time of a benchmark stepped: evenly spaced points, then bisection.

The same rule judges here as in `kata bench regress`. A step is reported only where two sets of launches that share
none agree on it, since a search makes many comparisons, and each may err.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from katagrad.bench.regress.rule import CANNOT, FASTER, SLOWER

# Revisions that are timed at first.
POINTS = 5
# Revisions that are tried in place of a middle one that cannot be timed.
TRIES = 4


@dataclass
class Judged:
    """A benchmark timed at several revisions in the same launches.

    ratios: by pair of revisions (earlier, later): later / earlier, one for each launch. verdicts: of neighbours, and of
    the first and the last. missing: why a revision could not be timed.
    """

    verdicts: dict[tuple[int, int], str] = field(default_factory=dict)
    ratios: dict[tuple[int, int], list[float]] = field(default_factory=dict)
    missing: dict[int, str] = field(default_factory=dict)

    def stepped(self, pair: tuple[int, int]) -> bool:
        """Whether the rule calls a pair slower or faster."""
        return self.verdicts.get(pair) in (SLOWER, FASTER)

    def leave_out(self, place: int, reason: str) -> None:
        """Forget a revision that cannot be timed, though earlier launches may have timed it."""
        self.missing[place] = reason
        for pair in [pair for pair in self.ratios if place in pair]:
            del self.ratios[pair]
            self.verdicts.pop(pair, None)


@dataclass(frozen=True)
class Step:
    """A change of the time between two revisions. If they are not neighbours, it could not be placed closer.

    ratio: later / earlier, the median of the launches that confirmed it. why: of a step that could not be placed.
    """

    before: int
    after: int
    ratio: float
    verdict: str
    why: str = ""


# Judges one benchmark at some revisions, in fresh launches: neighbours among them, and the first against the last.
Timer = Callable[[Sequence[int]], Judged]


def spread(count: int, points: int = POINTS) -> list[int]:
    """The places of at most `points` of `count` revisions, evenly spaced, with the first and the last."""
    wanted = min(max(points, 2), count)
    return sorted({round(k * (count - 1) / max(wanted - 1, 1)) for k in range(wanted)})


def search(first: Judged, time: Timer) -> tuple[list[Step], bool]:
    """(what `find` finds, whether there may be a further step that could not be judged)."""
    unsure = any(first.verdicts[pair] == CANNOT for pair in neighbours(first))

    def again(places: Sequence[int]) -> Judged:
        nonlocal unsure
        found = time(places)
        # The second set of launches cannot judge a pair that the first set called different.
        unsure |= found.verdicts.get((places[0], places[-1]), CANNOT) == CANNOT
        return found

    return find(first, again), unsure


def find(first: Judged, time: Timer) -> list[Step]:
    """The steps of one benchmark, in order. first: it, judged at evenly spaced revisions."""
    steps: list[Step] = []
    pairs = neighbours(first)
    for pair in pairs:
        if first.stepped(pair):
            steps += _within(pair, time)
    if not steps and len(pairs) > 1:
        whole = pairs[0][0], pairs[-1][1]
        if first.stepped(whole) and (again := time(whole)).stepped(whole):
            return [_step(whole, again, "no two neighbours that were timed differ clearly")]
    return sorted(steps, key=lambda step: step.before)


def neighbours(judged: Judged) -> list[tuple[int, int]]:
    """The pairs without another timed revision between them."""
    places = sorted({place for pair in judged.verdicts for place in pair})
    return [pair for pair in pairwise(places) if pair in judged.verdicts]


def _within(pair: tuple[int, int], time: Timer) -> list[Step]:
    """The steps between two revisions that one set of launches called different."""
    before, after = pair
    middle = (before + after) // 2
    inside = sorted(range(before + 1, after), key=lambda place: abs(place - middle))[:TRIES]
    for place in inside:
        found = time([before, place, after])
        if place in found.missing:
            continue
        if not found.stepped(pair):
            return []  # the second set of launches does not confirm it
        halves = [half for half in ((before, place), (place, after)) if found.stepped(half)]
        steps = [step for half in halves for step in _within(half, time)]
        return steps or [_step(pair, found, "neither half alone is clearly different")]
    found = time([before, after])
    if not found.stepped(pair):
        return []
    return [_step(pair, found, "the revisions between cannot be timed" if inside else "")]


def _step(pair: tuple[int, int], judged: Judged, why: str) -> Step:
    ratio = statistics.median(judged.ratios[pair])
    return Step(*pair, ratio, judged.verdicts[pair], why)
