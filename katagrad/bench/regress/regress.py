"""`kata bench regress --against REV`: are the current solutions slower than those of another revision?"""

from __future__ import annotations

import json
import math
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from katagrad.bench import machine
from katagrad.bench.regress import checkout, rule
from katagrad.bench.regress.collection import collect
from katagrad.bench.regress.rule import CANNOT, FASTER, MORE, SAME, SLOWER, Rule
from katagrad.bench.regress.twins import (
    Case,
    Conditions,
    Lane,
    Launch,
    Unmeasurable,
)
from katagrad.bench.runner import TimedLauncher, warnings
from katagrad.errors import NotGraded
from katagrad.files import write_whole
from katagrad.grading.submission import Submission
from katagrad.topics import Topic, root

BASE, HEAD, NEW = "base", "head", "new"
# Topics that were not timed are named up to here; beyond that, their number is shown, and the JSON file has the names.
NAMED = 5


@dataclass(frozen=True)
class Comparison:
    """What to compare. folder: the current solutions. every: time topics that are the same in both, too."""

    against: str
    folder: Path
    topics: Sequence[Topic]
    conditions: Conditions
    size: str = "small"
    environment: str = "auto"
    every: bool = False
    select: str = ""


@dataclass
class Finding:
    """One benchmark's outcome. seconds: fastest block of (base, head), a call; ratios: of each launch."""

    name: str
    verdict: str
    ratios: list[float] = field(default_factory=list)
    seconds: tuple[float, float] = (0.0, 0.0)
    reason: str = ""

    @property
    def ratio(self) -> float:
        """The median over launches; above 1 is slower than the base."""
        return statistics.median(self.ratios) if self.ratios else float("nan")


@dataclass
class Report:
    """The outcome. unchanged: topics, or files of benchmarks, that were not timed, since nothing there differs."""

    commit: str
    findings: list[Finding] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    # What `unchanged` lists.
    kind: str = "topic"

    @property
    def status(self) -> int:
        """For CI: 1 if anything is slower, else 3 if anything cannot be judged, else 0."""
        words = {one.verdict for one in self.findings}
        return 1 if SLOWER in words else 3 if CANNOT in words else 0

    def plain(self) -> dict[str, Any]:
        """As plain data for JSON."""
        listed = [
            {"benchmark": one.name, "verdict": one.verdict, "ratio": one.ratio if one.ratios else None,
             "ratios": one.ratios, "seconds": one.seconds, "reason": one.reason}
            for one in self.findings
        ]  # fmt: skip
        return {"katagrad": 1, "against": self.commit, "machine": machine.describe(), "notes": self.notes,
                "unchanged": self.unchanged, "benchmarks": listed, "status": self.status}  # fmt: skip


def run(wanted: Comparison, advance: Callable[[int, int, str], None]) -> Report:
    """Time and judge. advance(done, of, name) is called for progress.

    Raises checkout.Unavailable, Unmeasurable or NotGraded where nothing can be timed at all.
    """
    folder = wanted.folder.resolve()
    if not folder.is_dir():
        raise checkout.Unavailable(f"there is no folder {wanted.folder}")
    tree = checkout.top(folder)
    report = Report(checkout.commit(tree, wanted.against))
    report.notes += warnings(wanted.conditions.threads)
    with tempfile.TemporaryDirectory(prefix="katagrad-base-") as room:
        other = Path(room) / "checkout"
        checkout.check_out(tree, report.commit, other)
        base = other / folder.relative_to(tree)
        if not base.is_dir():
            raise checkout.Unavailable(
                f"{wanted.against} has no folder {folder.relative_to(tree).as_posix()}"
            )
        alike = checkout.pins(other) == checkout.pins(tree)
        own = wanted.environment == "own" or (wanted.environment == "auto" and not alike)
        python = str(checkout.environment(other, wanted.conditions.framework)) if own else ""
        if not alike and not own:
            report.notes.append(
                "the two revisions pin other libraries; both were timed with those of now"
            )
        lanes = [Lane(BASE, base, python or sys.executable), Lane(HEAD, folder)]
        names = [
            topic.name
            for topic in wanted.topics
            if own or wanted.every or _differs(topic, base, folder)
        ]
        report.unchanged = [topic.name for topic in wanted.topics if topic.name not in names]
        if names:
            found = collect(root(), names, wanted.size, wanted.conditions.framework, wanted.select)
            if not found:
                chosen = f" and matches {wanted.select!r}" if wanted.select else ""
                raise Unmeasurable(
                    f"no benchmark of {', '.join(names)} has the size {wanted.size}{chosen}"
                )
            judge(found, lanes, wanted.conditions, report, advance)
    return report


