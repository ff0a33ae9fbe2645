"""Checks inside a notebook: a worker takes the cells so far, and the kernel never decides what they are worth."""

from __future__ import annotations

import ast
import atexit
from collections.abc import Iterator, Sequence
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
from katagrad.worker.notebook import DEFINITIONS, file_of, plain

# The frameworks by what a cell imports of them.
IMPORTED = {"torch": "torch", "tensorflow": "tensorflow", "keras": "tensorflow"}


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
    """The cells that ran so far, this one included, as they were typed. Raises BadOption outside IPython."""
    from IPython.core.getipython import get_ipython

    shell: Any = get_ipython()
    if shell is None:
        raise BadOption("this is for a cell of a notebook; for a file, run pytest on it")
    # `In` has cells as IPython runs them: of one that begins with %%kata or %%time, a call with a string.
    cells: list[str] = shell.history_manager.input_hist_raw
    return cells


def submission_of(topic: Topic, cells: Sequence[str]) -> Submission:
    """A submission of a topic made of cells."""
    made = file_of(live(cells))
    return Submission(Path("/nonexistent"), None, {f"{topic.name}.py": made.encode()})


def live(cells: Sequence[str]) -> list[str]:
    """The cells of a kernel without what no longer holds, whose lines are left empty.

    Nobody can take back a cell that ran. So a cell that Python could not read, which defined nothing, a function or
    class that a later cell defines again, and the import of a framework that nothing uses where another's is used,
    must not decide what the rest is worth.
    """
    trees: list[ast.Module | None] = []
    for cell in cells:
        try:
            trees.append(ast.parse(plain(cell)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            trees.append(None)
    left = [cell.split("\n") for cell in cells]
    for number, tree in enumerate(trees[:-1]):
        if tree is None:
            left[number] = []
    for number, node in _dead([tree.body if tree else [] for tree in trees]):
        first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
        for line in range(first - 1, node.end_lineno or node.lineno):
            left[number][line] = ""
    return ["\n".join(lines) for lines in left]


def _dead(bodies: Sequence[Sequence[ast.stmt]]) -> Iterator[tuple[int, ast.stmt]]:
    """Statements that no longer hold, each with the number of its cell; only such as share no line."""
    placed = [(number, node) for number, body in enumerate(bodies) for node in body]
    last = {name: node for _, node in placed for name in _names(node)}
    at_once = {name for _, node in placed for name in _used_at_once(node)}
    imports = {id(node): found for _, node in placed if (found := _frameworks(node))}
    used = {name for _, node in placed if id(node) not in imports for name in _loaded(node)}
    idle = {id(node) for _, node in placed if id(node) in imports and not used & set(_names(node))}
    kept = {one for key, found in imports.items() if key not in idle for one in found}
    for number, node in placed:
        again = isinstance(node, DEFINITIONS) and not (
            last[node.name] is node or node.name in at_once
        )
        foreign = id(node) in idle and bool(kept) and not imports[id(node)] & kept
        begins = [n.lineno for n in bodies[number] if n is not node]
        alone = not any(node.lineno <= line <= (node.end_lineno or 0) for line in begins)
        if (again or foreign) and alone and node.col_offset == 0:
            yield number, node


def _names(node: ast.stmt) -> Iterator[str]:
    """What a statement at the top of a cell binds."""
    if isinstance(node, DEFINITIONS):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from ((one.asname or one.name).partition(".")[0] for one in node.names)
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _loaded(node: ast.AST) -> Iterator[str]:
    """Names that are read anywhere in a statement."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Store):
            yield inner.id


def _used_at_once(node: ast.AST) -> Iterator[str]:
    """Names that are read when the statement runs, rather than when what it defines is called."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        for part in (*node.decorator_list, node.args, *filter(None, [node.returns])):
            yield from _loaded(part)
    elif isinstance(node, ast.ClassDef):
        for inner in (*node.decorator_list, *node.bases, *node.keywords, *node.body):
            yield from _used_at_once(inner)
    else:
        yield from _loaded(node)


def _frameworks(node: ast.stmt) -> set[str]:
    """The frameworks of which a statement imports something by name."""
    if isinstance(node, ast.Import):
        names = [one.name for one in node.names]
    elif isinstance(node, ast.ImportFrom) and all(one.name != "*" for one in node.names):
        names = [node.module or ""]
    else:
        return set()
    firsts = {name.partition(".")[0] for name in names}
    return {IMPORTED[first] for first in firsts} if firsts <= set(IMPORTED) else set()


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
