"""The table of topics in README.md: one row for each chapter, from the list of topics."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from katagrad.files import write_whole
from katagrad.topics import read_toml

BEGIN = "<!-- topics: written by `kata contracts` -->"
END = "<!-- end of topics -->"


def table(listed: Mapping[str, Mapping[str, Any]]) -> str:
    """The table for a list of topics, in teaching order."""
    lines = ["| chapter | topics, and what each teaches |", "| --- | --- |"]
    for chapter in dict.fromkeys(entry["chapter"] for entry in listed.values()):
        cells = [
            f"[`{name}`](exercises/{name}.py) {entry['title'].replace('|', chr(92) + '|')}"
            for name, entry in listed.items()
            if entry["chapter"] == chapter
        ]
        lines.append(f"| {chapter} | {'<br>'.join(cells)} |")
    return "\n".join(lines)


def with_table(text: str, listed: Mapping[str, Mapping[str, Any]]) -> str:
    """A page whose table is replaced; as it was where it has no place for one."""
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        return text
    count = len(listed)
    return f"{before}{BEGIN}\n\nThere are {count} topics.\n\n{table(listed)}\n\n{END}{after}"


def refresh(home: Path) -> bool:
    """Write the table of `home`/README.md anew; whether it was another."""
    page = home / "README.md"
    if not page.is_file():
        return False
    text = page.read_text(encoding="utf-8")
    wanted = with_table(text, read_toml(home / "exercises" / "topics.toml"))
    if wanted != text:
        write_whole(page, wanted)
    return wanted != text