def _differs(topic: Topic, base: Path, head: Path) -> bool:
    """Whether a topic's file differs, or anything beside the topics' files that it might import."""
    a, b = (Submission(folder).files for folder in (base, head))
    own = f"{topic.name}.py"
    others = {f"{path.stem}.py" for path in (root() / "exercises").glob("*.py")} - {own}
    return {k: v for k, v in a.items() if k not in others} != {
        k: v for k, v in b.items() if k not in others
    }


def judge(
    found: Sequence[Case],
    lanes: Sequence[Lane],
    conditions: Conditions,
    report: Report,
    advance: Callable[[int, int, str], None],
    launcher: type[TimedLauncher] = TimedLauncher,
) -> None:
    """Time benchmarks in two lanes, (base, head), until the rule has judged each; the findings join the report."""
    decide = Rule()
    findings = [Finding(one.label, MORE) for one in found]
    report.findings += findings
    for turn in range(decide.most):
        pairs = zip(found, findings, strict=True)
        left = [(one, finding) for one, finding in pairs if finding.verdict == MORE]
        if not left:
            break
        # One launch at a time, and each for all that is open: two servers hold memory, not thirty.
        launch = Launch(lanes, conditions, turn, launcher)
        try:
            if turn == 0:
                launch.check_device()
                report.notes += [one for one in _changed(launch) if one not in report.notes]
            for number, (one, finding) in enumerate(left):
                advance(number, len(left), f"launch {turn + 1}: {finding.name}")
                _time(one, finding, launch)
        finally:
            launch.close()
        for _, finding in left:
            if finding.verdict == MORE and decide.asks(turn + 1):
                finding.verdict = decide.judge(finding.ratios)
    advance(len(found), len(found), "")


def _changed(launch: Launch) -> list[str]:
    """The libraries whose versions differ between the lanes."""
    before, now = launch.versions()
    return [
        f"{name} {before.get(name, 'none')} in the base, {now.get(name, 'none')} now"
        for name in sorted(set(before) | set(now))
        if before.get(name) != now.get(name)
    ]


def _time(benchmark: Case, finding: Finding, launch: Launch) -> None:
    """Add a launch's figure to the finding, or the reason why there is none."""
    try:
        base, head = launch.time(benchmark)
    except (Unmeasurable, NotGraded) as reason:
        new = isinstance(reason, Unmeasurable) and benchmark.is_new(launch.lanes, reason)
        finding.verdict = NEW if new else CANNOT
        finding.ratios, finding.seconds, finding.reason = [], (0.0, 0.0), str(reason)
        return
    before = finding.seconds if finding.ratios else (math.inf, math.inf)
    finding.seconds = (min(before[0], *base), min(before[1], *head))
    finding.ratios.append(rule.ratio(base, head))


def lines(report: Report, against: str) -> list[str]:
    """The table for people."""
    shown = [f"against {against} ({report.commit[:12]}); ratios of now to then, above 1 is slower"]
    width = max((len(one.name) for one in report.findings), default=0)
    for one in report.findings:
        if one.reason:
            shown.append(f"  {one.name:{width}}  {one.verdict}: {one.reason.splitlines()[0]}")
            continue
        spread = f"{min(one.ratios):.3f} to {max(one.ratios):.3f} in {len(one.ratios)} launches"
        shown.append(f"  {one.name:{width}}  {one.ratio:6.3f}  {one.verdict:12s}  ({spread})")
    if report.unchanged:
        few = len(report.unchanged) <= NAMED
        same = ", ".join(report.unchanged) if few else f"{len(report.unchanged)} {report.kind}s"
        shown.append(f"not timed, the same in both: {same} (--all times them)")
    shown += report.notes
    counts = {
        word: sum(one.verdict == word for one in report.findings)
        for word in (SLOWER, FASTER, SAME, NEW, CANNOT)
    }
    shown.append(
        ", ".join(f"{count} {word}" for word, count in counts.items() if count)
        or "nothing was timed"
    )
    return shown


def write(report: Report, path: Path) -> None:
    """Write the report as JSON, whole or not at all."""
    write_whole(path, json.dumps(report.plain(), indent=1))
