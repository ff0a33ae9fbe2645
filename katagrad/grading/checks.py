"""Checks: found in graders, listed with their points, and run one by one.

A check is a function `test_<subject>_<claim>(impl, ...)` marked `@pytest.mark.grade(points=..., hint=...)`.
Parametrized, it has several cases, all of which must pass. `run_case` is the one place where a verdict is made;
the pytest plugin and the grading of courses both call it.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import inspect
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from katagrad.authoring.context import CheckContext, derive, running
from katagrad.boundary.implementation import Implementation, Transport
from katagrad.errors import (
    FAILED,
    FORM,
    LOADING,
    NOT_GRADED,
    NOT_STARTED,
    PASSED,
    Failure,
    FormFailure,
    NotGraded,
    NotStarted,
    Overtime,
    StudentError,
    SubmissionProblem,
)
from katagrad.grading.axes import with_axes
from katagrad.grading.blame import blame, place
from katagrad.grading.cases import Case, cases
from katagrad.grading.cells import in_cells, of_notebook
from katagrad.grading.scratch import rules_for
from katagrad.grading.watchdog import Overrun, watched
from katagrad.text import hanging, one_line, visible
from katagrad.topics import FRAMEWORKS, Topic
from katagrad.worker.families import families

# Characters of a submission's output that a message shows.
SHOWN_PRINTS = 2000
CUT = "\n... (the rest is left out)"


@dataclass(frozen=True)
class Check:
    """One entry of the manifest.

    claim: the docstring's first line, which a student may read. seconds: of wall time for each case.
    speed: whether it grades throughput, and so counts only where a course asks for that.
    """

    topic: str
    name: str
    claim: str
    points: float
    hint: str
    seconds: float | None
    function: Callable[..., None] = field(compare=False)
    cases: tuple[Case, ...] = field(compare=False)
    speed: bool = False


@dataclass(frozen=True)
class Outcome:
    """The outcome of a case or a check.

    message: why it failed, or what is to be said of a pass. printed: by the submission. whole: whether the message is
    of the topic's file, not of this check. crash: what the submission raised, LOADING or FORM; empty for a judgement.
    form: whether the result has the wrong form (kind, structure, shape), which the check's hint is not about.
    place: the submission's own line at which it raised, "softmax.py:9"; empty where it did not. instead: which function
    returned which kind of thing instead of the one asked for, "softmax: None"; or empty.
    """

    status: str
    message: str = ""
    printed: str = ""
    seconds: float = 0.0
    data: tuple[str, ...] = ()
    whole: bool = False
    crash: str = ""
    form: bool = False
    place: str = ""
    instead: str = ""

    @property
    def hinted(self) -> bool:
        """Whether the check's general hint may help with this failure."""
        return self.status == FAILED and not self.whole and not self.form


def load_grader(topic: Topic) -> ModuleType:
    """Import a grader by path. Raises NotGraded if it is missing."""
    return _load(topic.grader, f"katagrad_graders.{topic.name}")


