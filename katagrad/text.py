"""Make untrusted text safe to show: it cannot control a terminal or imitate a line of katagrad.

Untrusted text comes from submissions, archives and folders: messages, printed output, and names of files,
functions and students. All output uses one of these functions:

- `one_line`, inside a line of output;
- `hanging`, for a message that begins inside a line;
- `quoted`, for a separate block;
- `cell`, for a spreadsheet.

The templates escape HTML.
"""

from __future__ import annotations

import re
import unicodedata

KEPT = "\n\t"
# Prefix of each line that a line break in untrusted text begins. Spaces are not enough: CI services
# execute "  ::error::" as a command, and readers may take an indented summary for a real one.
MARK = "| "
# CI services execute these commands anywhere in a line of a log: ##[error], ##vso[...].
COMMAND = re.compile(r"##(?=\w*\[)")
FORMULA = "=+-@\t\r\n"
# Where a comma is the decimal sign, a spreadsheet takes a semicolon for the end of a cell.
NEXT_CELL = re.compile(r"(;\s*)(?=[=+\-@])")


def visible(text: str, most: int = 8000) -> str:
    """`text` with every character written out that could control a terminal or mislead a reader.

    That is each control character and escape, each that turns the direction of writing or takes no room, and
    lone surrogates, which no encoding takes. Line breaks and tabs stay. Cut at `most` characters.
    """
    short = text[:most]
    if not (short.isascii() and short.isprintable()):
        short = "".join(c if c.isprintable() or c in KEPT else written(c) for c in short)
    short = COMMAND.sub(r"#\\x23", short)
    return short if len(text) <= most else f"{short} ... ({len(text):,} characters in all)"


def one_line(text: str, most: int = 300) -> str:
    """`text` on one line: line breaks and tabs are written out, too."""
    return "".join(written(c) if c in KEPT else c for c in visible(text, most))


def hanging(text: str, most: int = 8000) -> str:
    """`text` for use inside a line of output. Each further line begins with MARK."""
    first, *more = visible(text, most).split("\n")
    return "\n".join([first, *(line if line.startswith(MARK) else MARK + line for line in more)])


def quoted(text: str, most: int = 8000) -> list[str]:
    """The lines of `text`, each with the mark of strangers."""
    return [MARK + line for line in visible(text, most).rstrip().split("\n")] if text else []


def cell(text: str) -> str:
    """`text` as a cell of a table: one line, and no spreadsheet takes it for a formula."""
    # A spreadsheet may take the wide forms of = + - @ for the plain ones.
    first = unicodedata.normalize("NFKC", text[:1])[:1]
    mark = "'" if first and first in FORMULA else ""
    return mark + one_line(NEXT_CELL.sub(r"\1'", text))


def plural(count: int, word: str) -> str:
    """A count with its noun."""
    return f"{count} {word}" + ("" if count == 1 else "s")


def article(noun: str) -> str:
    """A noun, or the name of a type, with its article: "an int", "a list"."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def written(character: str) -> str:
    """A character as Python writes it inside a string: \\n, \\x1b, \\u202e."""
    if character in KEPT:
        return {"\n": "\\n", "\t": "\\t"}[character]
    number = ord(character)
    if number < 256:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 1 << 16 else f"\\U{number:08x}"
