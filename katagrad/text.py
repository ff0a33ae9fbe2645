"""Text of strangers, made fit to be shown."""

from __future__ import annotations

KEPT = "\n\t"


def visible(text: str, most: int = 8000) -> str:
    """`text` with every character that could steer a terminal, a file or a reader's eye written out.

    That is each control character and escape, each that turns the direction of writing or takes no room, and
    lone surrogates, which no encoding takes. Cut at `most` characters.
    """
    if text.isascii() and text.isprintable() and len(text) <= most:
        return text
    shown = "".join(c if c.isprintable() or c in KEPT else _written(c) for c in text[:most])
    return shown if len(text) <= most else f"{shown} ... ({len(text):,} characters in all)"


def _written(character: str) -> str:
    number = ord(character)
    return (
        f"\\x{number:02x}"
        if number < 256
        else f"\\u{number:04x}"
        if number < 1 << 16
        else f"\\U{number:08x}"
    )
