"""A hash of everything that a check's verdict depends on in its grader and in a solution, but not of prose."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from katagrad.topics import Topic


def digest(topic: Topic, framework: str, check: str) -> str:
    """A hash of a check, of all that it uses in its grader, and of the framework's reference solution.

    Comments, docstrings, layout, points and hints do not count.
    """
    named = _definitions(topic.grader)
    nodes = [*_reached(named, check), *_definitions(topic.solution(framework)).values()]
    text = "\n".join(ast.unparse(node) for group in nodes for node in group)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def _parsed(path: Path, changed: int) -> ast.Module:  # noqa: ARG001
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            node.decorator_list = [d for d in node.decorator_list if not _is_grade(d)]
            if ast.get_docstring(node) is not None and len(node.body) > 1:
                del node.body[0]
    return tree


def _is_grade(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.grade"


def _definitions(path: Path) -> dict[str, list[ast.stmt]]:
    """The statements at the top of a file by the names that they bind; a decorator's name holds what it decorates."""
    found: dict[str, list[ast.stmt]] = {}
    for statement in _parsed(path, path.stat().st_mtime_ns).body:
        for name in _bound(statement):
            found.setdefault(name, []).append(statement)
    return found


def _bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        yield statement.name
        for decorator in statement.decorator_list:
            yield from (n.id for n in ast.walk(decorator) if isinstance(n, ast.Name))
    elif isinstance(statement, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name.split(".")[0] for alias in statement.names)
    else:
        yield from (
            n.id
            for n in ast.walk(statement)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        )


def _reached(named: dict[str, list[ast.stmt]], start: str) -> list[list[ast.stmt]]:
    """The statements that `start` needs, itself first, in the order of their names."""
    known, waiting = set[str](), [start]
    while waiting:
        name = waiting.pop()
        if name in known or name not in named or name == "pytest":
            continue
        known.add(name)
        for statement in named[name]:
            if not isinstance(statement, (ast.Import, ast.ImportFrom)):
                waiting += [n.id for n in ast.walk(statement) if isinstance(n, ast.Name)]
    return [
        [s for s in named[name] if not isinstance(s, (ast.Import, ast.ImportFrom))]
        for name in sorted(known)
    ]
