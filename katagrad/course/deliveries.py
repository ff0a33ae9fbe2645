"""The submissions of a folder, as the names of its entries tell them apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from katagrad.course.layouts import METADATA, Claim, claim_of, gradescope
from katagrad.text import one_line

# Where nbgrader writes when something was handed in.
STAMP = "timestamp.txt"


class Notes(Protocol):
    """Where it is noted what cannot be graded. unread: students of whom nothing can be read."""

    unread: list[str]

    def add_problem(self, name: str, sentence: str) -> None:
        """Add to the problems of a name."""


@dataclass
class Delivery:
    """What belongs together: a folder, an archive, or the files of one student that a system put side by side."""

    claim: Claim
    parts: list[tuple[str, Path, int]]
    shown: str


def deliveries(folder: Path, wanted: list[str], found: Notes) -> list[Delivery]:
    """The submissions of a folder, as the names of its entries tell them apart, in order of names."""
    folder = _inner(folder)
    entries = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    export = gradescope(folder)
    grouped: dict[tuple[str, ...], Delivery] = {}
    for entry in entries:
        shown = one_line(entry.name, 120)
        if export is not None:
            if entry.name != METADATA:
                listed = [c for n, c in export.items() if n.split("\n")[0] == entry.name]
                if not listed:
                    found.add_problem(shown, f"not graded: {METADATA} does not list it")
                for place, claim in enumerate(listed):
                    grouped["Gradescope", entry.name, str(place)] = Delivery(
                        claim, [("", entry, 0)], shown
                    )
            continue
        claim = claim_of(entry.name, entry.is_dir(), wanted, len(wanted) == 1)
        if entry.is_symlink():
            claim = Claim(
                "", (), ignored="a link is neither a folder nor an archive; hand in the files"
            )
        if claim.ignored or not claim.clues:
            said = claim.ignored or "its name tells no student; expected NAME_TOPIC.py"
            found.add_problem(shown, f"not graded: {said}")
            if not claim.ignored:
                found.unread.append(one_line(entry.stem, 120))
            continue
        key: tuple[str, ...] = (shown,)
        if claim.system in ("Canvas", "Moodle", "Blackboard", "file"):
            number = next(iter(claim.systems.values()), "")
            key = (claim.system, *claim.clues[:1], number, str(claim.when))
        part = (claim.file, entry, claim.order)
        if key in grouped:
            before = grouped[key]
            before.parts.append(part)
            before.claim = replace(before.claim, late=before.claim.late or claim.late)
            before.shown = (
                f"{one_line(before.parts[0][1].name, 120)} and {len(before.parts) - 1} more"
            )
        else:
            grouped[key] = Delivery(claim, [part], shown)
    return list(grouped.values())


def _inner(folder: Path) -> Path:
    """The folder that holds the submissions: submitted/ of an nbgrader course, the only one around an export."""
    if (folder / "submitted").is_dir() and (
        (folder / "gradebook.db").exists() or (folder / "nbgrader_config.py").exists()
    ):
        return folder / "submitted"
    inside = [path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX"))]
    if len(inside) == 1 and (inside[0] / METADATA).is_file() and not inside[0].is_symlink():
        return inside[0]
    return folder
