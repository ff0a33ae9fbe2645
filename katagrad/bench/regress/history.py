"""`kata bench history OLD..NEW`: time revisions, and find the commits at which a benchmark's time stepped."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from katagrad.bench import machine
from katagrad.bench.regress import checkout
from katagrad.bench.regress.regress import NAMED
from katagrad.bench.regress.rule import CANNOT, FASTER, MORE, SLOWER, Rule, ratio
from katagrad.bench.regress.search import POINTS, Judged, Step, search, spread
from katagrad.bench.regress.twins import Case, Conditions, Lane, Launch, Unmeasurable
from katagrad.bench.runner import TimedLauncher, warnings
from katagrad.errors import NotGraded
from katagrad.files import write_whole

SCHEMA = "katagrad_history"
Advance = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Subject:
    """What is timed in every revision. folder: of the project or of the solutions, in the work tree."""

    folder: Path
    cases: Sequence[Case]
    conditions: Conditions
    launcher: type[TimedLauncher] = TimedLauncher


@dataclass
class Series:
    """One benchmark over time.

    points: {place of a revision: ratios to the oldest one that could be timed}. missing: {place: why it could not}.
    unsure: something could not be judged, so there may be a further step.
    """

    name: str
    framework: str
    points: dict[int, list[float]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    reason: str = ""
    unsure: bool = False
    missing: dict[int, str] = field(default_factory=dict)


@dataclass
class History:
    """The outcome. revisions: oldest first."""

    revisions: list[checkout.Revision]
    series: list[Series] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def status(self) -> int:
        """For CI: 1 if anything became slower, else 3 if anything cannot be judged, else 0."""
        if any(step.verdict == SLOWER for one in self.series for step in one.steps):
            return 1
        return 3 if any(one.reason or one.unsure for one in self.series) else 0

    def plain(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return {
            SCHEMA: 1,
            "machine": machine.describe(),
            "notes": self.notes,
            "revisions": [asdict(one) for one in self.revisions],
            "series": [
                {
                    "benchmark": one.name,
                    "framework": one.framework,
                    "reason": one.reason,
                    "points": [
                        {"revision": place, "ratio": statistics.median(found), "ratios": found}
                        for place, found in sorted(one.points.items())
                    ],
                    "steps": [asdict(step) for step in one.steps],
                    "unsure": one.unsure,
                    "missing": [
                        {"revision": place, "reason": why}
                        for place, why in sorted(one.missing.items())
                    ],
                }
                for one in self.series
            ],
            "status": self.status,
        }


class Timing:
    """Times one subject at any of its revisions, in checkouts that are kept until the end."""

    def __init__(
        self, subject: Subject, tree: Path, revisions: Sequence[checkout.Revision], room: Path
    ) -> None:
        self.subject, self.tree, self.revisions, self.room = subject, tree, revisions, room
        self.inside = subject.folder.resolve().relative_to(tree.resolve())

    def lane(self, place: int) -> Lane:
        """The checkout of one revision."""
        target = self.room / str(place)
        if not target.exists():
            checkout.check_out(self.tree, self.revisions[place].id, target)
        return Lane(str(place), target / self.inside)

    def judge(self, case: Case, places: Sequence[int]) -> Judged:
        """Judge one benchmark at some revisions, by fresh launches."""
        return self.judge_all([case], places, lambda *_: None)[0]

    def judge_all(
        self, cases: Sequence[Case], places: Sequence[int], advance: Advance
    ) -> list[Judged]:
        """Judge benchmarks at some revisions, until the rule has decided on every pair."""
        lanes, decide = [self.lane(place) for place in places], Rule()
        found = [Judged() for _ in cases]
        absent = {i: "no such folder" for i, x in enumerate(lanes) if not x.folder.is_dir()}
        missing = [dict(absent) for _ in cases]
        for turn in range(decide.most):
            left = [k for k, one in enumerate(found) if turn == 0 or MORE in one.verdicts.values()]
            if not left:
                break
            launch = Launch(lanes, self.subject.conditions, turn, self.subject.launcher)
            try:
                if turn == 0:
                    launch.check_device()
                for number, k in enumerate(left):
                    advance(number, len(left), f"launch {turn + 1}: {cases[k].label}")
                    blocks = _blocks(launch, cases[k], missing[k])
                    for i, reason in missing[k].items():
                        found[k].leave_out(places[i], reason)
                    _add(found[k], blocks, places)
            finally:
                launch.close()
            for k in left:
                # A revision may drop out late, and then its neighbours have been a pair for fewer launches.
                for pair, verdict in found[k].verdicts.items():
                    ratios = found[k].ratios[pair]
                    if verdict == MORE and decide.asks(len(ratios)):
                        found[k].verdicts[pair] = decide.judge(ratios)
        for one in found:
            one.verdicts = {k: CANNOT if v == MORE else v for k, v in one.verdicts.items()}
        return found


def _blocks(launch: Launch, case: Case, missing: dict[int, str]) -> dict[int, list[float]]:
    """Blocks by lane of one launch. A lane that cannot be timed joins `missing` and stays there."""
    while True:
        only = [i for i in range(len(launch.lanes)) if i not in missing]
        if len(only) < 2:
            return {}
        try:
            times = launch.time(case, only=only)
            return {i: times[i] for i in only}
        except Unmeasurable as reason:
            names = [lane.name for lane in launch.lanes]
            if reason.lane not in names:
                missing.update(dict.fromkeys(only, str(reason)))
                return {}
            said = str(reason).removeprefix(f"{reason.lane}: ")
            missing[names.index(reason.lane)] = said.splitlines()[0]
        except NotGraded as reason:
            missing.update(dict.fromkeys(only, str(reason)))
            return {}


def _add(judged: Judged, blocks: dict[int, list[float]], places: Sequence[int]) -> None:
    """Add a launch's ratios: of neighbours, and of all to the first."""
    there = sorted(blocks)
    pairs = [*pairwise(there), *((there[0], i) for i in there[2:])]
    for i, j in pairs:
        pair = (places[i], places[j])
        judged.ratios.setdefault(pair, []).append(ratio(blocks[i], blocks[j]))
        if j in (there[there.index(i) + 1], there[-1]):
            judged.verdicts.setdefault(pair, MORE)


