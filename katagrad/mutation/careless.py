"""Careless mutants of a solution: they leave out or add what students do; generic mutants change what is there.

An argument is ignored, a loop ends early, a draw is made once and reused, a result is cast, clipped or rounded, an
error is not raised, state is kept between calls, an argument is written into, a constant is ten times too large.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cache, partial

from katagrad.mutation.copied import FUNCTIONS, Copied, changed
from katagrad.mutation.operators import Mutant
from katagrad.mutation.spoiling import spoiled

LOOPS = (ast.For, ast.While)
DRAWS = {
    "choice",
    "integers",
    "normal",
    "permutation",
    "permuted",
    "rand",
    "randint",
    "randn",
    "random",
    "randperm",
    "shuffle",
    "standard_normal",
    "uniform",
}
COPIES = {"clone", "copy", "deepcopy", "detach", "dict", "identity", "list"}
IN_PLACE = {ast.Add: "add_", ast.Sub: "sub_", ast.Mult: "mul_", ast.Div: "div_"}
ROWS = ("y", "labels", "targets", "target")


@dataclass(frozen=True)
class Change:
    """A change of the node at `place`, counted as ast.walk goes, in words; `make` makes it in a copy of the tree.

    probe: fails in the copy wherever the change has an effect.
    """

    what: str
    place: int
    before: str
    after: str
    make: Callable[[Copied], None]
    probe: Callable[[Copied], None] | None = None


def careless(source: str, framework: str, asked: Collection[str]) -> Iterator[Mutant]:
    """Every careless mutant of `source`, without repeats.

    asked: the functions and methods that the stub asks for, whose results are spoiled: "softmax", "SGD.step".
    """
    tree = ast.parse(source)
    seen = {ast.unparse(tree)}
    nodes = list(ast.walk(tree))
    probe = cache(partial(changed, tree))  # one for several changes
    for change in _changes(nodes, framework, asked):
        text = changed(tree, change.make)
        if text not in seen:
            seen.add(text)
            node = nodes[change.place]
            line = node.target.lineno if isinstance(node, ast.comprehension) else node.lineno  # type: ignore[attr-defined]
            shown = change.before[:90], change.after[:90]
            yield Mutant(
                change.what, line, *shown, text, probe(change.probe) if change.probe else ""
            )


def _changes(nodes: list[ast.AST], framework: str, asked: Collection[str]) -> Iterator[Change]:
    parents = {c: n for n in nodes for c in ast.iter_child_nodes(n)}
    for i, node in enumerate(nodes):
        if isinstance(node, FUNCTIONS):
            yield from _arguments(i, node)
            owner = parents[node]
            name = f"{owner.name}.{node.name}" if isinstance(owner, ast.ClassDef) else node.name
            if name in asked and any(isinstance(n, ast.Return) and n.value for n in ast.walk(node)):
                probes: dict[str, Callable[[Copied], None]] = {}
                for how, text, probe in spoiled(framework):
                    fail = probes.setdefault(probe, _returned(i, probe))
                    what = f"{name}: its result"
                    yield Change("result", i, what, how, _returned(i, text), fail)
        elif isinstance(node, (ast.For, ast.comprehension)):
            yield from _half_used(i, node)
        elif isinstance(node, ast.Call):
            yield from _of_call(i, node, framework)
        elif (
            isinstance(node, ast.If) and len(node.body) == 1 and isinstance(node.body[0], ast.Raise)
        ):
            yield from _of_raise(i, node)
        elif isinstance(node, ast.BinOp) and framework == "torch":
            yield from _written(i, node, _given(node, parents))
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
            yield from _scaled(i, node)
        elif isinstance(node, ast.Assign) and isinstance(
            node.value, (ast.Dict, ast.List, ast.DictComp)
        ):
            yield from _kept(i, node)


def _replaced(i: int, what: str, before: ast.AST, text: str) -> Change:
    """The change of one expression into the one that `text` is."""

    def make(copied: Copied) -> None:
        copied.swap(copied.nodes[i], [ast.parse(text, mode="eval").body])

    return Change(what, i, ast.unparse(before), text, make)


def _begun(i: int, what: str, before: str, text: str) -> Change:
    """The change of a function by a statement at its beginning."""

    def make(copied: Copied) -> None:
        function = copied.nodes[i]
        assert isinstance(function, FUNCTIONS)
        at = 1 if ast.get_docstring(function) is not None else 0
        function.body[at:at] = ast.parse(text).body

    return Change(what, i, before, text, make)


def _arguments(i: int, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Change]:
    arguments = node.args.posonlyargs + node.args.args
    pairs = list(zip(arguments[::-1], node.args.defaults[::-1], strict=False))
    pairs += [(a, d) for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if d]
    for argument, default in pairs:
        text = f"{argument.arg} = {ast.unparse(default)}"
        yield _begun(i, "ignored argument", f"{node.name}: {argument.arg}", text)
    names = [a.arg for a in arguments]
    rows = next((name for name in ROWS if name in names), None)
    if rows and "x" in names:
        text = f"x, {rows} = x[: max(1, len(x) * 4 // 5)], {rows}[: max(1, len(x) * 4 // 5)]"
        yield _begun(i, "part of the rows", f"{node.name}: x, {rows}", text)


def _returned(i: int, text: str) -> Callable[[Copied], None]:
    """What puts all results of the function through _spoiled, which `text` defines."""

    def make(copied: Copied) -> None:
        function = copied.nodes[i]
        inner = {
            n
            for f in ast.walk(function)
            if isinstance(f, (*FUNCTIONS, ast.Lambda)) and f is not function
            for n in ast.walk(f)
        }
        for node in list(ast.walk(function)):
            if isinstance(node, ast.Return) and node.value is not None and node not in inner:
                node.value = ast.Call(ast.Name("_spoiled", ast.Load()), [node.value], [])
        _after_imports(copied.tree, text)

    return make


def _after_imports(tree: ast.Module, text: str) -> None:
    last = max(
        (n for n, s in enumerate(tree.body) if isinstance(s, (ast.Import, ast.ImportFrom))),
        default=-1,
    )
    tree.body[last + 1 : last + 1] = ast.parse(text).body


def _half_used(i: int, node: ast.For | ast.comprehension) -> Iterator[Change]:
    before = ast.unparse(node.iter)
    for part in ("[:-1]", "[:1]"):

        def make(copied: Copied, part: str = part) -> None:
            loop = copied.nodes[i]
            assert isinstance(loop, (ast.For, ast.comprehension))
            loop.iter = ast.parse(f"list({before}){part}", mode="eval").body

        yield Change("part of a sequence", i, before, f"list({before}){part}", make)


def _of_call(i: int, node: ast.Call, framework: str) -> Iterator[Change]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    name = node.func.id if isinstance(node.func, ast.Name) else name
    text = ast.unparse(node)
    if name in DRAWS:

        def hoist(copied: Copied) -> None:
            call = copied.nodes[i]
            loops = list(copied.around(call, LOOPS))
            if loops:
                drawn = ast.parse("_drawn = 0").body[0]
                assert isinstance(drawn, ast.Assign)
                copied.swap(call, [ast.Name("_drawn", ast.Load())])
                drawn.value = call  # type: ignore[assignment]
                copied.swap(loops[-1], [drawn, loops[-1]])

        yield Change("draw", i, text, "drawn once, before the loop", hoist)
        if text.startswith("rng."):
            numpy, given = "__import__('numpy').random", text[len("rng") :]
            yield _replaced(i, "draw", node, numpy + given)
            yield _replaced(i, "draw", node, f"{numpy}.default_rng(0){given}")
    if name in COPIES and isinstance(node.func, ast.Attribute) and not node.args:
        yield _replaced(i, "no copy", node, ast.unparse(node.func.value))
    elif name in COPIES and len(node.args) == 1 and not isinstance(node.args[0], ast.GeneratorExp):
        yield _replaced(i, "no copy", node, ast.unparse(node.args[0]))
    if name == "reshape" and framework == "torch" and isinstance(node.func, ast.Attribute):
        view = ast.Call(ast.Attribute(node.func.value, "view", ast.Load()), node.args, [])
        if ast.unparse(node.func.value) != "torch":
            yield _replaced(i, "view for reshape", node, ast.unparse(view))


def _of_raise(i: int, node: ast.If) -> Iterator[Change]:
    before = f"if {ast.unparse(node.test)}: raise"

    def drop(copied: Copied) -> None:
        branch = copied.nodes[i]
        assert isinstance(branch, ast.If)
        copied.swap(branch, list(branch.orelse))

    def delay(copied: Copied) -> None:
        branch = copied.nodes[i]
        assert isinstance(branch, ast.If)
        function = next(copied.around(branch, FUNCTIONS), None)
        if isinstance(function, FUNCTIONS) and branch in function.body and not branch.orelse:
            last = function.body[-1]
            function.body.remove(branch)
            function.body.insert(len(function.body) - isinstance(last, ast.Return), branch)

    def other(copied: Copied) -> None:
        branch = copied.nodes[i]
        assert isinstance(branch, ast.If)
        branch.body = ast.parse("raise RuntimeError('no')").body

    yield Change("error", i, before, "(not raised)", drop)
    yield Change("error", i, before, "(raised at the end)", delay)
    yield Change("error", i, before, "(of another class)", other)


def _given(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> set[str]:
    """The arguments of the function around `node` that it binds to nothing else."""
    while not isinstance(node, FUNCTIONS):
        if node not in parents:
            return set()
        node = parents[node]
    bound = {
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    return {a.arg for a in node.args.posonlyargs + node.args.args + node.args.kwonlyargs} - bound


def _written(i: int, node: ast.BinOp, given: set[str]) -> Iterator[Change]:
    if isinstance(node.left, ast.Name) and node.left.id in given and type(node.op) in IN_PLACE:
        text = f"{node.left.id}.{IN_PLACE[type(node.op)]}({ast.unparse(node.right)})"
        yield _replaced(i, "written in place", node, text)


def _scaled(i: int, node: ast.Constant) -> Iterator[Change]:
    value = node.value
    assert isinstance(value, (int, float))
    if isinstance(value, float) and value:
        yield _replaced(i, "constant", node, repr(value * 10))
        yield _replaced(i, "constant", node, repr(value / 10))
    elif value > 1:
        yield _replaced(i, "constant", node, repr(value * 2))


def _kept(i: int, node: ast.Assign) -> Iterator[Change]:
    target = ast.unparse(node.targets[0])

    def make(copied: Copied) -> None:
        assign = copied.nodes[i]
        assert isinstance(assign, ast.Assign)
        if not list(copied.around(assign, FUNCTIONS)):
            return
        keep = ast.parse(f"_KEPT.setdefault({target!r}, 0)", mode="eval").body
        assert isinstance(keep, ast.Call)
        keep.args[1] = assign.value
        assign.value = keep
        _after_imports(copied.tree, "_KEPT = {}")

    yield Change("state", i, ast.unparse(node), "kept between calls", make)
