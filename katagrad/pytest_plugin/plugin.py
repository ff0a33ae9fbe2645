"""The pytest plugin: it collects exercises and graders, provides `impl`, and records verdicts.

`pytest exercises/softmax.py` runs the examples in the student's file and then the hidden checks of
graders/softmax.py. All have ids of the student's file. `pytest graders --submission DIR` runs the checks
on any folder.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from katagrad.errors import FAILED, PASSED, BadOption, NotGraded, refusal
from katagrad.files import check_place
from katagrad.grading.session import check_options
from katagrad.pytest_plugin.case import (
    CaseReport,
    pytest_report_from_serializable,
    pytest_report_to_serializable,
)
from katagrad.pytest_plugin.collection import (
    FRAMEWORK,
    OUTCOME,
    ExampleItem,
    judge,
    module_of,
    pytest_collect_file,
    pytest_pycollect_makemodule,
)
from katagrad.pytest_plugin.debugger import point_out
from katagrad.pytest_plugin.elsewhere import pytest_terminal_summary
from katagrad.pytest_plugin.failure import place_in, representation, words
from katagrad.pytest_plugin.header import pytest_collection, pytest_report_header
from katagrad.pytest_plugin.options import pytest_addoption, pytest_collection_modifyitems
from katagrad.pytest_plugin.recorder import RUN, Controller, Recorder, Run
from katagrad.text import quoted

# Hooks that are defined in other modules.
__all__ = [
    "pytest_addoption",
    "pytest_collect_file",
    "pytest_pycollect_makemodule",
    "pytest_collection_modifyitems",
    "pytest_report_from_serializable",
    "pytest_collection",
    "pytest_report_header",
    "pytest_report_to_serializable",
    "pytest_terminal_summary",
]


def pytest_configure(config: pytest.Config) -> None:
    """Check the options, register the marker, and start a run."""
    config.addinivalue_line(
        "markers",
        "grade(points, hint='', seconds=None, speed=False): a check of a grader, with its points",
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
    target = config.getoption("--results")
    if target and not hasattr(config, "workerinput"):
        try:
            check_place(Path(config.invocation_params.dir, target))
        except OSError as error:
            said = refusal(error) or str(error)
            raise pytest.UsageError(f"--results cannot be written: {said}") from None
    config.stash[RUN] = Run(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End all workers."""
    run = config.stash.get(RUN, None)
    if run is not None:
        run.close()


@pytest.fixture
def impl(request: pytest.FixtureRequest) -> Any:
    """The graded submission. Its functions take and return NumPy arrays."""
    if module_of(request.node) is None:
        raise pytest.UsageError("the fixture `impl` is only available to checks in graders/")
    return None  # `run_case` passes each case an `impl` when it runs


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


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the verdict to the report, and its message as the text of the failure."""
    module = module_of(item)
    outcome = item.stash.get(OUTCOME, None)
    if module is None or call.when != "call" or outcome is None:
        report = yield
        if module is not None and module.run.debugging and call.excinfo is not None:  # Ctrl-C, say
            point_out(call, call.excinfo.value, module.submission)
            report.longrepr = f"stopped by {call.excinfo.typename}"
        return report
    # Without this, pytest formats the traceback of the plugin, which takes long and is never shown.
    raised, call.excinfo = call.excinfo, None
    report = yield
    call.excinfo = raised
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
        text = words(outcome, claim[0] if claim else "", about, module.topic.name)
        file, line, domain = report.location
        here = place_in(outcome, module.submission, item.config.rootpath) or (file, (line or 0) + 1)
        report.location = (here[0], here[1] - 1, domain)
        report.outcome = "failed"
        report.longrepr = representation(text, outcome.message, *here)
    elif outcome.printed:
        printed = "\n".join(quoted(outcome.printed)) + "\n"
        report.sections.append(("Captured stdout call", printed))
        if item.config.option.capture == "no":
            print(f"\n{module.topic.name}.py printed:\n{printed}", end="")
    if mark:
        # pytest writes it to the JUnit file at teardown.
        item.user_properties.append(("points", about.get("points", 0)))
    framework = item.stash.get(FRAMEWORK, None)
    current = module.run.gradings.get(module.submission)
    versions: dict[str, str] = {}
    if current and framework and outcome.status in (PASSED, FAILED):
        # Where a file cannot be graded, nothing of its framework has run, which may not even be installed.
        with contextlib.suppress(NotGraded):
            versions = current.pool.versions(framework)
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
        memory_bound=current.pool.memory_bound if current else "",
    )
    return report


def place_of(item: pytest.Item) -> int:
    """The position of a case among those of its check, in the order of collection."""
    call = getattr(item, "callspec", None)
    return sum(int(i) * 1000**n for n, i in enumerate(call.indices.values())) if call else 0


# -- the record ------------------------------------------------------------------------------------


def pytest_sessionstart(session: pytest.Session) -> None:
    """Register the recorder in the process that controls the run."""
    if not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(Recorder(session.config), "katagrad-recorder")
        if session.config.pluginmanager.hasplugin("dsession"):
            session.config.pluginmanager.register(
                Controller(session.config.stash[RUN].seed), "katagrad-xdist"
            )
