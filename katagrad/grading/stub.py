"""The definitions of a stub, and whether a submission has them. The source is parsed, never run."""

from __future__ import annotations

import ast
from typing import Any


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
