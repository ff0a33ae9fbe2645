"""What one pytest session graded: collected in the controlling process, printed as a table, written as JSON."""

from __future__ import annotations

import contextlib
import dataclasses
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from katagrad.errors import (
    FAILED,
    NOT_GRADED,
    NOT_STARTED,
    PASSED,
    BadOption,
    Failure,
    NotGraded,
    SubmissionProblem,
)
from katagrad.grading import records
from katagrad.grading.checks import Outcome
from katagrad.grading.session import Grading, draw_seed, start
from katagrad.grading.submission import Submission, python_versions
from katagrad.text import quoted
from katagrad.topics import Topic, root, topics

RUN = pytest.StashKey["Run"]()
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
    """What one pytest session grades."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.worker_input: dict[str, Any] | None = getattr(config, "workerinput", None)
        given = config.getoption("--seed")
        self.seed: int = (
            self.worker_input["katagrad_seed"]
            if self.worker_input
            else draw_seed()
            if given is None
            else given
        )
        self.gradings: dict[Path, Grading] = {}
        self.seen: dict[str, Topic] = {}  # topics in this run's collection
        self.outcomes: dict[str, dict[str, Outcome]] = {}
        self.examples: dict[str, list[dict[str, Any]]] = {}
        self.about: dict[str, dict[str, Any]] = {}  # per topic: framework, versions, isolation

    def folder(self, beside: Path) -> Path:
        """The folder that is graded: --submission, else the exercises."""
        given = self.config.getoption("--submission")
        if given:
            return Path(self.config.invocation_params.dir, given).resolve()
        return beside if beside.name == "exercises" else beside.parent / "exercises"

    def grading(self, folder: Path) -> Grading:
        """The grading of a folder, begun when first asked for."""
        if folder not in self.gradings:
            options = {
                name: self.config.getoption("--" + name.replace("_", "-")) for name in OPTIONS
            }
            try:
                self.gradings[folder] = start(folder, options, self.seed)
            except BadOption as error:
                raise pytest.UsageError(str(error)) from None
        return self.gradings[folder]

    def prepare(self, folder: Path, topic: Topic) -> None:
        """Start the import of a topic's framework now, beside pytest's own work, if the topic is begun."""
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


def words(outcome: Outcome, claim: str, about: Mapping[str, Any], topic: str) -> str:
    """What a student reads of a check that did not pass."""
    if outcome.status == NOT_STARTED:
        return outcome.message
    lines = []
    if claim:
        points = about.get("points")
        worth = f"  [{records.number(points)} point{'s' if points != 1 else ''}]" if points else ""
        lines.append(f"{claim}{worth}")
    lines.append(outcome.message if outcome.status == FAILED else f"not graded: {outcome.message}")
    if outcome.status == FAILED and about.get("hint") and not outcome.whole:
        lines.append(f"Hint: {about['hint']}")
    if outcome.printed:
        lines += [f"{topic}.py printed:", *quoted(outcome.printed)]
    return "\n".join(lines)


class Controller:
    """Under xdist, gives every worker the seed of this run."""

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
        self.isolation = ""
        self.versions: dict[str, str] = {}
        self.places: dict[tuple[str, str], tuple[bool, int]] = {}
        self.said: dict[tuple[str, str], str] = {}  # of a topic's file, by which test

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, Any] | None:
        """Make categories with no section among the failures: of what is not started, not graded, or told once."""
        told = getattr(report, "katagrad", None)
        if told is None or report.when != "call":
            return None
        status, message, *_, whole = told["outcome"]
        if status == NOT_STARTED:
            return "not started", "-", ("NOT STARTED", {"yellow": True})
        if status == NOT_GRADED:
            return "not graded", "?", ("NOT GRADED", {"yellow": True})
        first = self.said.setdefault((told["topic"], message), report.nodeid) if whole else ""
        if status == FAILED and whole and first != report.nodeid:
            return "failed for the same reason", "F", ("FAILED", {"red": True})
        return None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a verdict; the worst case of a check decides."""
        told = getattr(report, "katagrad", None)
        if told is None or report.when != "call":
            return
        status, message, printed, seconds, data, whole = told["outcome"]
        name = told["topic"]
        home = Path(told["root"])  # under xdist, only the workers have collected
        self.run.seen.setdefault(name, topics(None if home == root() else home)[name])
        self.run.about.setdefault(name, {})["framework"] = told["framework"] or self.run.about.get(
            name, {}
        ).get("framework")
        self.folder, self.isolation = told["folder"], told["isolation"] or self.isolation
        self.versions.update(told["versions"])
        if told["example"]:
            record = {
                "name": told["check"],
                "status": status,
                "message": message,
                "printed": printed,
                "seconds": round(seconds, 3),
            }
            self.run.examples.setdefault(name, []).append(record)
            return
        kept = self.run.outcomes.setdefault(name, {})
        before = kept.get(told["check"])
        total = seconds + (before.seconds if before else 0.0)
        place = (
            status == PASSED,
            told["place"],
        )  # xdist reports cases in any order; the first that failed decides
        if before is None or place < self.places[name, told["check"]]:
            self.places[name, told["check"]] = place
            kept[told["check"]] = Outcome(status, message, printed, total, tuple(data), whole)
        else:
            kept[told["check"]] = dataclasses.replace(before, seconds=total)

    def record(self) -> dict[str, Any]:
        """Everything that is known, as the JSON file holds it."""
        order = [name for name in topics() if name in self.run.seen] + [
            name for name in self.run.seen if name not in topics()
        ]
        found = {}
        for name in order:
            entry = records.topic_record(
                self.run.seen[name],
                self.run.outcomes.get(name, {}),
                self.run.about.get(name, {}).get("framework"),
                speed=self.config.getoption("--speed"),
            )
            found[name] = (
                {**entry, "examples": self.run.examples[name]}
                if name in self.run.examples
                else entry
            )
        folder = Path(self.folder) if self.folder else root() / "exercises"
        try:
            sha256: str | None = Submission(folder).sha256
        except SubmissionProblem:
            sha256 = None
        once = {
            "versions": {"python": python_versions(), **self.versions},
            "isolation": self.isolation,
            "grade": not self.config.getoption("--in-process"),
            "device": self.config.getoption("--device"),
            "speed": self.config.getoption("--speed"),
            "seed": self.run.seed,
            "submission": {"name": folder.name, "sha256": sha256},
        }
        return records.report(found, **once)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The table by chapter, and where the record went."""
        if not self.run.outcomes and not self.run.examples:
            return
        record = self.record()
        write = terminalreporter.write_line
        terminalreporter.section("progress")
        for line in records.table(record["topics"], terminalreporter._tw.fullwidth):
            write(line)
        done, most = records.number(record["points"]), records.number(record["maximum"])
        write(f"{done} of {most} points  (seed {record['seed']}, isolation {record['isolation']})")
        unjudged: Counter[tuple[str, str]] = Counter()
        for report in terminalreporter.getreports("not graded"):
            message, whole = report.katagrad["outcome"][1], report.katagrad["outcome"][-1]
            of = report.katagrad["topic"] if whole else report.nodeid.split("::")[-1]
            unjudged[of, message] += 1
        for (of, message), count in unjudged.items():
            write(f"not graded: {of}: {message}" + (f"  [{count} cases]" if count > 1 else ""))
        for name, topic in record["topics"].items():
            for check in topic["checks"]:
                if check["status"] == PASSED and check["message"]:
                    write(f"{name}: {check['name']}: {check['message']}")
        if not record["grade"]:
            write("in-process run: not a grade")
        target = self.config.getoption("--results")
        if target:
            path = Path(self.config.invocation_params.dir, target)
            records.write_json(path, record)
            write(f"results written to {target}")
