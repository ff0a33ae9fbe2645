"""Scores: what the ledger holds of each student, in the points of the course, with lateness and changes by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from katagrad.course.ledger import ADDED, GRADED, Delivered, Ledger
from katagrad.course.roster import Person
from katagrad.course.settings import Course, TopicRule
from katagrad.errors import NOT_GRADED
from katagrad.grading.checks import manifest
from katagrad.grading.records import TopicResult
from katagrad.text import one_line
from katagrad.topics import topics

# Of what was handed in and waits for the next run.
PENDING = "not graded yet"


@dataclass(frozen=True)
class TopicScore:
    """A student's points of one topic. All numbers are in points of the course, except `days` and `free`.

    result: what the grading found; None: nothing was graded. earned: before `lost` by lateness and `adjusted` by
    hand; None: not known, for the reason `problem`. days: late days; free: those of them that cost a late day.
    fixed: whether the course set the score by hand, whatever the grading found; `adjusted` makes up the difference.
    reason: the problem as the student may read it. earlier: what was found in an earlier file, where the one that was
    handed in since cannot be graded.
    """

    result: TopicResult | None
    earned: float | None
    maximum: float
    weight: float = 1.0
    days: int = 0
    free: int = 0
    lost: float = 0.0
    adjusted: float = 0.0
    handed_in: float | None = None
    problem: str = ""
    reason: str = ""
    fixed: bool = False
    earlier: TopicResult | None = None

    @property
    def points(self) -> float | None:
        """What counts, from 0 up; None: not known."""
        return None if self.whole is None else max(0.0, self.whole)

    @property
    def whole(self) -> float | None:
        """As `points`, but below 0 where changes by hand take off more than there is."""
        return None if self.earned is None else self.earned - self.lost + self.adjusted


@dataclass(frozen=True)
class Standing:
    """A student's scores. person: the line of the roster, or one that has only the id."""

    person: Person
    scores: Mapping[str, TopicScore]

    @property
    def student(self) -> str:
        """The id."""
        return self.person.id

    @property
    def points(self) -> float | None:
        """The weighted sum; None where a part of it is not known."""
        known = [s.points for s in self.scores.values()]
        if not known or any(points is None for points in known):
            return None
        return sum((s.points or 0.0) * s.weight for s in self.scores.values())

    @property
    def maximum(self) -> float:
        """The weighted sum of the maxima."""
        return sum(s.maximum * s.weight for s in self.scores.values())

    def letter(self, letters: Mapping[str, float]) -> str:
        """The first letter whose least percentage is reached; "" where none is, or the points are not known."""
        if self.points is None or not self.maximum:
            return ""
        # A hundredth of a percent is rounding, not a grade.
        percent = round(100 * self.points / self.maximum, 2)
        return next((letter for letter, least in letters.items() if percent >= least), "")


def standings(ledger: Ledger, course: Course | None, wanted: Iterable[str] = ()) -> list[Standing]:
    """Everybody of the ledger and of the roster, in order of ids.

    wanted: topics of this grading, beside those of the ledger. With a course, those of its topics that were graded.
    """
    results: dict[str, dict[str, TopicResult]] = {}
    for student, topic, record in ledger.records():
        results.setdefault(student, {})[topic] = record
    delivered = ledger.deliveries()
    added, fixed = _by_hand(ledger)
    people = dict(course.roster.people) if course and course.roster else {}
    maxima = {n: r.maximum for graded in results.values() for n, r in graded.items()}
    names = in_order({*wanted, *maxima})
    begun = {*maxima, *(name for came in delivered.values() for name in came)}
    for name in (begun - maxima.keys()) & topics().keys():  # nobody's file could be graded
        maxima[name] = float(sum(check.points for check in manifest(topics()[name])))
    if course is not None:
        # A topic that was never graded is nobody's zero: it may not be due yet.
        names = [name for name in course.topics if name in begun]
    found = []
    for student in sorted({*results, *delivered, *people}):
        graded, came = results.get(student, {}), delivered.get(student, {})
        scores = {}
        for name in names:
            rule = course.topics[name] if course else TopicRule(name)
            result, how = graded.get(name), came.get(name)
            # With a course, who handed in nothing has 0 points, and not a smaller maximum.
            if result is None and how is None and course is None:
                continue
            scores[name] = _score(
                rule, result, how or Delivered(), maxima.get(name), added.get((student, name), 0.0)
            )
        if course is not None:
            scores = _with_lateness(scores, course)
        for name in scores.keys() & fixed.get(student, {}).keys():
            scores[name] = _fixed(scores[name], fixed[student][name])
        found.append(Standing(people.get(student, Person(student)), scores))
    return found


