"""The checks of one topic on a student's own file, one by one, by a server that keeps the framework."""

from __future__ import annotations

import contextlib
import hashlib
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from katagrad.boundary.implementation import Implementation, Transport
from katagrad.errors import (
    FAILED,
    NOT_STARTED,
    PASSED,
    BadOption,
    Failure,
    NotGraded,
    refusal,
)
from katagrad.grading.checks import Check, Outcome, manifest, run_case, run_check
from katagrad.grading.examples import Example, examples, run_example
from katagrad.grading.records import topic_status
from katagrad.grading.session import Grading, draw_seed, start
from katagrad.grading.submission import Submission
from katagrad.grading.training import on_terminal
from katagrad.student.interrupt import Superseded
from katagrad.student.standing import note
from katagrad.student.workspace import Workspace
from katagrad.topics import Topic


@dataclass(frozen=True)
class Judged:
    """One check, or the examples of one function, with its outcome. points: 0 for examples."""

    name: str
    claim: str
    points: float
    hint: str
    outcome: Outcome


@dataclass(frozen=True)
class Verdict:
    """A topic as it was checked. judged: as they were made, fewer than `checks` where the run was cut short.

    unkept: why the workspace could not keep what came of it; empty where it did.
    """

    topic: Topic
    judged: Sequence[Judged]
    checks: int
    seconds: float = 0.0
    unkept: str = ""

    @property
    def status(self) -> str:
        """One word: passed only if everything was checked, and passed."""
        found = topic_status(one.outcome.status for one in self.judged) if self.judged else ""
        return NOT_STARTED if not found or (found == PASSED and not self.whole) else found

    @property
    def whole(self) -> bool:
        """Whether all checks were made."""
        return len(self.judged) == self.checks

    @property
    def passed(self) -> int:
        """How many passed."""
        return sum(one.outcome.status == PASSED for one in self.judged)

    @property
    def points(self) -> float:
        """The sum over the checks that passed."""
        return sum(one.points for one in self.judged if one.outcome.status == PASSED)

    @property
    def maximum(self) -> float:
        """The sum over all checks made."""
        return sum(one.points for one in self.judged)

    @property
    def first(self) -> Judged | None:
        """What to look at first: a failure, else what is not written yet, else what could not be judged."""
        found = {one.outcome.status: one for one in reversed(self.judged)}
        other = next((one for status, one in found.items() if status != PASSED), None)
        return found.get(FAILED) or found.get(NOT_STARTED) or other


class Checker:
    """Checks the topics of a workspace, one at a time. Close it when done.

    framework: overrides what the files import. seed: default: drawn once, so that a failure shows the same values
    from one save to the next.
    """

    def __init__(
        self,
        workspace: Workspace,
        framework: str | None = None,
        patience: float = 1.0,
        seed: int | None = None,
    ) -> None:
        self.workspace, self.framework = workspace, framework
        options = {"framework": framework, "patience": patience}
        chosen = draw_seed() if seed is None else seed
        self.grading: Grading = start(workspace.exercises, options, chosen)
        if sys.stdout.isatty():
            self.grading.pool.listener = on_terminal(_write)
        # The submission that is being checked, if any; another thread may look whether it is at work.
        self.transport: Transport | None = None

    def prepare(self, topic: Topic) -> None:
        """Load the topic's grader, and start the import of the framework without waiting for it."""
        source = Submission(self.workspace.exercises, self.framework).source(topic)
        framework = self.workspace.framework
        with contextlib.suppress(Failure, NotGraded):
            framework = source.framework
        with contextlib.suppress(NotGraded):
            if framework is not None:
                self.grading.pool.prepare(framework)
            if topic.grader.is_file():
                manifest(topic)

    def run(self, topic: Topic, urgent: Collection[str] = ()) -> Iterator[tuple[Judged, int]]:
        """Each check with its outcome as soon as it is there, and how many there are.

        Those whose names are in `urgent` come first, then the examples, then the others as the grader has them.
        """
        submission = Submission(self.workspace.exercises, self.framework)
        self.transport = Transport(self.grading.pool, submission.source(topic))
        try:
            content = b""  # of a file that cannot be read, which the checks report
            with contextlib.suppress(OSError):
                content = self.workspace.file(topic).read_bytes()
            shown = examples_of(content)
            if not shown and not topic.grader.is_file():
                shown = examples_of(topic.contract.read_bytes())
            yield from self._run(self.transport, topic, shown, urgent)
        except (Superseded, KeyboardInterrupt):
            # Left while a worker was being ended: its server may still owe an answer.
            if getattr(self.transport.worker, "dead", False):
                self.grading.pool.close()
            raise
        finally:
            self.transport.close()
            self.transport = None

    @property
    def waiting(self) -> bool:
        """Whether the submission is at work, rather than the grader: a check can be left then."""
        return self.transport is not None and self.transport.waiting

    def _run(
        self, transport: Transport, topic: Topic, shown: list[Example], urgent: Collection[str]
    ) -> Iterator[tuple[Judged, int]]:
        rules, seconds = self.grading.rules, self.grading.pool.limits.wall

        def example(one: Example) -> Judged:
            name = _name(one)
            outcome = run_case(transport, name, "", seconds, rules, _body(one))
            return Judged(name, f"the examples of {one.subject} hold", 0, "", outcome)

        def hidden(check: Check) -> Judged:
            outcome = run_check(transport, check, rules)
            hint = check.hint if outcome.hinted else ""
            return Judged(check.name, check.claim, check.points, hint, outcome)

        makers = [(_name(one), partial(example, one)) for one in shown]
        if topic.grader.is_file():
            makers += [(check.name, partial(hidden, check)) for check in manifest(topic)]
        makers.sort(key=lambda maker: maker[0] not in urgent)  # and otherwise in their order
        for _, make in makers:
            yield make(), len(makers)

    def close(self) -> None:
        """End the servers."""
        self.grading.close()


def judge(
    checker: Checker,
    topic: Topic,
    advance: Callable[[Judged, int], None] | None = None,
    urgent: Collection[str] = (),
) -> Verdict:
    """Check a topic, those named `urgent` first, and keep in its workspace what came of it.

    advance: called after each check.
    """
    workspace = checker.workspace
    digest, began = file_hash(workspace, topic), time.monotonic()
    judged, checks = [], 0
    for one, checks in checker.run(topic, urgent):
        judged.append(one)
        if advance is not None:
            advance(one, checks)
    found = Verdict(topic, judged, checks, time.monotonic() - began)
    try:
        keep(workspace, found, digest)
    except BadOption as error:
        return replace(found, unkept=str(error))
    except OSError as error:
        return replace(found, unkept=refusal(error) or str(error))
    return found


def keep(workspace: Workspace, found: Verdict, digest: str) -> None:
    """Keep in a workspace what came of a check of the file with this hash."""
    note(
        workspace,
        found.topic,
        status=found.status,
        passed=found.passed,
        checks=found.checks,
        points=float(found.points),
        maximum=float(found.maximum),
        file=digest,
    )


def _write(text: str) -> None:
    print(text, end="", flush=True)


def _name(example: Example) -> str:
    return f"example {example.subject}"


def _body(example: Example) -> Callable[[Implementation], None]:
    return lambda impl: run_example(impl, example)


def examples_of(content: bytes) -> list[Example]:
    """The examples of a student's file; none where it cannot be parsed, which the checks report."""
    try:
        return examples(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def file_hash(workspace: Workspace, topic: Topic) -> str:
    """A hash of the student's file; empty where there is none."""
    try:
        return hashlib.sha256(workspace.file(topic).read_bytes()).hexdigest()
    except OSError:
        return ""
