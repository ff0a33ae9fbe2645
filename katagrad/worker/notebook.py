"""Notebooks as Python files: what a notebook defines, with the imports and assignments that its definitions use.

Nothing is run. A cell that only computes and shows something is left out, as is one that a course locked: a plot or
an experiment that fails must not take the functions with it.
"""

from __future__ import annotations

import ast
import json
import re
import symtable
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

MAGIC = re.compile(r"^(\s*)(%|!|\?|.*\?\s*$|\w+(?:\s*,\s*\w+)*\s*=\s*[%!])")
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# Lines of one cell that are no Python.
MAX_MAGICS = 200
# The first line of a file that was made of cells, and the line before each piece of one.
MADE = "# made of the cells of a notebook"
PIECE = "# cell {}, line {}"


def python_of(data: bytes) -> tuple[str, dict[str, Any]]:
    """(the text of a Python file, the metadata of the notebook). Raises ValueError for what is no notebook."""
    import nbformat

    try:
        read: Any = nbformat.reads(data.decode("utf-8-sig"), as_version=4)  # type: ignore[no-untyped-call]
    except (nbformat.ValidationError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no valid notebook: {str(error)[:200]}") from None
    about = read.get("metadata", {})
    made, language = _kept(_code(read["cells"])), _language(about)
    if language and "def " not in made:
        raise ValueError(f"it is written in {language[:40]}, but should be in Python")
    return made, json.loads(json.dumps(about.get("katagrad", {})))


def _language(about: dict[str, Any]) -> str:
    """The language of a notebook's kernel, if it says another one than Python, else ""."""
    places = about.get("kernelspec"), about.get("language_info")
    kernel, info = (place if isinstance(place, dict) else {} for place in places)
    said = kernel.get("language") or info.get("name")
    return "" if not said or "python" in str(said).lower() else str(said)


def file_of(cells: Iterable[str]) -> str:
    """The text of the Python file that the code cells `In` of a kernel amount to."""
    return _kept(enumerate(cells))


def _code(cells: list[Any]) -> Iterator[tuple[int, str]]:
    """The code cells by the number that Jupyter shows after all were run in their order: empty ones have none."""
    numbers = count(1)
    for cell in cells:
        if cell.get("cell_type") != "code":
            continue
        source = cell["source"]
        text = "".join(source) if isinstance(source, list) else str(source)
        number = next(numbers) if text.strip() else 0
        about = cell.get("metadata", {}).get("nbgrader", {})
        if about.get("solution") or not about.get("grade"):
            yield number, text


def plain(text: str) -> str:
    """A cell without magics and shell lines, each replaced where it stands. %%writefile NAME leaves its content."""
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        kept = lines[first].split()[0] in (
            "%%time",
            "%%timeit",
            "%%capture",
            "%%writefile",
            "%%kata",
        )
        lines = ["# " + line if not kept or i == first else line for i, line in enumerate(lines)]
    for _ in range(MAX_MAGICS):
        try:
            ast.parse("\n".join(lines))
            break
        except SyntaxError as error:
            at = (error.lineno or 0) - 1
            found = MAGIC.match(lines[at]) if 0 <= at < len(lines) else None
            if found is None:
                break
            lines[at] = f"{found[1]}pass  # {lines[at].strip()}"
        except (ValueError, RecursionError, MemoryError):
            break
    return "\n".join(lines)


def _kept(cells: Iterable[tuple[int, str]]) -> str:
    """The cells as one file: definitions, imports, and the statements that bind what definitions use."""
    parsed: list[tuple[int, str, ast.Module | None]] = []
    for number, source in cells:
        text = plain(source)
        try:
            parsed.append((number, text, ast.parse(text)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            parsed.append((number, text, None))
    statements = [node for _, _, tree in parsed if tree for node in tree.body]
    kept = {id(n) for n in statements if isinstance(n, (*DEFINITIONS, ast.Import, ast.ImportFrom))}
    needed: set[str] = set()
    for node in statements:
        if isinstance(node, DEFINITIONS):
            needed |= _global(node)
    while True:
        more = [
            n
            for n in statements
            if id(n) not in kept and not isinstance(n, ast.Expr) and _bound(n) & needed
        ]
        if not more:
            break
        for node in more:
            kept.add(id(node))
            needed |= _used(node)
    out = []
    for number, text, tree in parsed:
        if tree is None:
            # The grader names the line; a cell without a definition harms none.
            defines = re.search(r"^\s*(async\s+def|def|class)\s", text, re.MULTILINE)
            piece = f"{PIECE.format(number, 1)}\n{text}"
            out.append(piece if defines else _commented(text))
            continue
        out.append(_cell(number, text, [node for node in tree.body if id(node) in kept]))
    held = [part for part in out if part.strip()]
    return "\n\n".join([MADE, *held]) + "\n"


def _cell(number: int, text: str, kept: list[ast.stmt]) -> str:
    lines = text.split("\n")
    parts = []
    after = 0  # the line that the last piece leads up to
    for node in kept:
        start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        found = lines[start - 1 : node.end_lineno]
        # Of `import a; b()` the one line holds two statements.
        shared = [n for n in kept if n is not node and n.lineno <= (node.end_lineno or 0) >= start]
        several = any((n.end_lineno or 0) >= start for n in shared) or ";" in found[-1]
        if start != after:
            parts.append(PIECE.format(number, start))
        parts.append(ast.unparse(node) if several else "\n".join(found))
        after = 0 if several else (node.end_lineno or 0) + 1
    return "\n".join(parts)


def _commented(text: str) -> str:
    return "\n".join(f"# {line}" for line in text.split("\n"))


def _global(node: ast.stmt) -> set[str]:
    """Names that a definition takes from the file: not its arguments, nor what it binds itself."""
    found: set[str] = set()
    left = [symtable.symtable(ast.unparse(node), "cell", "exec")]
    while left:
        table = left.pop()
        left += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global()):
                found.add(symbol.get_name())
    return found


def _used(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _bound(node: ast.stmt) -> set[str]:
    """Names that a statement binds or changes: x = ..., x.y = ..., x[0] = ..., for x in ..."""
    found = set()
    for inner in ast.walk(node):
        if isinstance(inner, (*DEFINITIONS,)):
            found.add(inner.name)
        target = inner
        while isinstance(target, (ast.Attribute, ast.Subscript)) and isinstance(
            target.ctx, (ast.Store, ast.Del)
        ):
            target = target.value
            if isinstance(target, ast.Name):
                found.add(target.id)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            found.add(inner.id)
        if isinstance(inner, ast.alias):
            found.add((inner.asname or inner.name).partition(".")[0])
    return found
