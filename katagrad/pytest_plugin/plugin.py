"""The pytest plugin: collects exercises and graders, gives them `impl`, and records verdicts.

`pytest exercises/softmax.py` runs the examples in the student's own file and then the hidden checks of
graders/softmax.py, both under the id of the student's file. `pytest graders --submission DIR` runs the checks
on any folder.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from katagrad.boundary.implementation import Implementation
from katagrad.errors import FAILED, PASSED, BadOption, NotGraded
from katagrad.grading.checks import Outcome, manifest, run_case
from katagrad.grading.session import check_options
from katagrad.pytest_plugin.case import (
    CaseReport,
    pytest_report_from_serializable,
    pytest_report_to_serializable,
)
from katagrad.pytest_plugin.debugger import point_out, step_through
from katagrad.pytest_plugin.header import pytest_report_header
from katagrad.pytest_plugin.options import pytest_addoption, pytest_collection_modifyitems
from katagrad.pytest_plugin.recorder import RUN, Controller, Recorder, Run, words
from katagrad.topics import Topic, root, topics

# Hooks that live elsewhere.
__all__ = [
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_report_from_serializable",
    "pytest_report_header",
    "pytest_report_to_serializable",
]


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and the run."""
    config.addinivalue_line(
        "markers",
        "grade(points, hint='', seconds=None, speed=False): a check of a grader, with what it is worth",
    )
    try:
        check_options(
            {
                name: config.getoption(f"--{name}")
                for name in ("limit", "isolation", "device", "patience")
            }
        )
    except BadOption as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[RUN] = Run(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End all workers."""
    run = config.stash.get(RUN, None)
    if run is not None:
        run.close()


# -- collection ------------------------------------------------------------------------------------


def topic_of(path: Path) -> Topic | None:
    """The topic of `exercises/<topic>.py` or `graders/<topic>.py`; None for any other file."""
    if path.suffix != ".py" or path.parent.name not in ("exercises", "graders"):
        return None
    home = path.parent.parent
    listed = (home / "exercises" / "topics.toml").is_file()
    return topics(home if listed and home != root() else None).get(path.stem)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a topic's file where pytest would not, because its name does not begin with test_."""
    topic = topic_of(file_path)
    if topic is None or parent.session.isinitpath(file_path):
        return None
    made: pytest.Collector = TopicModule.from_parent(parent, path=file_path, topic=topic)
    return made


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Collect a topic's file that was named on the command line, which pytest takes for a test module."""
    topic = topic_of(module_path)
    if topic is None:
        return None
    made: pytest.Module = TopicModule.from_parent(parent, path=module_path, topic=topic)
    return made


class TopicModule(pytest.Module):
    """The checks of one topic on one submission: examples first where a student's file was asked for."""

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
        own, self.path = self.path, self.topic.grader  # the id stays that of the student's file
        try:
            return super()._getobj()  # type: ignore[no-untyped-call]
        finally:
            self.path = own

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Examples of the file, then the functions of the grader."""
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
            yield from super().collect()

    def _examples(self) -> Iterator[pytest.Item]:
        from katagrad.grading.examples import examples

        try:
            found = examples(self.path.read_bytes())
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            found = []  # the checks say what is wrong with the file
        for example in found:
            yield ExampleItem.from_parent(self, name=f"example {example.subject}", example=example)


class ExampleItem(pytest.Item):
    """The docstring examples of one function."""

    def __init__(self, *, example: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.example = example

    def runtest(self) -> None:
        """Run the example across the boundary."""
        from katagrad.grading.examples import run_example

        judge(self, self.name, "", lambda impl: run_example(impl, self.example))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the example stands."""
        return self.path, self.example.steps[0][2] - 1, self.name


# -- running ---------------------------------------------------------------------------------------


@pytest.fixture
def impl(request: pytest.FixtureRequest) -> Any:
    """The submission under grading: a call sends NumPy arrays, and NumPy arrays come back."""
    if module_of(request.node) is None:
        raise pytest.UsageError("`impl` is given to checks in graders/ only")
    return None  # `run_case` gives each case its own, when it runs


class Verdict(Exception):
    """Carries an outcome that did not pass to the report."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome


def module_of(item: pytest.Item) -> TopicModule | None:
    """The topic that an item belongs to, if any."""
    found = item.getparent(TopicModule)
    return found if isinstance(found, TopicModule) else None


def judge(item: pytest.Item, check: str, case: str, body: Callable[[Implementation], None]) -> None:
    """Run a case, note its outcome on the item, and raise Verdict unless it passed."""
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


OUTCOME = pytest.StashKey[Outcome]()
FRAMEWORK = pytest.StashKey["str | None"]()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a check through `run_case`; leave every other test to pytest."""
    if module_of(pyfuncitem) is None:
        return None
    call = getattr(pyfuncitem, "callspec", None)
    arguments = dict(call.params) if call else {}
    judge(
        pyfuncitem,
        pyfuncitem.originalname,
        call.id if call else "",
        lambda impl: pyfuncitem.obj(impl, **arguments),
    )
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the verdict to the report, and its words as the text of the failure."""
    report = yield
    module = module_of(item)
    if module is None or call.when != "call":
        return report
    outcome = item.stash.get(OUTCOME, None)
    if outcome is None:
        if module.run.debugging and call.excinfo is not None:  # Ctrl-C, say
            point_out(call, call.excinfo.value, module.submission)
            report.longrepr = f"stopped by {call.excinfo.typename}"
        return report
    mark = item.get_closest_marker("grade")
    about = mark.kwargs if mark else {}
    name = item.originalname if isinstance(item, pytest.Function) else item.name
    claim = (
        (item.obj.__doc__ or "").strip().splitlines()[:1]
        if isinstance(item, pytest.Function)
        else [item.name]
    )
    if outcome.status != PASSED:
        if module.run.debugging and call.excinfo is not None:
            point_out(call, call.excinfo.value.__cause__, module.submission)
        report.outcome = "failed"
        report.longrepr = words(outcome, claim[0] if claim else "", about, module.topic.name)
    if mark:
        item.user_properties.append(
            ("points", about.get("points", 0))
        )  # JUnit reads it at teardown
    framework = item.stash.get(FRAMEWORK, None)
    current = module.run.gradings.get(module.submission)
    versions = (
        current.pool.versions(framework)
        if current and framework and outcome.status in (PASSED, FAILED)
        else {}
    )
    report.katagrad = CaseReport(  # type: ignore[attr-defined]
        topic=module.topic.name,
        root=str(module.topic.root),
        check=name,
        place=place_of(item),
        example=isinstance(item, ExampleItem),
        framework=framework,
        versions=versions,
        isolation=current.isolation if current else "",
        folder=str(module.submission),
        outcome=outcome,
    )
    return report


def place_of(item: pytest.Item) -> int:
    """Where a case stands among those of its check, in the order of collection."""
    call = getattr(item, "callspec", None)
    return sum(int(i) * 1000**n for n, i in enumerate(call.indices.values())) if call else 0


# -- the record ------------------------------------------------------------------------------------


def pytest_sessionstart(session: pytest.Session) -> None:
    """Listen to reports in the process that controls the run."""
    if not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(Recorder(session.config), "katagrad-recorder")
        if session.config.pluginmanager.hasplugin("dsession"):
            session.config.pluginmanager.register(
                Controller(session.config.stash[RUN].seed), "katagrad-xdist"
            )
