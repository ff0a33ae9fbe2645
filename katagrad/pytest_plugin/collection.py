"""Collect the examples of a student's file and the checks of its grader, and run them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from katagrad.boundary.implementation import Implementation
from katagrad.errors import FAILED, PASSED, NotGraded
from katagrad.grading.checks import Outcome, manifest, run_case
from katagrad.pytest_plugin.debugger import step_through
from katagrad.pytest_plugin.failure import definitions, line_of
from katagrad.pytest_plugin.recorder import RUN, Run
from katagrad.topics import Topic, root, topics

OUTCOME = pytest.StashKey[Outcome]()
FRAMEWORK = pytest.StashKey["str | None"]()


def topic_of(path: Path) -> Topic | None:
    """The topic of `exercises/<topic>.py` or `graders/<topic>.py`; None for any other file."""
    if path.suffix != ".py" or path.parent.name not in ("exercises", "graders"):
        return None
    home = path.parent.parent
    listed = (home / "exercises" / "topics.toml").is_file()
    return topics(home if listed and home != root() else None).get(path.stem)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a topic's file, although its name does not begin with test_."""
    topic = topic_of(file_path)
    if topic is None or parent.session.isinitpath(file_path):
        return None
    made: pytest.Collector = TopicModule.from_parent(parent, path=file_path, topic=topic)
    return made


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Collect a topic's file from the command line, which pytest would collect as a test module."""
    topic = topic_of(module_path)
    if topic is None:
        return None
    made: pytest.Module = TopicModule.from_parent(parent, path=module_path, topic=topic)
    return made


class TopicModule(pytest.Module):
    """The checks of one topic on one submission. If a student's file was named, its examples come first."""

    def __init__(self, *, topic: Topic, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.topic = topic
        self.of_student = self.path.parent.name == "exercises"

    @property
    def run(self) -> Run:
        """The session's run."""
        return self.config.stash[RUN]

    @property
    def submission(self) -> Path:
        """The folder that is graded."""
        return self.path.parent if self.of_student else self.run.folder(self.path.parent)

    def _getobj(self) -> Any:
        own, self.path = self.path, self.topic.grader  # ids keep the path of the student's file
        try:
            return super()._getobj()  # type: ignore[no-untyped-call]
        finally:
            self.path = own

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Yield the examples of the file, then the functions of the grader."""
        self.run.seen[self.topic.name] = self.topic
        if not self.config.option.collectonly:
            self.run.prepare(self.submission, self.topic)
        if self.of_student:
            yield from self._examples()
        if self.topic.grader.is_file() and self.obj:
            try:
                manifest(self.topic, speed=True)
            except NotGraded as reason:
                raise self.CollectError(str(reason)) from None
            yield from map(self._placed, super().collect())

    def _placed(self, node: Any) -> Any:
        """Set the place of a check of a student's file to the student's function, for editors."""
        if self.of_student and isinstance(node, pytest.Function):
            at = (self.path, line_of(node.originalname, self.defined) - 1, node.getmodpath())
            node.reportinfo = lambda: at  # type: ignore[method-assign]
        return node

    @cached_property
    def defined(self) -> dict[str, int]:
        """The lines of the functions in the student's file."""
        return definitions(self.path)

    def _examples(self) -> Iterator[pytest.Item]:
        from katagrad.grading.examples import examples

        try:
            found = examples(self.path.read_bytes())
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            found = []  # the checks report what is wrong with the file
        for example in found:
            yield ExampleItem.from_parent(self, name=f"example {example.subject}", example=example)


class ExampleItem(pytest.Item):
    """The docstring examples of one function."""

    def __init__(self, *, example: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.example = example

    def runtest(self) -> None:
        """Run the example in a worker."""
        from katagrad.grading.examples import run_example

        judge(self, self.name, "", lambda impl: run_example(impl, self.example))

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file and line of the example."""
        return self.path, self.example.steps[0][2] - 1, self.name


class Verdict(Exception):
    """Passes an outcome other than passed to the report."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome


def module_of(item: pytest.Item) -> TopicModule | None:
    """The topic that an item belongs to, if any."""
    found = item.getparent(TopicModule)
    return found if isinstance(found, TopicModule) else None


def judge(item: pytest.Item, check: str, case: str, body: Callable[[Implementation], None]) -> None:
    """Run a case and store its outcome on the item. Raises Verdict unless it passed."""
    module = module_of(item)
    assert module is not None
    current = module.run.grading(module.submission)
    transport = current.transport(module.topic)
    mark = item.get_closest_marker("grade")
    seconds = (mark.kwargs.get("seconds") if mark else None) or current.pool.limits.wall
    outcome = run_case(transport, check, case, seconds, current.rules, body)
    item.stash[OUTCOME] = outcome
    item.stash[FRAMEWORK] = transport.source.known_framework
    if outcome.status == PASSED:
        return
    raised = getattr(transport.worker, "raised", None)
    if module.run.debugging and outcome.status == FAILED and raised is None:
        step_through(item.config, transport.worker, outcome.message)
    raise Verdict(outcome) from raised
