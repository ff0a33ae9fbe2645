"""Tests of one topic's grader: stubs must fail, solutions must pass, and each mutant must be caught by its check."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from katagrad.authoring.context import derive
from katagrad.authoring.threshold import Threshold
from katagrad.boundary.implementation import Implementation, Transport
from katagrad.boundary.process import Pool
from katagrad.errors import FAILED, FORM, LOADING, NOT_GRADED, PASSED
from katagrad.grading.checks import Outcome, Rules, manifest, run_case, run_topic
from katagrad.grading.examples import examples, run_example
from katagrad.grading.submission import edited
from katagrad.mutation import verdicts
from katagrad.mutation.bounds import check_thresholds
from katagrad.mutation.careless import careless
from katagrad.mutation.entries import Named, named_mutants
from katagrad.mutation.findings import Findings
from katagrad.mutation.layout import alternatives
from katagrad.mutation.operators import Mutant, mutants
from katagrad.mutation.script import as_script
from katagrad.mutation.survivors import Detector
from katagrad.topics import Topic

# Errors that a typing error causes, too: a mutant that only causes one of these proves nothing about the check.
CRASHES = {
    LOADING,
    FORM,
    "AttributeError",
    "ImportError",
    "IndentationError",
    "ModuleNotFoundError",
    "NameError",
    "SyntaxError",
    "UnboundLocalError",
}

# The seeds under which a mutant that is known to fall is judged again where it once does not.
AGAIN = (11, 12)


class Validator:
    """Tests one topic's grader in one framework. Close it when done."""

    def __init__(
        self, topic: Topic, framework: str, pool: Pool | None = None, full_size: bool = False
    ) -> None:
        self.topic, self.framework = topic, framework
        self.pool = pool or Pool()
        self.full_size = full_size
        self.path = topic.solution(framework)
        self.solution = self.path.read_text(encoding="utf-8")
        # Verdicts that hold now: those found by this validator, and those that were kept and still count.
        self.sound: dict[str, str] = {}

    def transport(self, text: str, framework: str | None = None) -> Transport:
        """A transport for a submission that holds `text` as the topic's file, and nothing else."""
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

    def solutions(
        self, findings: Findings, seeds: Sequence[int] = (1, 2, 3), share: float = 1.0
    ) -> None:
        """The solution passes every check under every seed."""
        for seed in seeds:
            started = time.monotonic()
            self.right(findings, f"the solution, seed {seed}", self.solution, seed, share)
            findings.notes.append(f"solution, seed {seed}: {time.monotonic() - started:.2f} s")

    def script(self, findings: Findings, seed: int = 2, share: float = 1.0) -> None:
        """The solution passes every check in the surroundings that a script has."""
        text = as_script(self.solution, self.framework)
        self.right(findings, f"the solution as a script, seed {seed}", text, seed, share)

    def alternatives(self, findings: Findings, seed: int = verdicts.ALTERNATIVE_SEED) -> None:
        """Correct solutions in other styles pass every check."""
        for path in alternatives(self.topic, self.framework):
            text = path.read_text(encoding="utf-8")
            self.right(findings, f"the alternative {path.stem}", text, seed)

    def right(
        self, findings: Findings, what: str, text: str, seed: int, share: float = 1.0
    ) -> None:
        """A right answer passes every check. share: how often one whose verdict is known is graded again."""
        there, machinery = (
            verdicts.known(self.topic, self.framework),
            verdicts.machinery(self.topic),
        )
        key = verdicts.right(self.topic, self.framework, text, seed)
        if verdicts.settled(key, there, machinery, share, verdicts.MACHINERY_SHARE):
            self.sound[key] = there[key]
            return
        before = len(findings.problems)
        for name, outcome in self.run(text, seed).items():
            if outcome.status != PASSED:
                findings.problems.append(f"{what}: {name} is {outcome.status}: {outcome.message}")
        if len(findings.problems) == before:
            self.sound[key] = machinery

    def examples(self, findings: Findings) -> None:
        """The examples of the stub's docstrings hold for the solution."""
        transport = self.transport(self.solution, self.framework)
        for example in examples(self.topic.stub.read_text(encoding="utf-8")):

            def body(impl: Implementation, example: object = example) -> None:
                run_example(impl, example)  # type: ignore[arg-type]

            outcome = run_case(transport, f"example {example.subject}", "", 20, Rules(1), body)
            if outcome.status != PASSED:
                findings.problems.append(f"the example {example.subject}: {outcome.message}")
        transport.close()

    def mutants(
        self,
        findings: Findings,
        seed: int = 4,
        matching: str = "",
        share: float = 1.0,
        show: bool = False,
    ) -> None:
        """Each kept mutant falls to the check that it names, by a judgement.

        Where one that is known to fall does not, it has to fall under two further seeds; a note says so.
        matching: only those whose name or check contains it. share: how many of those whose verdict is known are
        judged again. show: also note what a student would read.
        """
        listed = [m for m in named_mutants(self.topic, self.framework) if m.matches(matching)]
        there, library = verdicts.known(self.topic, self.framework), verdicts.library(self.topic)
        repeated, before = 0, len(findings.problems)
        for mutant in listed:
            try:
                text = mutant.apply(self.solution)
            except ValueError as error:
                findings.problems.append(f"mutant {mutant.name!r}: {error}")
                continue
            key = verdicts.key(self.topic, self.framework, mutant, text)
            if verdicts.settled(key, there, library, share):
                self.sound[key] = there[key]
                continue
            repeated += 1
            problem = self._judge(mutant, text, seed, findings if show else None)
            if problem and key in there and not any(self._judge(mutant, text, s) for s in AGAIN):
                # Some frameworks' random numbers differ from run to run, so a mutant may escape once by chance.
                findings.notes.append(
                    f"mutant {mutant.name!r}, once in {1 + len(AGAIN)}: {problem}"
                )
            elif problem:
                findings.problems.append(f"mutant {mutant.name!r} {problem}")
            else:
                self.sound[key] = library
        fallen = len(listed) - (len(findings.problems) - before)
        findings.notes.append(
            f"mutants: {fallen} of {len(listed)} fall to the check that they name"
            + (f" ({repeated} judged now, the others before)" if repeated < len(listed) else "")
        )

    def _judge(self, mutant: Named, text: str, seed: int, shown: Findings | None = None) -> str:
        """Why a mutant is not caught as it should be; empty if it is."""
        checks = {check.name: check for check in manifest(self.topic)}
        if mutant.caught_by not in checks:
            return f"names {mutant.caught_by}, which is no check of the grader"
        outcome = self.run(text, seed, [mutant.caught_by])[mutant.caught_by]
        if shown is not None:
            check = checks[mutant.caught_by]
            shown.shown += [f"{mutant.name} ({mutant.caught_by}, {outcome.status})"]
            shown.shown += [f"    {line}" for line in outcome.message.splitlines()]
            if check.hint and outcome.status == FAILED and not outcome.whole:
                shown.shown.append(f"    Look at: {check.hint}")
        if outcome.status == PASSED:
            others = [name for name in checks if name != mutant.caught_by]
            fell = [n for n, o in self.run(text, seed, others).items() if o.status == FAILED]
            return f"survives {mutant.caught_by}, " + (
                f"but falls to {', '.join(fell[:3])}" if fell else "and every other check"
            )
        if outcome.status != FAILED:
            return f"is {outcome.status} by {mutant.caught_by}: {outcome.message}"
        if outcome.crash in CRASHES and not mutant.crashes:
            return (
                f"falls by a crash, not by a judgement: {outcome.message.splitlines()[0][:200]} "
                "(correct it, name another check, or mark it `crashes = true`)"
            )
        return ""

    def family(self, name: str) -> list[Mutant]:
        """All mutants of the solution of a family: "generic" or "careless"."""
        if name == "generic":
            return list(mutants(self.solution))
        return list(careless(self.solution, self.framework, asked(self.topic)))

    def detect(
        self, family: str, seed: int = 5, progress: Callable[[int, int], None] | None = None
    ) -> Iterator[tuple[Mutant, str]]:
        """(mutant, check that caught it, or "") for every mutant of a family that could show."""
        found = self.family(family)
        took = {name: outcome.seconds for name, outcome in self.run(self.solution, seed).items()}
        detector = Detector(manifest(self.topic), self.solution, took, self.pool.limits.wall)

        def catch(mutant: Mutant, text: str) -> str:
            transport = self.transport(text, self.framework)
            return detector.catch(mutant, transport, Rules(seed, full_size=self.full_size))

        shows = {"": True}  # whether a check has a result that the mutants of a probe could change
        for i, mutant in enumerate(found):
            if mutant.probe not in shows:
                shows[mutant.probe] = bool(catch(mutant, mutant.probe))
            if progress is not None:
                progress(i + 1, len(found))
            if shows[mutant.probe]:
                yield mutant, catch(mutant, mutant.source)

    def measure(self, threshold: Threshold, runs: int) -> list[float]:
        """The values that the solution reaches over `runs` seeds."""
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


def asked(topic: Topic) -> set[str]:
    """What a stub defines: "softmax", "SGD", "SGD.step"."""
    found = set()
    for node in ast.parse(topic.stub.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
            found |= {f"{node.name}.{n.name}" for n in node.body if isinstance(n, ast.FunctionDef)}
    return found


def validate(
    topic: Topic,
    framework: str,
    pool: Pool | None = None,
    seeds: Sequence[int] = (1, 2, 3),
    share: float = verdicts.SHARE,
    show: bool = False,
) -> Findings:
    """Everything that has to be run but mutants made by rule, on embedded data. Keeps the verdicts."""
    findings = Findings(topic.name, framework)
    validator = Validator(topic, framework, pool)
    validator.stub(findings)
    validator.solutions(findings, seeds)
    validator.script(findings)
    validator.examples(findings)
    validator.alternatives(findings)
    validator.mutants(findings, share=share, show=show)
    verdicts.keep(topic, framework, validator.sound)
    check_thresholds(topic, framework, findings)
    if pool is None:
        validator.close()
    return findings
