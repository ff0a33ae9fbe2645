"""The judges judged: for one topic, stubs must fail, solutions must pass, and each mutant must fall to its check."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from katagrad.authoring.context import derive
from katagrad.authoring.threshold import Threshold
from katagrad.boundary.implementation import Implementation, Transport
from katagrad.boundary.process import Pool
from katagrad.errors import FAILED, NOT_GRADED, PASSED
from katagrad.grading.checks import Outcome, Rules, load_grader, manifest, run_case, run_topic
from katagrad.grading.submission import edited
from katagrad.mutation.operators import Mutant
from katagrad.mutation.operators import mutants as generic_mutants
from katagrad.mutation.survivors import Hunt
from katagrad.topics import Topic, read_toml


@dataclass(frozen=True)
class Named:
    """A mutant of tests/mutants/<topic>.toml: `fault` in words, and the check that must catch it."""

    fault: str
    replace: str
    by: str
    caught_by: str

    def apply(self, source: str) -> str:
        """The mutated text. Raises ValueError unless `replace` stands in it exactly once."""
        if source.count(self.replace) != 1:
            raise ValueError(
                f"{self.fault!r}: {self.replace!r} stands {source.count(self.replace)} times in the solution, not once"
            )
        return source.replace(self.replace, self.by)


@dataclass(frozen=True)
class Equivalent:
    """A generic mutant that no check can catch, and why: `before` became `after` on a line that holds `within`."""

    before: str
    after: str
    reason: str
    within: str = ""

    def matches(self, mutant: Mutant, source: str) -> bool:
        """Whether this entry speaks of `mutant`."""
        line = source.splitlines()[mutant.line - 1] if mutant.line else ""
        return mutant.before == self.before and mutant.after == self.after and self.within in line


def named_mutants(topic: Topic, framework: str) -> list[Named]:
    """The mutants that the project keeps for a topic."""
    if not topic.mutants.is_file():
        return []
    listed = read_toml(topic.mutants)
    return [
        Named(m["fault"], m["replace"], m["with"], m["caught_by"])
        for m in listed.get(framework, [])
    ]


def equivalents(topic: Topic, framework: str) -> list[Equivalent]:
    """The generic mutants that are known to change nothing that can be judged."""
    if not topic.mutants.is_file():
        return []
    listed = read_toml(topic.mutants).get("equivalent", {})
    return [
        Equivalent(e["before"], e["after"], e["reason"], e.get("within", ""))
        for e in listed.get(framework, [])
    ]


@dataclass
class Findings:
    """What a validation found. problems: full sentences; empty means that the topic's judge is sound."""

    topic: str
    framework: str
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Validator:
    """Judges one topic's grader in one framework. Close it when done."""

    def __init__(
        self, topic: Topic, framework: str, pool: Pool | None = None, full_size: bool = False
    ) -> None:
        self.topic, self.framework = topic, framework
        self.pool = pool or Pool()
        self.full_size = full_size
        self.path = topic.solution(framework)
        self.solution = self.path.read_text(encoding="utf-8")

    def transport(self, text: str, framework: str | None = None) -> Transport:
        """A transport on `text` as the topic's file, beside nothing."""
        submission = edited(Path("/nonexistent"), self.topic.name, text, framework)
        return Transport(self.pool, submission.source(self.topic))

    def run(self, text: str, seed: int, only: Sequence[str] = ()) -> dict[str, Outcome]:
        """Outcomes of the checks on `text`."""
        rules = Rules(seed, full_size=self.full_size)
        return run_topic(self.transport(text, self.framework), self.topic, rules, only)

    def stub(self, findings: Findings) -> None:
        """An untouched stub fails every check, and is the one that is kept as the contract."""
        if self.topic.contract.read_bytes() != self.topic.stub.read_bytes():
            findings.problems.append(
                f"exercises/{self.topic.name}.py differs from the contract that is kept of it; "
                "if the contract is what changed, run: kata contracts"
            )
        text = self.topic.contract.read_text(encoding="utf-8")
        for name, outcome in self.run(text, 0).items():
            if outcome.status in (PASSED, NOT_GRADED):
                findings.problems.append(
                    f"the untouched stub: {name} is {outcome.status} {outcome.message}"
                )

    def solutions(self, findings: Findings, seeds: Sequence[int] = (1, 2, 3)) -> None:
        """The solution passes every check under every seed."""
        for seed in seeds:
            started = time.monotonic()
            for name, outcome in self.run(self.solution, seed).items():
                if outcome.status != PASSED:
                    findings.problems.append(
                        f"the solution, seed {seed}: {name} is {outcome.status}: {outcome.message}"
                    )
            findings.notes.append(f"solution, seed {seed}: {time.monotonic() - started:.2f} s")

    def mutants(self, findings: Findings, seed: int = 4) -> None:
        """Each kept mutant falls to the check that it names."""
        names = {check.name for check in manifest(self.topic)}
        kept, before = named_mutants(self.topic, self.framework), len(findings.problems)
        for mutant in kept:
            try:
                text = mutant.apply(self.solution)
            except ValueError as error:
                findings.problems.append(f"mutant {error}")
                continue
            if mutant.caught_by not in names:
                findings.problems.append(
                    f"mutant {mutant.fault!r} names {mutant.caught_by}, which is no check of the grader"
                )
                continue
            outcome = self.run(text, seed, [mutant.caught_by])[mutant.caught_by]
            if outcome.status != FAILED:
                findings.problems.append(
                    f"mutant {mutant.fault!r} survives {mutant.caught_by} ({outcome.status} {outcome.message})"
                )
        fallen = len(kept) - (len(findings.problems) - before)
        findings.notes.append(f"mutants: {fallen} of {len(kept)} fall to the check that they name")

    def generic(
        self, seed: int = 5, progress: Callable[[int, int], None] | None = None
    ) -> Iterator[tuple[Mutant, str]]:
        """(mutant, check that caught it, or "") for every generic mutant of the solution."""
        found = list(generic_mutants(self.solution))
        took = {name: outcome.seconds for name, outcome in self.run(self.solution, seed).items()}
        hunt = Hunt(manifest(self.topic), self.solution, took, self.pool.limits.wall)
        for i, mutant in enumerate(found):
            transport = self.transport(mutant.source, self.framework)
            caught = hunt.catch(mutant, transport, Rules(seed, full_size=self.full_size))
            if progress is not None:
                progress(i + 1, len(found))
            yield mutant, caught

    def measure(self, threshold: Threshold, runs: int) -> list[float]:
        """What the solution reaches over `runs` seeds."""
        transport = self.transport(self.solution, self.framework)
        values: list[float] = []

        def body(impl: Implementation) -> None:
            assert threshold.measure is not None
            values.append(threshold.measure(impl, derive(len(values), threshold.of) % 2**31))

        for i in range(runs):
            outcome = run_case(
                transport, "measure", str(i), 600.0, Rules(1000 + i, full_size=True), body
            )
            if outcome.status != PASSED:
                raise RuntimeError(
                    f"measuring {threshold.of} with the {self.framework} solution: {outcome.message}"
                )
        transport.close()
        return values

    def close(self) -> None:
        """End the workers."""
        self.pool.close()


