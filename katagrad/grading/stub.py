"""The definitions of a stub, and whether a submission has them. The source is parsed, never run."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# How alike two names are of which one may be a slip of the other.
ALIKE = 0.8


def is_stub(node: ast.AST) -> bool:
    """Whether a function consists of a docstring and `raise NotImplementedError`, or a class of such methods."""
    if isinstance(node, ast.ClassDef):
        methods = [
            item for item in node.body if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]
        return bool(methods) and all(is_stub(method) for method in methods)
    body = list(getattr(node, "body", ()))
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    if len(body) != 1 or not isinstance(body[0], ast.Raise):
        return False
    raised = body[0].exc
    raised = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def accepts(given: list[Any], asked: ast.FunctionDef) -> bool:
    """Whether a function with the parameters `given` accepts every call that the stub allows."""
    if any(kind in ("VAR_POSITIONAL", "VAR_KEYWORD") for _, kind, _ in given):
        return True
    wanted = [arg.arg for arg in asked.args.posonlyargs + asked.args.args]
    defaults = len(asked.args.defaults)
    positional = [(name, default) for name, kind, default in given if kind != "KEYWORD_ONLY"]
    if [name for name, _ in positional[: len(wanted)]] != wanted:
        return False
    optional = positional[len(wanted) - defaults : len(wanted)] if defaults else []
    extra = positional[len(wanted) :]
    return all(default is not None for _, default in [*optional, *extra])


def unwritten(file: str, tree: ast.Module, pristine: bytes) -> str:
    """What a file says of itself in which no function is written: it is the stub, or its code stands elsewhere.

    pristine: the stub as it was handed out.
    """
    more = _own(tree, _statements(pristine))
    stubs = {node.name: node for node in tree.body if isinstance(node, DEFINITIONS) and is_stub(node)}  # fmt: skip
    if not more or not stubs:
        return f"{file} is the untouched stub"
    for node in more:
        again = stubs.get(node.name) if isinstance(node, DEFINITIONS) else None
        if again is not None:
            return (
                f"{file}:{again.lineno} defines {again.name} once more, without any code, and the last definition "
                "counts; delete it"
            )
    raised = next(node for node in ast.walk(next(iter(stubs.values()))) if isinstance(node, ast.Raise))  # fmt: skip
    return (
        f"its functions still raise NotImplementedError, the first at {file}:{raised.lineno}; write your code in "
        "place of that line"
    )


def is_untouched(tree: ast.Module, pristine: bytes) -> bool:
    """Whether a file is the stub but for imports, comments and blank lines. pristine: the stub as it was handed out."""
    stub = _statements(pristine)
    asked = {node.name for node in stub if isinstance(node, DEFINITIONS)}
    there = {node.name for node in tree.body if isinstance(node, DEFINITIONS)}
    return bool(asked) and asked <= there and not _own(tree, stub)


def _statements(text: bytes) -> list[ast.stmt]:
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError):
        return []


def _own(tree: ast.Module, stub: Iterable[ast.stmt]) -> list[ast.stmt]:
    """The statements of a file that somebody wrote: neither of the stub, nor imports, nor functions without code."""
    known = {ast.dump(node) for node in stub}
    return [
        node
        for node in tree.body
        if not isinstance(node, (ast.Import, ast.ImportFrom))
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        and not is_stub(node)
        and ast.dump(node) not in known
    ]


def absent(folder: Path, file: str) -> str:
    """Why a submission in `folder` has no such file, and what to do about it."""
    if (folder / file).is_symlink():
        return f"{file} is missing: it is a link, and links are not followed; put the file itself there"
    if folder.name == "exercises":
        return f"{file} is missing; `kata reset {Path(file).stem}` puts its stub back"
    return f"{file} is missing; copy the stub from exercises/{file} and fill it in"


def lacking(file: str, name: str, shown: str, tree: ast.Module, asked: Iterable[str]) -> str:
    """Why a file has no function of that name, and what to do about it.

    shown: the definition that the stub asks for. asked: the names of all its definitions.
    """
    message = f"{file} has no function {name}"
    at_top = {known: node.lineno for node in tree.body for known in _bound(node)}
    if name in at_top:
        is_def = any(isinstance(node, DEFINITIONS) and node.name == name for node in tree.body)
        why = "has a decorator that returns none" if is_def else "is something else"
        return f"{message}: what {file}:{at_top[name]} names so {why}; the stub asks for {shown}"
    inner = next((found for found in _inside(tree) if found[0].name == name), None)
    if inner is not None:
        node, outer = inner
        return f"{message}: {file}:{node.lineno} defines it inside {outer}; begin its line at the left margin"
    others = [known for known in at_top if known not in set(asked)]
    lower = {known.lower(): known for known in others}
    near = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=ALIKE)
    if near:
        found = lower[near[0]]
        return f"{message}; is it {found}, at {file}:{at_top[found]}? The stub asks for {shown}"
    return f"{message}; the stub asks for {shown}"


def _bound(node: ast.stmt) -> Iterator[str]:
    """The names that a statement at the top of a file defines or assigns."""
    if isinstance(node, DEFINITIONS):
        yield node.name
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def _inside(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, str]]:
    """Functions that are not at the top of a file, each with what it stands in."""
    left: list[tuple[ast.AST, str]] = [(node, "") for node in tree.body]
    while left:
        node, outer = left.pop(0)
        if outer and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node, outer
        own = node.name if isinstance(node, DEFINITIONS) else outer or "another statement"
        left += [(child, own) for child in ast.iter_child_nodes(node)]
