"""A picture of a terminal, for a page."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

WIDTH = 80
# Between the commands of the pictures and their answers.
PROMPT = "$ "


def picture(command: str, lines: Iterable[Text]) -> str:
    """What a terminal of 80 columns shows after a command, as an SVG that loads nothing from anywhere."""
    out = Console(
        record=True,
        width=WIDTH,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        markup=False,
        highlight=False,
        emoji=False,
    )
    out.no_color = False
    for line in (Text(PROMPT + command, style="bold"), *broken(lines)):
        out.print(line)
    drawn = out.export_svg(title="katagrad", unique_id="terminal")
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)


def broken(lines: Iterable[Text]) -> Iterator[Text]:
    """Lines that are too long, broken between words and as far to the right as they began."""
    for line in lines:
        indent = " " * (len(line.plain) - len(line.plain.lstrip()))
        if len(line) > WIDTH and indent:
            wrapped = textwrap.wrap(line.plain, WIDTH, subsequent_indent=indent)
            yield from (Text(part, style=line.style) for part in wrapped)
        else:
            yield line
