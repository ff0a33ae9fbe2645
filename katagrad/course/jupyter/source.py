"""The notebook of a topic as nbgrader's instructors have it: with the solution, and with every check."""

from __future__ import annotations

import ast
import hashlib
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from katagrad.grading.checks import Check, manifest
from katagrad.grading.examples import examples
from katagrad.topics import Topic

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
HIDE, SHOWN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
DEFINITIONS = (ast.FunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Cell:
    """A cell. grade_id: "" for one that nbgrader has nothing to do with. points: None for one without a grade."""

    kind: str
    source: str
    grade_id: str = ""
    points: float | None = None
    solution: bool = False


def check_id(topic: str, check: str) -> str:
    """The grade_id of a check's cell."""
    return f"{topic}-{check}"


def cells(topic: Topic, framework: str) -> Iterator[Cell]:
    """The cells of a topic's notebook in a framework.

    The contract is markdown. Each function has one solution cell, and a locked cell that runs its examples. Each
    check has a locked cell whose claim is public, and whose call is hidden.
    """
    contract = ast.parse(topic.contract.read_bytes())
    text = topic.solution(framework).read_text(encoding="utf-8")
    solution = ast.parse(text)
    about = ast.get_docstring(contract) or topic.title
    yield Cell("markdown", f"# {topic.title}\n\n{_quoted(about)}", f"{topic.name}-contract")
    yield Cell("code", _imports(solution), f"{topic.name}-imports")
    shown = {example.subject.partition(".")[0] for example in examples(topic.contract.read_bytes())}
    own = {node.name: node for node in solution.body if isinstance(node, DEFINITIONS)}
    asked = [node for node in contract.body if isinstance(node, DEFINITIONS)]
    names = {node.name for node in asked}
    for node in asked:
        skeleton = _skeleton(node)
        yield Cell(
            "markdown",
            f"## {node.name}\n\n```python\n{skeleton}\n```",
            f"{topic.name}-about-{node.name}",
        )
        source = _answer(node, own[node.name], text, solution, names)
        yield Cell("code", source, f"{topic.name}-answer-{node.name}", solution=True)
        if node.name in shown:
            call = f'from katagrad.student.cells import examples\n\nexamples("{topic.name}", "{node.name}")'
            yield Cell("code", call, f"{topic.name}-examples-{node.name}", 0)
    yield Cell("markdown", "## What is graded", f"{topic.name}-graded")
    for check in manifest(topic):
        yield Cell("code", _check(topic, check), check_id(topic.name, check.name), check.points)


def _quoted(text: str) -> str:
    """A docstring as markdown: as it stands, with its paragraphs."""
    return "\n".join(line.rstrip() for line in text.splitlines())


def _check(topic: Topic, check: Check) -> str:
    worth = f"{check.points:g} point{'s' if check.points != 1 else ''}"
    call = f'from katagrad.student.cells import points\n\npoints("{topic.name}", "{check.name}")'
    return f"# {check.claim} ({worth})\n{HIDE}\n{call}\n{SHOWN}"


def _imports(tree: ast.Module) -> str:
    nodes = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    return "\n".join(ast.unparse(node) for node in nodes)


def _skeleton(node: ast.FunctionDef | ast.ClassDef) -> str:
    """What the stub says of a function or a class, without the line that raises."""
    return ast.unparse(node).replace(
        "raise NotImplementedError", "...  # raise NotImplementedError"
    )


def _answer(
    asked: ast.FunctionDef | ast.ClassDef,
    own: ast.FunctionDef | ast.ClassDef,
    text: str,
    tree: ast.Module,
    names: set[str],
) -> str:
    """A solution cell. A plain function keeps its head; of a class, or of what has a decorator, all is the solution.

    What the function uses of the solution's file beside imports and other functions of the contract comes along.
    """
    helpers = [_segment(text, node) for node in _needed(own, tree, names)]
    if (
        isinstance(own, ast.ClassDef)
        or own.decorator_list
        or not isinstance(asked, ast.FunctionDef)
    ):
        return "\n".join([BEGIN, *helpers, _segment(text, own), END])
    lines = text.splitlines()
    body = own.body[1:] if ast.get_docstring(own) is not None else own.body
    start = body[0].lineno
    while lines[start - 2].lstrip().startswith("#"):  # a comment that belongs to the first line
        start -= 1
    inside = "\n".join(lines[start - 1 : own.end_lineno])
    given = textwrap.indent("\n".join(helpers), "    ")
    head = f"def {asked.name}({ast.unparse(asked.args)}):"
    return "\n".join(filter(None, [head, f"    {BEGIN}", given, inside, f"    {END}"]))


def _segment(text: str, node: ast.stmt) -> str:
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])


def _needed(own: ast.stmt, tree: ast.Module, names: set[str]) -> list[ast.stmt]:
    """Statements of the file that a definition needs, in their order: helpers and constants."""
    bound: dict[str, list[ast.stmt]] = {}
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)) or _is_docstring(node):
            continue
        for inner in [node] if isinstance(node, DEFINITIONS) else ast.walk(node):
            name = getattr(inner, "name", None) or getattr(inner, "id", None)
            if name and name not in names and not isinstance(getattr(inner, "ctx", None), ast.Load):
                bound.setdefault(name, []).append(node)
    found: dict[int, ast.stmt] = {}
    left: list[ast.AST] = [own]
    while left:
        for inner in ast.walk(left.pop()):
            if isinstance(inner, ast.Name):
                for node in bound.get(inner.id, []):
                    if node is not own and id(node) not in found:
                        found[id(node)] = node
                        left.append(node)
    return sorted(found.values(), key=lambda node: node.lineno)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def notebook(topic: Topic, framework: str) -> Any:
    """The notebook, as nbformat writes it. The same topic makes the same notebook."""
    import nbformat

    v4: Any = nbformat.v4
    made = v4.new_notebook()
    made.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    made.metadata["katagrad"] = {"topic": topic.name, "framework": framework}
    for cell in cells(topic, framework):
        new = v4.new_markdown_cell if cell.kind == "markdown" else v4.new_code_cell
        one = new(cell.source)
        about: dict[str, Any] = {
            "schema_version": 3,
            "grade_id": cell.grade_id,
            "grade": cell.points is not None,
            "solution": cell.solution,
            "locked": not cell.solution,
            "task": False,
        }
        if cell.points is not None:
            about["points"] = cell.points
        one.metadata["nbgrader"] = about
        one["id"] = hashlib.sha256(cell.grade_id.encode()).hexdigest()[:16]
        made.cells.append(one)
    return made