def _by_hand(
    ledger: Ledger,
) -> tuple[dict[tuple[str, str], float], dict[str, dict[str, float]]]:
    """Points added by (student, topic), and points set by student and topic. Setting ends earlier changes."""
    added: dict[tuple[str, str], float] = {}
    fixed: dict[str, dict[str, float]] = {}
    for change in ledger.adjustments():
        at = change.student, change.topic
        if change.kind == ADDED:
            # Further decimals are rounding: 0.1 + 0.2 - 0.3 is nothing.
            added[at] = round(added.get(at, 0.0) + change.points, 9)
            continue
        added[at] = 0.0
        own = fixed.setdefault(change.student, {})
        if change.kind == GRADED:
            own.pop(change.topic, None)
        else:
            own[change.topic] = change.points
    return added, fixed


def _fixed(score: TopicScore, points: float) -> TopicScore:
    """A score that the course set, with what was added since."""
    earned = score.earned or 0.0
    adjusted = round(points + score.adjusted - (earned - score.lost), 9)
    return replace(
        score, earned=earned, adjusted=adjusted, fixed=True, problem="", reason="", earlier=None
    )


def _score(
    rule: TopicRule, result: TopicResult | None, how: Delivered, known: float | None, added: float
) -> TopicScore:
    problem = how.problem or unsure(rule.name, result)
    worth = result.maximum if result else known or 0.0
    maximum = worth if rule.points is None else rule.points
    earned: float | None = 0.0
    if problem:
        earned = None
    elif result is not None:
        earned = result.points if rule.points is None else _scaled(result, rule.points)
    return TopicScore(
        # The record of an earlier file is no verdict on the one that counts.
        None if how.problem else result,
        earned,
        maximum,
        rule.weight,
        adjusted=added,
        handed_in=how.handed_in,
        problem=problem,
        reason=_reason(rule.name, how, result) if problem else "",
        earlier=result if how.problem else None,
    )


def _scaled(result: TopicResult, worth: float) -> float:
    return result.points / result.maximum * worth if result.maximum else 0.0


def _with_lateness(scores: Mapping[str, TopicScore], course: Course) -> dict[str, TopicScore]:
    """Scores with what lateness costs. Late days are spent on the topic that is due first, then on the next."""
    left, found = course.late.days, dict(scores)
    due = {name: course.topics[name].due for name in scores}
    dated = [name for name, when in due.items() if when is not None]
    for name in sorted(dated, key=lambda name: due[name].timestamp()):  # type: ignore[union-attr]
        score = scores[name]
        days = course.late.late_days(due[name], score.handed_in)
        over = course.late.last_day is not None and days > course.late.last_day
        free = 0 if over else min(days, left)
        left -= free
        kept = course.late.share(days, free)
        found[name] = replace(score, days=days, free=free, lost=(score.earned or 0.0) * (1 - kept))
    return found


def unsure(name: str, result: TopicResult | None) -> str:
    """A sentence where checks could not be graded by the harness's fault; "" where all could."""
    left = [c for c in result.checks if c.status == NOT_GRADED] if result else []
    if not left or result is None:
        return ""
    why = one_line(left[0].message)
    return f"{name}: {len(left)} of {len(result.checks)} checks not graded: {why}"


def _reason(name: str, how: Delivered, result: TopicResult | None) -> str:
    """A problem as the student may read it: of his files all, and of the harness's failures only how many."""
    if PENDING in how.problem:
        return PENDING
    if how.problem:
        said = one_line(how.problem).removeprefix(f"{name} ")
        return "" if said == NOT_GRADED else said.removeprefix(f"{NOT_GRADED}: ")
    checks = result.checks if result else ()
    return (
        f"{sum(c.status == NOT_GRADED for c in checks)} of {len(checks)} checks could not be graded"
    )


def in_order(names: Iterable[str]) -> list[str]:
    """Names in teaching order; those of topics that are there no more come last."""
    known = list(topics())
    return sorted(names, key=lambda n: (known.index(n) if n in known else len(known), n))