@cache
def _load(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise NotGraded(f"{path.name} is missing from the graders")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@cache
def manifest(topic: Topic, speed: bool = False) -> tuple[Check, ...]:
    """All checks of a topic, in the order of its grader. Scores are relative to this list.

    speed: with those that grade throughput, which a course has to ask for.
    """
    found = _discover(topic.name, load_grader(topic))
    return tuple(check for check in found if speed or not check.speed)


def _discover(topic: str, module: ModuleType) -> Iterator[Check]:
    of_module = getattr(module, "pytestmark", [])
    shared = list(of_module) if isinstance(of_module, (list, tuple)) else [of_module]
    for name, function in vars(module).items():
        if _needs_a_session(name, function):
            raise NotGraded(
                f"the grader of {topic} defines {name}: a grader has no fixtures, hooks or test classes, "
                "only functions test_...(impl)"
            )
        if not name.startswith("test") or not inspect.isfunction(function):
            continue
        marks = [getattr(m, "mark", m) for m in (*getattr(function, "pytestmark", ()), *shared)]
        grade: dict[str, Any] = next((mark.kwargs for mark in marks if mark.name == "grade"), {})
        claim = (inspect.getdoc(function) or name).splitlines()[0]
        yield Check(
            topic,
            name,
            claim,
            grade.get("points", 0),
            grade.get("hint", ""),
            grade.get("seconds"),
            function,
            cases(function, marks, f"the grader of {topic}, {name}"),
            bool(grade.get("speed")),
        )


def _needs_a_session(name: str, value: Any) -> bool:
    """Whether a name in a grader has an effect only in a session of pytest."""
    fixture = type(value).__name__ == "FixtureFunctionDefinition"
    fixture = fixture or hasattr(value, "_pytestfixturefunction")
    tests = inspect.isclass(value) and any(method.startswith("test") for method in vars(value))
    return fixture or name.startswith("pytest_") or (name.startswith("Test") and tests)


def grader_hash(topic: Topic) -> str:
    """A hash of everything that decides a score: grader, stub, from-scratch rules, references for speed."""
    digest = hashlib.sha256()
    for framework in FRAMEWORKS:
        rules = rules_for(topic, framework)
        barred = [(name, families(framework)[name]) for name in rules.families]
        digest.update(repr((framework, rules, barred)).encode())
    references = sorted(topic.root.glob(f"benchmarks/references/*/{topic.name}.py"))
    for path in (topic.grader, topic.contract, *references):
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


@dataclass(frozen=True)
class Rules:
    """How checks are run. seed: the hidden seed. patience: multiplies every time limit, for slow machines.

    speed: whether throughput is graded, too.
    """

    seed: int
    patience: float = 1.0
    full_size: bool = True
    speed: bool = False


def run_case(
    transport: Transport,
    check_name: str,
    case_name: str,
    seconds: float,
    rules: Rules,
    body: Callable[[Implementation], None],
) -> Outcome:
    """Run `body` as a case of a check, and return its outcome.

    Only KeyboardInterrupt and pytest's own signals leave it as exceptions.
    """
    started = time.monotonic()
    source = transport.source
    seed = derive(rules.seed, source.topic, check_name, case_name)
    status, message, whole, crash, form = PASSED, "", True, "", False
    allowed, where, instead = seconds * rules.patience, "", ""
    # The numbers of an answer may be of any size: what overflows in a grader is no fault of the grader.
    with running(CheckContext(seed, rules.full_size)) as context, np.errstate(all="ignore"):
        try:
            source.ready()
            transport.begin(derive(seed, "worker"), allowed)
            whole = False
            with watched(transport, allowed):
                body(Implementation(transport, generator=context.generator))
            message = "; ".join(context.notes)
        except NotStarted as reason:
            status, message = NOT_STARTED, str(reason)
        except Failure as reason:
            status = FAILED
            message = with_axes(str(reason), source, transport.layouts)
            whole = whole or isinstance(reason, SubmissionProblem)
            crash = LOADING if whole else reason.kind if isinstance(reason, StudentError) else ""
            whole = whole or isinstance(reason, Overtime)
            form, where = isinstance(reason, FormFailure), getattr(reason, "place", "")
            instead = reason.instead if isinstance(reason, FormFailure) else ""
        except NotGraded as reason:
            status, message = NOT_GRADED, str(reason)
        except AssertionError as reason:
            said = str(reason) or "an assertion of the grader failed"
            status, message = FAILED, said.splitlines()[0]
        except Overrun as fault:
            transport.close()  # it may have been interrupted in the middle of a message
            status = NOT_GRADED
            seconds = time.monotonic() - started
            message = f"the grader reached no verdict within {seconds:.3g} s and was stopped ({place(fault)})"
        except Exception as fault:
            status, message = blame(fault)
            crash = FORM if status == FAILED else ""
    # All text of a submission passes through here before it reaches a terminal, a page or a file.
    content = b""
    with contextlib.suppress(Failure, NotGraded):  # the message is of a folder that cannot be read
        content = source.files.get(source.file, b"")
    message, printed = (
        in_cells(said, source.file, content) for said in (message, transport.finish())
    )
    message = of_notebook(message, source.file, content)
    message, printed = hanging(message), visible(_beginning(printed))
    took = time.monotonic() - started
    used, at = tuple(sorted(context.used)), one_line(where)
    return Outcome(status, message, printed, took, used, whole, crash, form, at, instead)


def run_check(transport: Transport, check: Check, rules: Rules) -> Outcome:
    """Run the cases of a check, until one does not pass."""
    if not check.cases:
        return Outcome(NOT_GRADED, "skipped by a mark of the grader")
    seconds = check.seconds or transport.pool.limits.wall
    total, printed, notes = 0.0, "", ""
    data: set[str] = set()
    for case in check.cases:

        def body(impl: Implementation, case: Case = case) -> None:
            check.function(impl, **case.arguments)

        outcome = run_case(transport, check.name, case.name, seconds, rules, body)
        total += outcome.seconds
        printed += outcome.printed
        data |= set(outcome.data)
        if outcome.status != PASSED:
            shown, used = _beginning(printed), tuple(sorted(data))
            return replace(outcome, printed=shown, seconds=total, data=used)
        notes = notes or outcome.message
    return Outcome(PASSED, notes, _beginning(printed), total, tuple(sorted(data)))


def _beginning(printed: str) -> str:
    """The beginning of what a submission printed, with a word if that is not all."""
    whole = printed.removesuffix(CUT)
    return printed if len(whole) <= SHOWN_PRINTS else whole[:SHOWN_PRINTS] + CUT


def run_topic(
    transport: Transport, topic: Topic, rules: Rules, only: Sequence[str] = ()
) -> dict[str, Outcome]:
    """Run the checks of a topic (or those named in `only`) on one submission, by name."""
    try:
        return {
            check.name: run_check(transport, check, rules)
            for check in manifest(topic, rules.speed)
            if not only or check.name in only
        }
    finally:
        transport.close()
