"""Checks inside a notebook: a worker takes the cells so far, and the kernel never decides what they are worth."""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from katagrad.boundary.implementation import Transport
from katagrad.errors import NOT_STARTED, PASSED, BadOption, one_of
from katagrad.grading.checks import Outcome, manifest, run_check
from katagrad.grading.examples import run_examples
from katagrad.grading.session import Grading, draw_seed, start
from katagrad.grading.submission import Source, Submission
from katagrad.topics import Topic, topics
from katagrad.worker.notebook import file_of


class Unmet(AssertionError):
    """A check did not pass. A notebook shows the message alone."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@cache
def grading() -> Grading:
    """The workers of this kernel, with a seed of their own."""
    made = start(Path("/nonexistent"), {}, draw_seed())
    atexit.register(made.close)
    return made


def history() -> Sequence[str]:
    """The cells that ran so far, this one included. Raises BadOption outside IPython."""
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    if shell is None:
        raise BadOption("this is for a cell of a notebook; for a file, run pytest on it")
    cells: list[str] = shell.user_ns.get("In", [])
    return cells


def submission_of(topic: Topic, cells: Sequence[str]) -> Submission:
    """A submission of a topic made of cells."""
    return Submission(Path("/nonexistent"), None, {f"{topic.name}.py": file_of(cells).encode()})


def expect_passed(outcome: Outcome, source: Source, of: str) -> None:
    """Raise Unmet with the reason if a check of cells did not pass; a notebook has no file that could be named."""
    if outcome.status == NOT_STARTED and source.untouched:
        raise Unmet(f"{of} is not written yet: its cell still raises NotImplementedError")
    if outcome.status != PASSED:
        raise Unmet(outcome.message)


def examples(topic: str, function: str) -> None:
    """Run the examples of a function on the cells so far. Raises Unmet."""
    about = topics()[one_of("topic", topic, topics())]
    run = grading()
    source = submission_of(about, history()).source(about)
    transport = Transport(run.pool, source)
    try:
        outcome = run_examples(transport, about, function, run.rules, run.pool.limits.wall)
    finally:
        transport.close()
    expect_passed(outcome, source, function)


def points(topic: str, check: str) -> float:
    """The points of a hidden check on the cells so far. Raises Unmet with the reason if it did not pass."""
    about = topics()[one_of("topic", topic, topics())]
    found = {one.name: one for one in manifest(about)}
    one = found[one_of("check", check, found)]
    run = grading()
    source = submission_of(about, history()).source(about)
    transport = Transport(run.pool, source)
    try:
        outcome = run_check(transport, one, run.rules)
    finally:
        transport.close()
    expect_passed(outcome, source, topic)
    return float(one.points)
