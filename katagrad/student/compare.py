"""The reference solution beside one's own, function by function."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from katagrad.student.hints import parts
from katagrad.text import visible

# Columns that two pieces of code need beside each other; in fewer, one stands below the other.
BESIDE = 150


def beside(own: str, reference: str, width: int) -> Iterator[RenderableType]:
    """Each function of the reference with the student's own, without docstrings."""
    theirs = parts(own)
    for name, text in parts(reference).items():
        mine = theirs.get(name)
        yield Text()
        if mine is None:
            yield Text(f"{name}, which your file does not have", style="bold")
            yield code(text)
        elif mine == text:
            yield Text(f"{name}: yours is the reference, word for word", style="bold")
        elif width >= BESIDE:
            table = Table(f"{name}, yours", "the reference", box=None, pad_edge=False, expand=True)
            table.columns[0].ratio = table.columns[1].ratio = 1
            table.add_row(code(mine), code(text))
            yield table
        else:
            yield Text(f"{name}, yours", style="bold")
            yield code(mine)
            yield Text(f"{name}, the reference", style="bold")
            yield code(text)


def code(text: str) -> Syntax:
    """Python, coloured by the terminal's own colours."""
    return Syntax(
        visible(text, 100_000),
        "python",
        theme="ansi_dark",
        background_color="default",
        word_wrap=True,
    )
