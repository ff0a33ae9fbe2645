"""The report on a class: one page of HTML that needs no network, and holds what a course may see."""

from __future__ import annotations

import datetime
import math
import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from katagrad.course.redaction import without_detail
from katagrad.course.scores import Standing, TopicScore, in_order
from katagrad.errors import FAILED, NOT_GRADED, NOT_STARTED, PASSED
from katagrad.grading.table import number
from katagrad.text import one_line

if TYPE_CHECKING:
    from katagrad.course.similarity import Pair

# A mistake that the grader names: "it equals softmax over the last axis".
NAMED = re.compile(r"; it equals ([^;\n]+)")
BINS = 10
SHADES = 5
# Fewer students say nothing of an item.
ENOUGH = 5
MOST = 15


@dataclass(frozen=True)
class Item:
    """A check in the class. passed, judged: students. discrimination: the correlation of passing it with the rest of
    the topic's points; None where it cannot be known.
    """

    check: str
    claim: str
    passed: int
    judged: int
    discrimination: float | None

    @property
    def difficulty(self) -> float:
        """The share of students who pass."""
        return self.passed / self.judged if self.judged else 0.0

    @property
    def remark(self) -> str:
        """What an author should look at."""
        if self.judged < ENOUGH:
            return ""
        if self.passed == 0:
            return "nobody passes"
        if self.passed == self.judged:
            return "nobody fails"
        if self.discrimination is not None and self.discrimination < 0:
            return "who passes has fewer points elsewhere"
        return ""


@dataclass(frozen=True)
class Section:
    """A topic in the class. begun: of the students, how many handed in more than the stub. bins: students by tenths of
    the maximum. mistakes: the commonest, with counts.
    """

    name: str
    mean: float | None
    maximum: float
    students: int
    begun: int
    bins: Sequence[int]
    items: Sequence[Item]
    mistakes: Sequence[tuple[str, int]]


def sections(everybody: Sequence[Standing]) -> list[Section]:
    """A section for each topic."""
    found = []
    for name in in_order({name for one in everybody for name in one.scores}):
        scores = [one.scores[name] for one in everybody if name in one.scores]
        known = [s.points for s in scores if s.points is not None]
        most = max((s.maximum for s in scores), default=0.0)
        found.append(
            Section(
                name,
                statistics.fmean(known) if known else None,
                most,
                len(known),
                sum(begun(score) for score in scores if score.points is not None),
                histogram(known, most),
                items(scores),
                mistakes(scores),
            )
        )
    return found


def histogram(points: Sequence[float], most: float) -> list[int]:
    """How many have so many tenths of the maximum; the last bin has those who have all of it, too."""
    bins = [0] * BINS
    for value in points:
        bins[tenth(value, most)] += 1
    return bins


def tenth(value: float, most: float, parts: int = BINS) -> int:
    """The bin of a value: 7 of 10 is in the bin that begins at 70 %, however 7 / 10 is rounded."""
    share = value / most if most else 0.0
    return min(parts - 1, max(0, int(round(share * parts, 9))))


def items(scores: Sequence[TopicScore]) -> list[Item]:
    """Statistics of each check, over those who began the topic and whom it judged."""
    held: dict[str, list[tuple[bool, float]]] = {}
    claims: dict[str, str] = {}
    for score in scores:
        checks = score.result.checks if score.result and begun(score) else ()
        total = sum(check.points for check in checks)
        for check in checks:
            claims[check.name] = check.claim
            if check.status != NOT_GRADED:
                rest = total - check.points
                held.setdefault(check.name, []).append((check.status == PASSED, rest))
    return [
        Item(name, claims[name], sum(p for p, _ in pairs), len(pairs), correlation(pairs))
        for name, pairs in held.items()
    ]


def begun(score: TopicScore) -> bool:
    """Whether more than the stub was handed in. A student who did not begin says nothing about a check."""
    return score.result is not None and any(c.status != NOT_STARTED for c in score.result.checks)


def correlation(pairs: Sequence[tuple[bool, float]]) -> float | None:
    """Of passing with the rest of the points; None for too few students, or where one of the two never varies."""
    if len(pairs) < ENOUGH or len({p for p, _ in pairs}) < 2 or len({r for _, r in pairs}) < 2:
        return None
    found = statistics.correlation([float(p) for p, _ in pairs], [rest for _, rest in pairs])
    return None if math.isnan(found) else found


def mistakes(scores: Sequence[TopicScore]) -> list[tuple[str, int]]:
    """The commonest mistakes: those that a grader names by its name, the others by the message without values."""
    count: Counter[str] = Counter()
    for score in scores:
        said = set()
        for check in score.result.checks if score.result else ():
            if check.status == FAILED and check.message:
                named = NAMED.search(check.message)
                text = named[1] if named else without_detail(check.message)
                said.add(one_line(text.strip(), 200))
        count.update(said)
    return count.most_common(MOST)


def page(
    name: str,
    everybody: Sequence[Standing],
    log: Sequence[tuple[float, str]],
    pairs: Mapping[str, Sequence[Pair]] | None = None,
) -> str:
    """The page. log: (seconds since 1970, entry) of changes. pairs: submissions that resemble each other, by topic;
    None: they were not compared.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "template"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    totals = [
        one.points / one.maximum for one in everybody if one.points is not None and one.maximum
    ]
    problems = [
        (one.student, topic, one_line(score.problem, 500))
        for one in everybody
        for topic, score in one.scores.items()
        if score.problem
    ]
    return environment.get_template("report.html.j2").render(
        name=name,
        everybody=everybody,
        topics=in_order({topic for one in everybody for topic in one.scores}),
        sections=sections(everybody),
        totals=histogram(totals, 1.0),
        known=len(totals),
        median=statistics.median(totals) if totals else None,
        problems=problems,
        pairs=pairs,
        log=[(_moment(seconds), entry) for seconds, entry in log],
        written=_moment(datetime.datetime.now(datetime.timezone.utc).timestamp()),
        shade=shade,
        number=number,
    )


def shade(score: TopicScore | None) -> Mapping[str, str]:
    """A cell of the table: its text, and the class of its colour, which the text does not depend on."""
    if score is None:
        return {"text": "", "kind": "none"}
    if score.points is None:
        return {"text": "?", "kind": "unknown"}
    kind = f"s{tenth(score.points, score.maximum, SHADES)}"
    return {"text": number(score.points), "kind": kind}


def _moment(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return f"{moment:%Y-%m-%d %H:%M} UTC"
