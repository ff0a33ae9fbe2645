"""Scan the source of a submission for forbidden names, with their lines.

The rules are those of `katagrad.worker.families`. The scan resolves imports and their aliases; it runs in the driver,
on text, so nothing that the submission does can change its answer. What ran is judged in the worker, by operators:
see `katagrad.worker.guard`.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from katagrad.errors import SubmissionProblem
from katagrad.grading.parsing import TooLong, tree_of
from katagrad.topics import Topic
from katagrad.worker.families import FREE, Rules, families

# Attributes of tensors that show whether something is on. To set one is a use of it.
FLAGS = {"requires_grad"}


def rules_for(topic: Topic, framework: str) -> Rules:
    """The rules of a topic in one framework. Raises KeyError for a family that the framework's table lacks."""
    barred, table = topic.forbid.get("families", ()), families(framework)
    for name in barred:
        table[name]
    own, only = topic.forbid.get(framework, ()), topic.forbid.get("only", ())
    return Rules(barred, own, only, topic.imports, topic.programs)


def barred_names(rules: Rules, framework: str) -> list[str]:
    """All names that `rules` forbid, including those of their families."""
    table = families(framework)
    return list(dict.fromkeys(n for f in rules.families for n in table[f].names)) + list(
        rules.names
    )


# Parts of a dotted name. Those that a longer one begins with are looked at by themselves.
MOST_PARTS = 32
CANONICAL = {"tf": "tensorflow", "np": "numpy", "tensorflow.keras": "keras"}


@dataclass(frozen=True)
class Breach:
    """A forbidden name in a submission."""

    file: str
    line: int
    name: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} uses {self.name}"


def _canonical(name: str) -> str:
    for prefix in ("tensorflow.keras", "tf.keras"):
        if name == prefix or name.startswith(prefix + "."):
            return "keras" + name[len(prefix) :]
    first, dot, rest = name.partition(".")
    return CANONICAL.get(first, first) + dot + rest


def breaches(
    source: str | bytes, file: str, rules: Iterable[str], asked: Collection[str] | None = None
) -> list[Breach]:
    """Every use of a forbidden name in `source`, in order of lines. Unparsable source has none. Raises TooLong.

    asked: the functions that the stub asks for. Others count only if what is graded names them. None: all count.
    """
    try:
        tree = tree_of(source, file)
    except TooLong:
        raise
    except SubmissionProblem:
        return []
    return uses(list(graded(tree, asked)), file, rules)


def uses(nodes: Sequence[ast.AST], file: str, rules: Iterable[str]) -> list[Breach]:
    """Every use of a forbidden name in `nodes`, in order of lines."""
    dotted = [(_canonical(rule), rule) for rule in rules if not rule.startswith(".")]
    methods = {rule[1:] for rule in rules if rule.startswith(".")}
    aliases: dict[str, str] = {}
    found: set[Breach] = set()
    free = tuple(map(_canonical, FREE))

    def check(name: str, line: int) -> None:
        full = _canonical(name)
        if full in free:
            return
        for rule, shown in dotted:
            if (
                full == rule
                or full.startswith(rule + ".")
                or (rule.endswith(".*") and full.startswith(rule[:-1]))
            ):
                found.add(Breach(file, line, shown if not shown.endswith("*") else full))

    own = _own_methods(nodes)
    for node in nodes:
        if isinstance(node, ast.Import):
            for item in node.names:
                aliases[item.asname or item.name.split(".")[0]] = (
                    item.name if item.asname else item.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for item in node.names:
                aliases[item.asname or item.name] = f"{node.module}.{item.name}"
                if item.name == "*":  # any other name counts where it is used
                    check(f"{node.module}.*", node.lineno)
    parts: set[int] = set()
    for node in nodes:
        if isinstance(node, ast.Attribute) and id(node) not in parts:
            used = node.attr in methods - own and not _is_own(node, aliases)
            # To look at a flag, in a print say, is no use of what it turns on.
            if used and not (node.attr in FLAGS and isinstance(node.ctx, ast.Load)):
                found.add(Breach(file, node.lineno, "." + node.attr))
            name = _dotted(node, aliases)
            if name and _canonical(name).startswith(tuple(f"{one}." for one in free) + free):
                # What a free name begins with, tf.compat.v1 say, is not looked at by itself.
                parts |= {id(part) for part in ast.walk(node)}
            elif name:
                check(name, node.lineno)
        elif isinstance(node, ast.Name) and node.id in aliases and isinstance(node.ctx, ast.Load):
            check(aliases[node.id], node.lineno)
    return sorted(found, key=lambda breach: (breach.line, breach.name))


def graded(tree: ast.Module, asked: Collection[str] | None = None) -> Iterator[ast.AST]:
    """The nodes of what is graded: not a demo under `if __name__ == "__main__":`, which may compare results.

    Nor a function that only a demo calls, if `asked` gives the functions that the stub asks for.
    """
    live: list[ast.AST] = []
    apart: dict[str, list[ast.AST]] = {}
    for node in tree.body:
        if isinstance(node, ast.If) and _asks_for_script(node.test):
            live += node.orelse
        elif (
            asked is not None
            and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name not in asked
            and not node.decorator_list
        ):
            apart.setdefault(node.name, []).append(node)
        else:
            live.append(node)
    while live:
        for part in ast.walk(live.pop()):
            yield part
            named = (getattr(part, key, None) for key in ("id", "attr", "value"))
            for name in named:
                # Text counts, too: globals()["helper"].
                if isinstance(name, str) and name in apart:
                    live += apart.pop(name)


def reached(tree: ast.Module, name: str) -> Iterator[ast.AST]:
    """The nodes of the imports, and of the definition `name` with all definitions and values of the file it names."""
    live: list[ast.AST] = []
    apart: dict[str, list[ast.AST]] = {}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            live.append(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            apart.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    apart.setdefault(part.id, []).append(node)
    live += apart.pop(name, [])
    while live:
        for part in ast.walk(live.pop()):
            yield part
            if isinstance(part, ast.Name) and part.id in apart:
                live += apart.pop(part.id)


def _asks_for_script(test: ast.expr) -> bool:
    match test:
        case ast.Compare(
            left=ast.Name(id="__name__"),
            ops=[ast.Eq()],
            comparators=[ast.Constant(value="__main__")],
        ):
            return True
    return False


def _own_methods(nodes: Iterable[ast.AST]) -> set[str]:
    """Methods of the file's own classes. A tensor's method of the same name is still watched where the file runs."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = (node.body for node in nodes if isinstance(node, ast.ClassDef))
    return {item.name for body in bodies for item in body if isinstance(item, kinds)}


def _dotted(node: ast.expr, aliases: dict[str, str]) -> str | None:
    """The full name of an attribute; None for one of no module, or of more parts than any rule has."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute) and len(parts) < MOST_PARTS:
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in aliases:
        return None
    return ".".join([aliases[node.id], *reversed(parts)])


def _is_own(node: ast.Attribute, aliases: dict[str, str]) -> bool:
    """Whether an attribute is read from `self` or a module, rather than from a tensor."""
    return isinstance(node.value, ast.Name) and (
        node.value.id == "self" or node.value.id in aliases
    )
