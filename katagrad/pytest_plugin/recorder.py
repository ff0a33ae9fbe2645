"""The results of one pytest session: collected in the controlling process, printed, written as JSON."""

from __future__ import annotations

import contextlib
import dataclasses
import platform
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from katagrad.errors import (
    DESELECTED,
    FAILED,
    NOT_GRADED,
    NOT_REACHED,
    NOT_STARTED,
    PASSED,
    BadOption,
    Failure,
    NotGraded,
    SubmissionProblem,
)
from katagrad.files import write_json
from katagrad.grading.checks import Outcome, manifest
from katagrad.grading.records import ExampleResult, Result, Submitted, topic_result
from katagrad.grading.session import Grading, draw_seed, start
from katagrad.grading.submission import Submission
from katagrad.grading.table import number, table
from katagrad.pytest_plugin.case import CaseReport
from katagrad.pytest_plugin.tally import Tally
from katagrad.pytest_plugin.training import line_for
from katagrad.topics import Topic, root, topics

RUN = pytest.StashKey["Run"]()
KINDS = ("points", "maximum")
OPTIONS = (
    "submission",
    "framework",
    "seed",
    "isolation",
    "in_process",
    "start_method",
    "threads",
    "device",
    "data",
    "patience",
    "limit",
    "speed",
)


class Run:
    """The gradings of one pytest session."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.worker_input: dict[str, Any] | None = getattr(config, "workerinput", None)
        given = config.getoption("--seed")
        drawn = draw_seed() if given is None else given
        self.seed: int = self.worker_input["katagrad_seed"] if self.worker_input else drawn
        self.gradings: dict[Path, Grading] = {}
        self.seen: dict[str, Topic] = {}  # collected topics
        self.outcomes: dict[str, dict[str, Outcome]] = {}
        self.examples: dict[str, list[ExampleResult]] = {}
        self.frameworks: dict[str, str | None] = {}

    @property
    def debugging(self) -> bool:
        """Whether a debugger may stop in the submission."""
        return bool(self.config.getoption("usepdb"))

    @property
    def in_process(self) -> bool:
        """Whether the submission runs inside pytest, as a debugger requires."""
        return bool(self.config.getoption("--in-process")) or self.debugging

    def folder(self, beside: Path) -> Path:
        """The folder to grade: --submission, or the exercises."""
        given = self.config.getoption("--submission")
        if given:
            return Path(self.config.invocation_params.dir, given).resolve()
        return beside if beside.name == "exercises" else beside.parent / "exercises"

    def grading(self, folder: Path) -> Grading:
        """The grading of a folder. It is started by the first call."""
        if folder not in self.gradings:
            options = {
                name: self.config.getoption("--" + name.replace("_", "-")) for name in OPTIONS
            }
            options["in_process"] = self.in_process
            try:
                made = self.gradings[folder] = start(folder, options, self.seed)
            except BadOption as error:
                raise pytest.UsageError(str(error)) from None
            made.pool.listener = line_for(self.config)
        return self.gradings[folder]

    def prepare(self, folder: Path, topic: Topic) -> None:
        """Start importing a topic's framework in the background, unless the topic is not started."""
        current = self.grading(folder)
        with contextlib.suppress(Failure, NotGraded):
            source = current.submission.source(topic)
            source.ready()
            current.pool.prepare(source.framework)

    def close(self) -> None:
        """End all workers."""
        for one in self.gradings.values():
            one.close()
        self.gradings.clear()


def case_of(report: pytest.TestReport) -> CaseReport | None:
    """The verdict in a report, if the report is of a check's or an example's call."""
    case = getattr(report, "katagrad", None)
    return case if isinstance(case, CaseReport) and report.when == "call" else None


def reason_of(case: CaseReport) -> tuple[str, str, str] | None:
    """A key that is equal for failures with the same reason. None if the failure is shown on its own.

    The reason is the same exception at the same line, the same kind of wrong result of a function, or a message that
    concerns the whole file.
    """
    outcome = case.outcome
    if outcome.status != FAILED:
        return None
    if outcome.whole:
        return case.topic, "", outcome.message
    same = outcome.instead or outcome.place
    return (case.topic, outcome.crash, same) if same else None


