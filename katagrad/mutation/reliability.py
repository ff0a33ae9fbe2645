"""Measure how often a check fails a correct solution: grade the reference solutions under many seeds.

The measurements of each check are kept in tests/reliability/<topic>.json, with a hash of the check and
the solution. A later call continues with the next seeds. If a check has changed, it starts again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from katagrad.authoring.threshold import Threshold
from katagrad.boundary.implementation import Transport
from katagrad.boundary.process import Pool
from katagrad.errors import PASSED
from katagrad.files import write_whole
from katagrad.grading.checks import Check, Outcome, Rules, load_grader, manifest, run_check
from katagrad.grading.submission import edited
from katagrad.mutation.closure import digest
from katagrad.topics import FRAMEWORKS, Topic

# A check that trains is graded under this fraction of the seeds.
TRAINING_SHARE = 40
# Number of gradings for which one worker is kept. A new worker takes longer than most checks.
BLOCK = 50
# Factor for time limits, so that a busy machine causes no failure.
PATIENCE = 20.0
# Seconds between two writes of the measurements.
SAVE_EVERY = 20.0


@dataclass(frozen=True)
class Fall:
    """A failure of a correct solution.

    repeats: whether the same seed also fails in a new worker. If not, the failure depends on the machine or on
    earlier checks.
    """

    seed: int
    message: str
    repeats: bool = True


@dataclass(frozen=True)
class Measured:
    """One check, graded with the reference solution of a framework under the seeds 1 to `gradings`.

    digest: hash of the check, of what it uses in its grader, and of the solution.
    trained: the values of the training runs, by the description of their threshold.
    missed: how many of these values missed the bound.
    """

    digest: str
    gradings: int = 0
    falls: tuple[Fall, ...] = ()
    trained: dict[str, tuple[float, ...]] = field(default_factory=dict)
    missed: dict[str, int] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As plain data for JSON."""
        falls = [vars(fall) for fall in self.falls]
        kept = {"digest": self.digest, "gradings": self.gradings, "falls": falls}
        return kept | ({"trained": self.trained, "missed": self.missed} if self.trained else {})

    @classmethod
    def read(cls, plain: dict[str, Any]) -> Measured:
        """From the result of `plain`."""
        falls = tuple(Fall(**fall) for fall in plain["falls"])
        trained = {of: tuple(values) for of, values in plain.get("trained", {}).items()}
        return cls(plain["digest"], plain["gradings"], falls, trained, plain.get("missed", {}))


Record = dict[str, dict[str, Measured]]


def path_of(topic: Topic) -> Path:
    """The file of a topic's measurements."""
    return topic.root / "tests" / "reliability" / f"{topic.name}.json"


def load(topic: Topic) -> Record:
    """The measurements by framework and check. Empty if there are none."""
    path = path_of(topic)
    plain = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {
        framework: {name: Measured.read(one) for name, one in plain.get(framework, {}).items()}
        for framework in FRAMEWORKS
    }


def save(topic: Topic, record: Record) -> None:
    """Write `record`, with one line for each check."""
    parts = []
    for framework in FRAMEWORKS:
        lines = ",\n".join(
            f"  {json.dumps(name)}: {json.dumps(measured.plain())}"
            for name, measured in record[framework].items()
        )
        parts.append(f" {json.dumps(framework)}: {{\n{lines}\n }}")
    write_whole(path_of(topic), "{\n" + ",\n".join(parts) + "\n}\n")


def stale(topic: Topic, framework: str, kept: dict[str, Measured]) -> list[str]:
    """The checks that have changed since they were measured, or were never measured."""
    return [
        check.name
        for check in manifest(topic)
        if check.name not in kept or kept[check.name].digest != digest(topic, framework, check.name)
    ]


