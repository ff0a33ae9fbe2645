"""Generic mutants of a solution: one operator, sign, axis, number, condition or statement changed at a time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

BINARY = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
}
COMPARE = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
NAMES = {
    "sum": "mean",
    "mean": "sum",
    "reduce_sum": "reduce_mean",
    "reduce_mean": "reduce_sum",
    "maximum": "minimum",
    "minimum": "maximum",
    "argmax": "argmin",
    "amax": "amin",
    "reduce_max": "reduce_min",
    "sin": "cos",
    "cos": "sin",
    "zeros_like": "ones_like",
    "ones_like": "zeros_like",
    "zeros": "ones",
    "ones": "zeros",
    "min": "max",
    "max": "min",
}


@dataclass(frozen=True)
class Mutant:
    """One changed program. what: the change in words. line: in the original. source: the whole changed text.

    probe: a program that fails if the change has an effect. Empty if there is none.
    """

    what: str
    line: int
    before: str
    after: str
    source: str
    probe: str = ""


def mutants(source: str) -> Iterator[Mutant]:
    """Every single change that the operators here make to `source`, without repeats.

    Docstrings, imports, annotations and the text of exceptions are left alone.
    """
    tree = ast.parse(source)
    seen = {ast.unparse(tree)}
    for path, node in _nodes(tree, ()):
        for what, changed in _changes(node):
            ast.fix_missing_locations(changed)
            _put(tree, path, changed)  # for a moment: a copy of the tree for each would take longer
            text = ast.unparse(tree)
            _put(tree, path, node)
            if text in seen:
                continue
            seen.add(text)
            before = ast.unparse(node).splitlines()[0][:90]
            after = (
                ast.unparse(changed).splitlines()[0][:90]
                if not isinstance(changed, ast.Pass)
                else "(removed)"
            )
            yield Mutant(what, getattr(node, "lineno", 0), before, after, text)


def _nodes(
    node: ast.AST, path: tuple[tuple[str, int | None], ...]
) -> Iterator[tuple[tuple[tuple[str, int | None], ...], ast.AST]]:
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        items = enumerate(value) if isinstance(value, list) else [(None, value)]
        for i, child in items:
            if not isinstance(child, ast.AST) or isinstance(
                child, (ast.Import, ast.ImportFrom, ast.Raise)
            ):
                continue
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue  # a docstring
            here = (*path, (name, i))
            yield here, child
            yield from _nodes(child, here)


def _put(tree: ast.AST, path: tuple[tuple[str, int | None], ...], item: ast.AST) -> None:
    node = tree
    for name, i in path[:-1]:
        node = getattr(node, name) if i is None else getattr(node, name)[i]
    name, i = path[-1]
    if i is None:
        setattr(node, name, item)
    else:
        getattr(node, name)[i] = item


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.BinOp):
        if type(node.op) in BINARY:
            yield "operator", ast.BinOp(node.left, BINARY[type(node.op)](), node.right)
        if isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.Div)):
            yield "dropped term", node.left
            if isinstance(node.op, (ast.Add, ast.Mult)):
                yield "dropped term", node.right
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not)):
        yield "sign" if isinstance(node.op, ast.USub) else "negation", node.operand
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield "comparison", ast.Compare(node.left, [COMPARE[type(node.ops[0])]()], node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield (
            "and/or",
            ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values),
        )
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield "function", ast.Attribute(node.value, NAMES[node.attr], node.ctx)
    elif isinstance(node, ast.Name) and node.id in NAMES and isinstance(node.ctx, ast.Load):
        yield "function", ast.Name(NAMES[node.id], node.ctx)
    elif isinstance(node, ast.IfExp):
        yield "branch", node.body
        yield "branch", node.orelse
    elif isinstance(node, ast.If):
        yield "condition", ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
    elif isinstance(node, (ast.AugAssign, ast.Expr)) or (
        isinstance(node, ast.Assign) and isinstance(node.targets[0], (ast.Subscript, ast.Attribute))
    ):
        yield "dropped statement", ast.Pass()
        if isinstance(node, ast.AugAssign):
            yield "assignment", ast.Assign([node.target], node.value)
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.Slice):
        if node.lower is not None:
            yield "slice", ast.Slice(None, node.upper, node.step)
        if node.upper is not None:
            yield "slice", ast.Slice(node.lower, None, node.step)
    elif (
        isinstance(node, ast.Return)
        and isinstance(node.value, ast.Tuple)
        and len(node.value.elts) == 2
    ):
        yield "swapped results", ast.Return(ast.Tuple(node.value.elts[::-1], ast.Load()))


def _constants(node: ast.Constant) -> Iterator[tuple[str, ast.AST]]:
    value = node.value
    if isinstance(value, bool):
        yield "truth", ast.Constant(not value)
    elif isinstance(value, int):
        yield "number", ast.Constant(value + 1)
        yield "number", ast.Constant(value - 1)
    elif isinstance(value, float):
        yield "number", ast.Constant(value * 2 if value else 1.0)
        yield "number", ast.Constant(-value if value else -1.0)
    elif isinstance(value, str) and value in ("mean", "sum", "pre", "post"):
        yield (
            "text",
            ast.Constant({"mean": "sum", "sum": "mean", "pre": "post", "post": "pre"}[value]),
        )


def _calls(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    for i, keyword in enumerate(node.keywords):
        if keyword.arg:
            yield (
                f"dropped {keyword.arg}",
                ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1 :]),
            )
    if len(node.args) == 2 and not any(isinstance(a, ast.Starred) for a in node.args):
        yield "swapped arguments", ast.Call(node.func, node.args[::-1], node.keywords)
    if isinstance(node.func, ast.Attribute) and not node.args and not node.keywords:
        yield "dropped call", node.func.value
    elif len(node.args) == 1 and not node.keywords and isinstance(node.func, ast.Attribute):
        yield "dropped call", node.args[0]
