"""Lets a run of pytest in a workspace count as a check: `kata` then knows what pytest said."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from katagrad.errors import PASSED, BadOption
from katagrad.grading.checks import Outcome, manifest
from katagrad.pytest_plugin.recorder import case_of
from katagrad.student.check import Judged, Verdict, examples_of, file_hash, keep
from katagrad.student.workspace import Workspace, find


def pytest_configure(config: pytest.Config) -> None:
    """Follow the run in the process that sees all of it."""
    workspace = find(config.rootpath)
    if workspace is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Follower(workspace, config), "katagrad-progress")


class Follower:
    """Keeps the verdicts of a run on the workspace's own files."""

    def __init__(self, workspace: Workspace, config: pytest.Config) -> None:
        self.workspace, self.config = workspace, config
        self.outcomes: dict[str, dict[str, Outcome]] = {}
        self.cases: dict[str, Counter[str]] = {}
        self.files: dict[str, str] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Note what the files are before they are read: one that is saved meanwhile was not checked."""
        every = self.workspace.topics
        self.files = {name: file_hash(self.workspace, topic) for name, topic in every.items()}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a case; the worst of a check decides."""
        case = case_of(report)
        # A workspace is found by its own path, and may have been named by a link.
        if case is None or Path(case.folder).resolve() != self.workspace.exercises.resolve():
            return
        topic = self.workspace.topics.get(case.topic)
        if topic is None:
            return
        kept = self.outcomes.setdefault(topic.name, {})
        if case.check not in kept or kept[case.check].status == PASSED:
            kept[case.check] = case.outcome
        self.cases.setdefault(topic.name, Counter())[case.check] += 1

    def pytest_sessionfinish(self) -> None:
        """Keep the topics of which everything was run, unless nothing was isolated."""
        if self.config.getoption("--in-process") or self.config.getoption("usepdb"):
            return
        for name, outcomes in self.outcomes.items():
            found = self._verdict(name, outcomes)
            if found is not None:
                try:
                    keep(self.workspace, found, self.files[name])
                except (BadOption, OSError) as error:
                    print(f"\nkatagrad: progress was not kept: {error}")
                    return

    def _verdict(self, name: str, outcomes: dict[str, Outcome]) -> Verdict | None:
        topic = self.workspace.topics[name]
        hidden = manifest(topic) if topic.grader.is_file() else ()
        wanted = {check.name: len(check.cases) for check in hidden if check.cases}
        try:
            shown = examples_of(self.workspace.file(topic).read_bytes())
        except OSError:
            return None  # it was removed while the checks ran
        wanted |= {f"example {example.subject}": 1 for example in shown}
        counted = self.cases[name]
        if any(counted[check] < cases for check, cases in wanted.items()):
            return None
        points = {check.name: check.points for check in hidden}
        judged = [Judged(check, "", points.get(check, 0), "", outcomes[check]) for check in wanted]
        return Verdict(topic, judged, len(judged))