class Controller:
    """Passes the seed of this run to the workers of xdist."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def pytest_configure_node(self, node: Any) -> None:
        """Called by xdist for each worker before it starts."""
        node.workerinput["katagrad_seed"] = self.seed


class Recorder:
    """Collects verdicts, writes the JSON file, prints the table."""

    def __init__(self, config: pytest.Config) -> None:
        self.config, self.run = config, config.stash[RUN]
        self.folder = ""
        self.isolation = self.memory_bound = ""
        self.versions: dict[str, str] = {}
        self.places: dict[tuple[str, str], tuple[bool, int]] = {}
        self.tally = Tally()
        self.said: dict[tuple[str, str, str], str] = {}  # the first failed test, by reason

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, Any] | None:
        """Categories without a section in the failures: not started, not graded, or failed for the same reason."""
        case = case_of(report)
        if case is None:
            return None
        outcome = case.outcome
        if outcome.status == NOT_STARTED:
            return "not started", "-", ("NOT STARTED", {"yellow": True})
        if outcome.status == NOT_GRADED:
            return "not graded", "?", ("NOT GRADED", {"yellow": True})
        reason = reason_of(case)
        if reason is not None and self.said.setdefault(reason, report.nodeid) != report.nodeid:
            return "failed for the same reason", "F", ("FAILED", {"red": True})
        return None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Store a verdict. A check passes only if all its cases pass."""
        case = case_of(report)
        if case is None:
            return
        name, outcome = case.topic, case.outcome
        home = Path(case.root)  # under xdist, only the workers have collected
        self.run.seen.setdefault(name, topics(None if home == root() else home)[name])
        if case.framework or name not in self.run.frameworks:
            self.run.frameworks[name] = case.framework
        self.folder, self.isolation = case.folder, case.isolation or self.isolation
        self.memory_bound = case.memory_bound or self.memory_bound
        self.versions.update(case.versions)
        if case.example:
            seconds = round(outcome.seconds, 3)
            self.run.examples.setdefault(name, []).append(
                ExampleResult(case.check, outcome.status, outcome.message, outcome.printed, seconds)
            )
            return
        self.tally.note(name, case.check, case.place)
        kept = self.run.outcomes.setdefault(name, {})
        before = kept.get(case.check)
        total = outcome.seconds + (before.seconds if before else 0.0)
        # xdist reports cases in any order; the first that failed decides.
        place = (outcome.status == PASSED, case.place)
        if before is None or place < self.places[name, case.check]:
            self.places[name, case.check] = place
            kept[case.check] = dataclasses.replace(outcome, seconds=total)
        else:
            kept[case.check] = dataclasses.replace(before, seconds=total)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Store which cases will run."""
        self.tally.choose(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Store which cases will run under xdist, where only the workers collect."""
        self.tally.choose(ids)

    def outcomes(self, topic: Topic) -> dict[str, Outcome]:
        """The outcome of each check of a topic."""
        kept = self.run.outcomes.get(topic.name, {})
        return {
            check.name: self.tally.outcome(topic.name, check, kept.get(check.name))
            for check in manifest(topic, self.config.getoption("--speed"))
        }

    def result(self) -> Result:
        """The result of the run so far."""
        order = [name for name in topics() if name in self.run.seen] + [
            name for name in self.run.seen if name not in topics()
        ]
        order = [name for name in order if self.run.seen[name].grader.is_file()]  # no hand-out's
        found = {
            name: topic_result(
                self.run.seen[name],
                self.outcomes(self.run.seen[name]),
                self.run.frameworks.get(name),
                speed=self.config.getoption("--speed"),
                examples=self.run.examples.get(name),
            )
            for name in order
        }
        folder = Path(self.folder) if self.folder else root() / "exercises"
        try:
            sha256: str | None = Submission(folder).sha256
        except (SubmissionProblem, NotGraded):
            sha256 = None
        return Result(
            topics=found,
            isolation=self.isolation,
            seed=self.run.seed,
            speed=self.config.getoption("--speed"),
            versions={"python": platform.python_version(), **self.versions},
            grade=not self.run.in_process,
            device=self.config.getoption("--device"),
            submission=Submitted(folder.name, sha256),
            memory_bound=self.memory_bound or None,
        )

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the table by chapter, and where the results were written."""
        if not self.run.outcomes and not self.run.examples:
            return
        result = self.result()
        if not result.topics and not self.config.getoption("--results"):
            return
        write = terminalreporter.write_line
        terminalreporter.section("progress")
        ran = {
            name: topic
            for name, topic in result.topics.items()
            if name in self.run.outcomes or topic.status != DESELECTED or topic.examples
        }
        for line in table(ran, terminalreporter._tw.fullwidth):
            write(line)
        reached, most = (number(sum(getattr(t, k) for t in ran.values())) for k in KINDS)
        write(f"{reached} of {most} points  (seed {result.seed}, isolation {result.isolation})")
        unrun = Counter(check.status for topic in ran.values() for check in topic.checks)
        left = [f"{unrun[s]} {s}" for s in (DESELECTED, NOT_REACHED) if unrun[s]]
        if left:
            write(f"partial total: {' and '.join(left)} of {unrun.total()} checks")
        unjudged: Counter[tuple[str, str]] = Counter()
        for report in terminalreporter.getreports("not graded"):
            outcome = report.katagrad.outcome
            of = report.katagrad.topic if outcome.whole else report.nodeid.split("::")[-1]
            unjudged[of, outcome.message] += 1
        for (of, message), count in unjudged.items():
            write(f"not graded: {of}: {message}" + (f"  [{count} cases]" if count > 1 else ""))
        for name, topic in result.topics.items():
            for check in topic.checks:
                if check.status == PASSED and check.message:
                    write(f"{name}: {check.name}: {check.message}")
        if not result.grade:
            write("in-process run: not a grade")
        target = self.config.getoption("--results")
        if target:
            path = Path(self.config.invocation_params.dir, target)
            write_json(path, result.to_json())
            write(f"results written to {target}")
