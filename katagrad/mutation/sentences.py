"""The sentences of a stub: what its docstrings ask for, one thing at a time."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

# What ends in a full stop without ending a sentence.
ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|cf|vs|al|Eq|Sec|Fig|No|resp|approx)|\.\.)\.[)\"'”]?$")
END = re.compile(r"[.!?][)\"'”]?(?=\s)")
ITEM = re.compile(r"(?:[-*]|\d+\.)\s+")
# References, a pointer to the page that explains words, and a legend of the letters in shapes ask for nothing.
REFERENCES, LEGEND = re.compile(r"(?:Sources?|References?|Words): "), re.compile(r"Shapes: ")


@dataclass(frozen=True)
class Sentence:
    """One sentence, formula line or list item.

    of: the definition whose docstring has it, "softmax" or "SGD.step"; empty for the module's. text: with each run of
    whitespace as one space. line: of the stub. leads: how many of the sentences after it are the list or the
    formulas that it introduces.
    """

    of: str
    text: str
    line: int
    leads: int = 0

    def __str__(self) -> str:
        return f"{self.of or 'the module'}: {self.text}"


def fold(text: str) -> str:
    """`text` with each run of whitespace as one space."""
    return " ".join(text.split())


def sentences(source: str) -> list[Sentence]:
    """All sentences of a stub in order. Titles, examples, references and legends of shapes are left out."""
    tree = ast.parse(source)
    found = _of_docstring(tree, "", title=True)
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found += _of_docstring(node, node.name)
        elif isinstance(node, ast.ClassDef):
            found += _of_docstring(node, node.name)
            for item in node.body:
                if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    found += _of_docstring(item, f"{node.name}.{item.name}")
    return found


Documented = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _of_docstring(node: Documented, of: str, title: bool = False) -> list[Sentence]:
    text = ast.get_docstring(node, clean=True)
    if not text:
        return []
    first = node.body[0].lineno
    found: list[Sentence] = []
    leading: int | None = None  # the sentence that introduces the blocks at hand
    for number, (kind, line, block) in enumerate(_blocks(text.splitlines())):
        if title and (number == 0 or REFERENCES.match(block)):
            leading = None
            continue
        parts = [block] if kind == "formula" else split(block)
        parts = [part for part in parts if not (title and LEGEND.match(part))]
        found += [Sentence(of, part, first + line) for part in parts]
        if kind == "prose":
            leading = len(found) - 1 if parts and parts[-1].endswith(":") else None
        elif leading is not None:
            lead = found[leading]
            found[leading] = Sentence(lead.of, lead.text, lead.line, len(found) - 1 - leading)
    return found


def split(text: str) -> list[str]:
    """The sentences of a paragraph."""
    text, found, start = fold(text), [], 0
    for match in END.finditer(text):
        part = text[start : match.end()]
        if ABBREVIATION.search(part) or part.count("(") > part.count(")"):
            continue
        found.append(part.strip())
        start = match.end()
    rest = text[start:].strip()
    return [*found, rest] if rest else found


def _blocks(lines: list[str]) -> list[tuple[str, int, str]]:
    """(kind, first line, text) of paragraphs ("prose"), list items ("item") and indented lines ("formula")."""
    found: list[tuple[str, int, str]] = []
    open_, margin, example = False, 0, False
    for number, line in enumerate(lines):
        text, indent = line.strip(), len(line) - len(line.lstrip())
        if not text:
            open_ = example = False
        elif text.startswith(">>>") or example:
            open_, example = False, True
        elif mark := ITEM.match(text):
            found.append(("item", number, text[mark.end() :]))
            open_, margin = True, indent + 1
        elif open_ and found[-1][0] == "item" and indent >= margin:
            found[-1] = ("item", found[-1][1], f"{found[-1][2]} {text}")
        elif open_ and found[-1][0] == "formula" and indent > margin:
            found[-1] = ("formula", found[-1][1], f"{found[-1][2]} {fold(text)}")
        elif indent and not (open_ and found[-1][0] == "prose" and found[-1][2][-1] != ":"):
            found.append(("formula", number, fold(text)))
            open_, margin = True, indent
        elif open_ and found[-1][0] == "prose":
            found[-1] = ("prose", found[-1][1], f"{found[-1][2]} {text}")
        else:
            found.append(("prose", number, text))
            open_, margin = True, 0
    return found