class Sampler:
    """Grades the reference solution of a topic in one framework, one seed after the other."""

    def __init__(self, topic: Topic, framework: str, pool: Pool) -> None:
        self.topic, self.framework, self.pool = topic, framework, pool
        text = topic.solution(framework).read_text(encoding="utf-8")
        self.source = edited(Path("/nonexistent"), topic.name, text, framework).source(topic)
        self.transport: Transport | None = None
        grader = vars(load_grader(topic)).values()
        self.thresholds = [value for value in grader if isinstance(value, Threshold)]

    def grade(self, check: Check, seed: int, fresh: bool = False) -> Outcome:
        """Run one check under one seed. fresh: in a new worker."""
        if fresh or self.transport is None:
            self.close()
            self.transport = Transport(self.pool, self.source)
        for threshold in self.thresholds:
            threshold.drawn.clear()
        return run_check(self.transport, check, Rules(seed, PATIENCE, full_size=False))

    def block(self, check: Check, before: Measured, gradings: int) -> Measured:
        """Add `gradings` more seeds to `before`."""
        falls, trained = list(before.falls), {of: list(v) for of, v in before.trained.items()}
        missed = dict(before.missed)
        for seed in range(before.gradings + 1, before.gradings + gradings + 1):
            outcome = self.grade(check, seed)
            for threshold in self.thresholds:
                if threshold.drawn:
                    reached = [float(f"{value:.4g}") for value in threshold.drawn]
                    trained.setdefault(threshold.of, []).extend(reached)
                    beyond = sum(not threshold.reaches(value) for value in threshold.drawn)
                    missed[threshold.of] = missed.get(threshold.of, 0) + beyond
            if outcome.status != PASSED:
                again = self.grade(check, seed, fresh=True)
                message = f"{outcome.status}: {outcome.message}"
                falls.append(Fall(seed, message, again.status != PASSED))
        kept = {of: tuple(values) for of, values in trained.items()}
        count = before.gradings + gradings
        return replace(before, gradings=count, falls=tuple(falls), trained=kept, missed=missed)

    def close(self) -> None:
        """End the worker."""
        if self.transport is not None:
            self.transport.close()
            self.transport = None


def sample(
    topic: Topic,
    framework: str,
    seeds: int,
    pool: Pool,
    advance: Callable[[str, Measured], None] | None = None,
) -> dict[str, Measured]:
    """Measure every check under the seeds 1 to `seeds`, or under fewer if it trains, and save the result.

    advance: called after each check.
    """
    record, sampler, saved = load(topic), Sampler(topic, framework, pool), time.monotonic()
    known = {check.name: digest(topic, framework, check.name) for check in manifest(topic)}
    kept = record[framework]
    record[framework] = now = {
        name: kept[name] if name in kept and kept[name].digest == wanted else Measured(wanted)
        for name, wanted in known.items()
    }
    for check in manifest(topic):
        for step in _steps(now, check, seeds):
            now[check.name] = sampler.block(check, now[check.name], step)
            if time.monotonic() - saved > SAVE_EVERY:
                _merge(topic, framework, now)
                saved = time.monotonic()
            if now[check.name].gradings % BLOCK == 0:
                sampler.close()
        if advance is not None:
            advance(check.name, now[check.name])
    sampler.close()
    _merge(topic, framework, now)
    return now


def _steps(now: dict[str, Measured], check: Check, seeds: int) -> Iterator[int]:
    """Yield how many seeds to grade next. The first grading shows whether the check trains."""
    while True:
        measured = now[check.name]
        goal = max(1, seeds // TRAINING_SHARE) if measured.trained else seeds
        if measured.gradings >= goal:
            return
        yield (
            1
            if measured.gradings == 0 or measured.trained
            else min(BLOCK - measured.gradings % BLOCK, goal - measured.gradings)
        )


def _merge(topic: Topic, framework: str, now: dict[str, Measured]) -> None:
    """Save, and keep what another process may have measured for the other framework."""
    save(topic, load(topic) | {framework: now})


def lines(topic: Topic, framework: str, measured: dict[str, Measured]) -> Iterator[str]:
    """The lines to print: one for each check, and one with the seed for each failure."""
    for name, one in measured.items():
        runs = "".join(
            f"; {one.missed[of]} of {len(values)} runs missed the bound of {of}"
            for of, values in one.trained.items()
        )
        real = sum(fall.repeats for fall in one.falls)
        yield f"{name}: {real} of {one.gradings} gradings failed{runs}"
        for fall in one.falls:
            word = "" if fall.repeats else " (once; not when tried again)"
            yield f"    --seed {fall.seed}{word}: {fall.message[:200]}"
    if any(one.falls for one in measured.values()):
        yield (
            f"To repeat a failure: pytest graders/{topic.name}.py --submission solutions/{framework} "
            "--data embedded --seed N"
        )
