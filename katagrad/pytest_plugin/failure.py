"""The text that a student reads when a check fails, and its place in the student's file."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from _pytest._code.code import (
    ReprEntryNative,
    ReprExceptionInfo,
    ReprFileLocation,
    ReprTraceback,
)

from katagrad.errors import FAILED, NOT_STARTED
from katagrad.grading.checks import Outcome
from katagrad.grading.table import number
from katagrad.text import one_line, quoted


def words(outcome: Outcome, claim: str, about: Mapping[str, Any], topic: str) -> str:
    """The text that a student reads when a check does not pass."""
    if outcome.status == NOT_STARTED:
        return outcome.message
    lines = []
    if claim:
        points = about.get("points")
        worth = f"  [{number(points)} point{'s' if points != 1 else ''}]" if points else ""
        lines.append(f"{claim}{worth}")
    lines.append(outcome.message if outcome.status == FAILED else f"not graded: {outcome.message}")
    if about.get("hint") and outcome.hinted:
        lines.append(f"Look at: {about['hint']}")
    if outcome.printed:
        lines += [f"{topic}.py printed:", *quoted(outcome.printed)]
    return "\n".join(lines)


def representation(text: str, message: str, path: str, line: int) -> ReprExceptionInfo:
    """A failure for pytest: `text` in full, `message` in the summary, and the place for editors.

    pytest then does not format the traceback of the plugin, which would take most of the time of a run.
    """
    crash = ReprFileLocation(path, line, one_line(message.split("\n")[0]))
    return ReprExceptionInfo(ReprTraceback([ReprEntryNative([text + "\n"])], None, "native"), crash)


def definitions(path: Path) -> dict[str, int]:
    """The lines of a file's functions and classes, by name. Empty if the file cannot be parsed."""
    try:
        nodes = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name: node.lineno for node in nodes if isinstance(node, kinds)}


def line_of(check: str, defined: Mapping[str, int]) -> int:
    """The line of the function that a check `test_<subject>_<claim>` names. Line 1 if it names none."""
    said = check.removeprefix("test_") + "_"
    named = [name for name in defined if said.startswith(name.lower() + "_")]
    return defined[max(named, key=len)] if named else 1


def place_in(outcome: Outcome, folder: Path, root: Path) -> tuple[str, int] | None:
    """(path below `root`, line) at which a case ended in the submission, if known."""
    found = re.fullmatch(r"(.+):(\d+)", outcome.place)
    if found is None or ".." in Path(found[1]).parts:
        return None
    return os.path.relpath(folder / found[1], root), int(found[2])
