"""`%%kata softmax` in a notebook: runs the cell, then checks what the cells define as pytest checks a file.

`%kata show softmax` draws what they do.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from katagrad.boundary.implementation import Transport
from katagrad.errors import NOT_GRADED, PASSED, BadOption, NotGraded, one_of
from katagrad.grading.checks import Outcome, manifest, run_check
from katagrad.grading.examples import examples, run_examples
from katagrad.grading.table import number
from katagrad.grading.training import TrainingLine, on_terminal
from katagrad.student.cells import grading, history, submission_of
from katagrad.student.show import Picture, figure, pictures
from katagrad.text import visible
from katagrad.topics import Topic, topics

COLORS = {PASSED: "#2e7d32", NOT_GRADED: "#6a6a6a"}
# JupyterLab breaks lines of `pre` within words.
MESSAGE = 'style="white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere"'


@dataclass(frozen=True)
class Row:
    """A check, or the examples of a function. points: None for examples."""

    claim: str
    outcome: Outcome
    points: float | None = None
    hint: str = ""

    @property
    def worth(self) -> str:
        """Points reached and possible."""
        if self.points is None:
            return ""
        return f"{number(self.points if self.outcome.status == PASSED else 0)} of {number(self.points)}"

    @property
    def said(self) -> str:
        """What a student reads of it."""
        if self.outcome.status == PASSED:
            return ""
        hint = f"\nLook at: {self.hint}" if self.hint and self.outcome.hinted else ""
        return visible(self.outcome.message) + hint


@dataclass(frozen=True)
class Table:
    """The result of a cell, as a notebook shows it. graded: whether the hidden checks are here."""

    topic: str
    rows: Sequence[Row]
    graded: bool

    @property
    def summary(self) -> str:
        """One line."""
        passed = sum(row.outcome.status == PASSED for row in self.rows)
        line = f"{self.topic}: {passed} of {len(self.rows)} checks passed"
        if not self.graded:
            return f"{line}; only the examples ran, the rest is graded by the course"
        most = sum(row.points or 0 for row in self.rows)
        reached = sum(row.points or 0 for row in self.rows if row.outcome.status == PASSED)
        return f"{line}, {number(reached)} of {number(most)} points"

    @property
    def said(self) -> Iterator[tuple[Row, str]]:
        """Each row with what a student reads of it; what is of all cells, and of no one check, is said once."""
        before: set[str] = set()
        for row in self.rows:
            yield row, "" if row.outcome.whole and row.said in before else row.said
            before.add(row.said)

    def __repr__(self) -> str:
        lines = [self.summary]
        for row, said in self.said:
            lines.append(f"  {row.outcome.status:<11} {row.claim}")
            lines += [f"              {line}" for line in said.splitlines()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        left = 'style="text-align: left; vertical-align: top"'
        lines = [f"<p>{escape(self.summary)}</p>", "<table>"]
        lines.append(f"<tr><th {left}>result</th><th {left}>claim</th><th>points</th></tr>")
        for row, words in self.said:
            color = COLORS.get(row.outcome.status, "#b3261e")
            said = f"<pre {MESSAGE}>{escape(words)}</pre>" if words else ""
            lines.append(
                f'<tr><td {left}><span style="color: {color}">{escape(row.outcome.status)}</span></td>'
                f"<td {left}>{escape(row.claim)}{said}</td><td>{row.worth}</td></tr>"
            )
        return "\n".join([*lines, "</table>"])


def check(topic: Topic, cells: Sequence[str]) -> Table:
    """Check a topic on the cells so far: the examples of each function, then the hidden checks where they are."""
    run = grading()
    transport = Transport(run.pool, submission_of(topic, cells).source(topic))
    run.pool.listener = line_for()
    try:
        rows = list(_rows(topic, transport))
    finally:
        transport.close()
        run.pool.listener = None
    return Table(topic.name, rows, topic.grader.is_file())


def line_for() -> TrainingLine:
    """The line of a long training below the cell, or in the terminal of IPython."""
    if sys.stdout.isatty():
        return on_terminal(lambda text: print(text, end="", flush=True))
    from IPython import display

    # Any: IPython's functions have no types.
    draw: Any = display.display
    handles: list[Any] = []

    def show(text: str) -> None:
        data = {"text/plain": text}
        if handles:
            handles[0].update(data, raw=True)
        else:
            handles.append(draw(data, raw=True, display_id=True))

    def remove() -> None:
        show("")

    return TrainingLine(show, remove)


def _rows(topic: Topic, transport: Transport) -> Iterator[Row]:
    run = grading()
    shown = [one.subject.partition(".")[0] for one in examples(topic.contract.read_bytes())]
    for function in dict.fromkeys(shown):
        outcome = run_examples(transport, topic, function, run.rules, run.pool.limits.wall)
        yield Row(f"the examples of {function} hold", outcome)
    for one in manifest(topic) if topic.grader.is_file() else ():
        yield Row(one.claim, run_check(transport, one, run.rules), one.points, one.hint)


def _so_far(cell: str) -> Sequence[str]:
    """The cells that ran, with this one, which a kernel may leave out of its history."""
    ran = history()
    return ran if ran and cell.strip() in ran[-1] else [*ran, f"%%kata\n{cell}"]


class Shown:
    """The pictures of a topic, as a notebook shows them."""

    def __init__(self, drawn: Sequence[Picture]) -> None:
        self.drawn = drawn

    def __repr__(self) -> str:
        return "\n".join(
            f"{one.caption}{': ' * bool(one.message)}{one.message}" for one in self.drawn
        )

    def _repr_html_(self) -> str:
        # Cells of one notebook may show the same picture twice, and ids are of the whole page.
        return "".join(figure(one, f"cell-{secrets.token_hex(4)}-") for one in self.drawn)


def show(topic: Topic, cells: Sequence[str]) -> Shown:
    """The pictures of a topic from the cells so far. Raises BadOption for a topic that has none."""
    return Shown(list(pictures(grading(), submission_of(topic, cells), topic)))


def register(shell: Any) -> None:
    """Add the magics to a shell of IPython."""

    def line(words: str) -> Shown | None:
        """%kata show TOPIC: draw what the cells so far do."""
        command, _, name = words.strip().partition(" ")
        try:
            if command != "show" or not name.strip():
                raise BadOption(
                    "to check a cell, begin it with %%kata softmax; to see pictures, write %kata show softmax"
                )
            about = topics()[one_of("topic", name.strip(), topics())]
            return show(about, history())
        except BadOption as error:
            print(f"kata: {error}")
            return None

    def kata(line: str, cell: str) -> Table | None:
        """%%kata TOPIC: run the cell, then check the topic on all cells so far."""
        try:
            about = topics()[one_of("topic", line.strip(), topics())]
        except BadOption as error:
            print(f"kata: {error}; write %%kata softmax")
            return None
        result = shell.run_cell(cell)
        if result.error_before_exec or result.error_in_exec:
            return None
        try:
            return check(about, _so_far(cell))
        except NotGraded as error:
            print(f"kata: {error}")
            return None

    shell.register_magic_function(kata, "cell", "kata")
    shell.register_magic_function(line, "line", "kata")