def run(subjects: Sequence[Subject], span: str, points: int, advance: Advance) -> History:
    """Time and search. Raises checkout.Unavailable where the revisions cannot be found."""
    first = subjects[0].folder.resolve()
    tree = checkout.top(first)
    revisions = checkout.revisions(tree, span, first)
    made = History(revisions)
    made.notes += warnings(subjects[0].conditions.threads)
    if len(revisions) < 2:
        made.notes.append(
            f"no commit of {span} changes anything in {first.name}/: nothing was timed"
        )
        return made
    with tempfile.TemporaryDirectory(prefix="katagrad-history-") as room:
        for number, subject in enumerate(subjects):
            timing = Timing(subject, tree, revisions, Path(room))
            places = spread(len(revisions), points or POINTS)
            whole = timing.judge_all(subject.cases, places, advance)
            for case, judged in zip(subject.cases, whole, strict=True):
                advance(number, len(subjects), f"searching: {case.label}")
                made.series.append(_series(case, subject, judged, timing))
    return made


def _series(case: Case, subject: Subject, judged: Judged, timing: Timing) -> Series:
    found = Series(case.label, subject.conditions.framework)
    there = sorted({place for pair in judged.ratios for place in pair})
    if len(there) < 2:
        found.reason = next(iter(judged.missing.values()), "it cannot be timed")
        return found
    found.points = {there[0]: [1.0]}
    for (before, after), ratios in judged.ratios.items():
        if before == there[0]:
            found.points[after] = ratios
    found.missing = dict(judged.missing)
    found.steps, found.unsure = search(judged, lambda places: timing.judge(case, places))
    # Then it is not known whether the newest revision is slower or faster.
    found.unsure |= len(timing.revisions) - 1 in judged.missing
    return found


def lines(history: History) -> list[str]:
    """The outcome for people: a line for each benchmark, and one for each step."""
    shown = []
    revisions = history.revisions
    if len(revisions) > 1:
        shown.append(
            f"{len(revisions)} revisions from {revisions[0].id[:7]} to {revisions[-1].id[:7]}; "
            "ratios to the oldest, above 1 is slower"
        )
    for one in history.series:
        if one.reason:
            shown.append(f"  {one.name}  cannot judge: {one.reason.splitlines()[0]}")
            continue
        curve = " ".join(f"{statistics.median(r):.3f}" for _, r in sorted(one.points.items()))
        word = "  cannot judge all of it" if one.unsure else ""
        word = word if one.steps else "  cannot judge" if one.unsure else "  no step"
        shown.append(f"  {one.name}  {curve}{word}")
        for step in one.steps:
            before, after = revisions[step.before], revisions[step.after]
            where = f"{after.id[:7]} {after.subject}"
            if step.why or step.after - step.before > 1:
                where = f"between {before.id[:7]} and {after.id[:7]} ({step.why or 'not placed'})"
            shown.append(f"    {step.verdict} by {abs(step.ratio - 1):.1%}: {where}")
        for why in dict.fromkeys(one.missing.values()):
            ids = [
                revisions[k].id[:7] for k, reason in sorted(one.missing.items()) if reason == why
            ]
            more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
            shown.append(f"    not timed: {', '.join(ids[:NAMED])}{more}: {why}")
    shown += history.notes
    steps = [step.verdict for one in history.series for step in one.steps]
    counts = {word: steps.count(word) for word in (SLOWER, FASTER)}
    said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    unsure = sum(bool(one.reason) or one.unsure for one in history.series)
    doubt = f"; {unsure} of {len(history.series)} cannot be judged" if unsure else ""
    return [*shown, (f"steps: {said}" if said else "no step was found") + doubt]


def write(history: History, path: Path) -> None:
    """Write the history as JSON, whole or not at all."""
    write_whole(path, json.dumps(history.plain(), indent=1))