def thresholds(topic: Topic) -> dict[str, Threshold]:
    """The thresholds of a grader by the name of their constant."""
    return {
        name: value
        for name, value in vars(load_grader(topic)).items()
        if isinstance(value, Threshold)
    }


def check_thresholds(topic: Topic, framework: str, findings: Findings) -> None:
    """Each threshold has ten measurements, lies beyond their worst, and is missed less than once in a thousand."""
    for name, threshold in thresholds(topic).items():
        sample = list(getattr(threshold, framework))
        if len(sample) < 10:
            findings.problems.append(
                f"{name}: {len(sample)} measurements in {framework}, but ten are needed"
            )
            continue
        worst = min(sample) if threshold.at_least is not None else max(sample)
        beyond = (
            worst < threshold.bound if threshold.at_least is not None else worst > threshold.bound
        )
        odds = threshold.chance_of_failure(framework)
        if beyond or odds > 1e-3 or math.isnan(odds):
            findings.problems.append(
                f"{name}: worst of {len(sample)} runs {worst:.4g}, bound {threshold.bound:g}; "
                f"missed with probability {odds:.2g}"
            )
        runs = ", ".join(f"{value:.4g}" for value in sorted(sample))
        findings.notes.append(
            f"{name} ({threshold.of}): bound {threshold.bound:g}, missed with probability {odds:.1g}; "
            f"{len(sample)} runs reached {runs}"
        )


def validate(
    topic: Topic, framework: str, pool: Pool | None = None, seeds: Sequence[int] = (1, 2, 3)
) -> Findings:
    """Everything but generic mutation, on embedded data."""
    findings = Findings(topic.name, framework)
    validator = Validator(topic, framework, pool)
    validator.stub(findings)
    validator.solutions(findings, seeds)
    validator.mutants(findings)
    check_thresholds(topic, framework, findings)
    if pool is None:
        validator.close()
    return findings
