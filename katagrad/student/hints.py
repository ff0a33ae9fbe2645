"""Hints, backups and solutions: what a student may ask for when stuck, and what for when done."""

from __future__ import annotations

import ast
import time
from collections.abc import Sequence
from pathlib import Path

from katagrad.errors import NOT_STARTED, BadOption
from katagrad.files import write_whole
from katagrad.grading.submission import Submission
from katagrad.student.standing import load, note
from katagrad.student.workspace import Workspace, stub
from katagrad.topics import Topic, installed


def more(workspace: Workspace, topic: Topic) -> Sequence[str]:
    """The hints that are shown so far, with one more; all of them where there are no more."""
    shown = min(load(workspace).of(topic).hints + 1, len(topic.hints))
    note(workspace, topic, hints=shown)
    return topic.hints[:shown]


def reset(workspace: Workspace, topic: Topic) -> Path | None:
    """Put the stub back. Returns the copy of the student's file; None where there was nothing to keep."""
    path, text = workspace.file(topic), stub(topic, workspace.framework)
    backup = None
    if path.is_file():
        if path.read_bytes() == text.encode():
            return None
        backup = _free(
            workspace.state / "backups", f"{topic.name}-{time.strftime('%Y%m%d-%H%M%S')}"
        )
        backup.parent.mkdir(parents=True, exist_ok=True)
        with backup.open("xb") as file:
            file.write(path.read_bytes())
    # First, because it may be refused: a file is replaced only if the name of its backup can then be shown.
    note(workspace, topic, status=NOT_STARTED, passed=0, points=0.0, file="")
    write_whole(path.resolve(), text)  # of a link, the file that it leads to
    return backup


def _free(folder: Path, stem: str) -> Path:
    names = [stem, *(f"{stem}-{again}" for again in range(2, 1000))]
    return next(path for name in names if not (path := folder / f"{name}.py").exists())


def solution(
    workspace: Workspace, topic: Topic, framework: str | None = None, give_up: bool = False
) -> tuple[str, str]:
    """(framework, text) of the reference solution.

    Raises BadOption for a topic that is not done, unless the student gives up, which is kept; and where the
    solutions are not to be had.
    """
    if not topic.solved:
        raise BadOption(f"there is no solution of {topic.name} here; ask your course")
    standing = load(workspace).of(topic)
    if not standing.done and not give_up:
        raise BadOption(
            f"{topic.name} is not done yet; `kata hint {topic.name}` gives a hint, and "
            f"`kata solution {topic.name} --give-up` shows the solution"
        )
    source = Submission(workspace.exercises).source(topic)
    chosen = framework or source.known_framework or workspace.framework
    if chosen is None:
        here = installed()
        chosen = here[0] if len(here) == 1 else None
    if chosen is None:
        raise BadOption(f"{topic.name}.py imports no framework; say which with --framework")
    path = topic.solution(chosen)
    if not path.is_file():
        raise BadOption(f"there is no solution of {topic.name} here; ask your course")
    if not standing.done:
        note(workspace, topic, gave_up=True)
    return chosen, path.read_text(encoding="utf-8")


def parts(text: str) -> dict[str, str]:
    """The functions and classes of a file by name, without their docstrings; {} where it cannot be parsed."""
    try:
        nodes = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    lines = text.splitlines()
    found = {}
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            dropped = {number for inner in ast.walk(node) for number in _docstring(inner)}
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            kept = range(first, (node.end_lineno or first) + 1)
            found[node.name] = "\n".join(lines[n - 1] for n in kept if n not in dropped)
    return found


def _docstring(node: ast.AST) -> range:
    """The lines of a definition's docstring."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    if not isinstance(node, kinds) or ast.get_docstring(node, clean=False) is None:
        return range(0)
    first = node.body[0]
    if len(node.body) == 1 or first.lineno == node.lineno:
        return range(0)  # it is the whole body, or stands on the line of the definition
    return range(first.lineno, (first.end_lineno or first.lineno) + 1)
