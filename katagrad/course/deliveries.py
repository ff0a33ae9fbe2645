"""The submissions of a folder, as the names of its entries tell them apart."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from katagrad.course.layouts import METADATA, Claim, claim_of, gradescope
from katagrad.text import one_line

# Where nbgrader writes when an assignment was handed in: SUBMITTED/STUDENT/ASSIGNMENT/STAMP.
SUBMITTED, STAMP = "submitted", "timestamp.txt"
# What Windows and macOS put into folders by themselves, in lower case.
LITTER = frozenset(("__macosx", "desktop.ini", "thumbs.db", "$recycle.bin"))
# Files of `kata course intake --out`: when each topic was handed in, and why other topics cannot be graded.
TIMES, LOST = ".times.json", ".not_graded.json"


class Notes(Protocol):
    """Where it is noted what cannot be graded. unread: students of whom nothing can be read. ignored: entries that no
    reader is for, or whose names do not say enough, each with what its name says.
    """

    unread: list[str]
    ignored: list[tuple[str, Claim]]

    def add_problem(self, name: str, sentence: str) -> None:
        """Add to the problems of a name."""


@dataclass
class Delivery:
    """What belongs together: a folder, an archive, or the files of one student that a system put side by side.

    stamped: whether nbgrader wrote when each assignment in it came. times: when its topics came, where intake noted it.
    """

    claim: Claim
    parts: list[tuple[str, Path, int]]
    shown: str
    stamped: bool = False
    times: Mapping[str, float] = field(default_factory=dict)


def deliveries(
    folder: Path, wanted: list[str], found: Notes, zone: datetime.tzinfo | None = None
) -> list[Delivery]:
    """The submissions of a folder, as the names of its entries tell them apart, in order of names.

    zone: of times in names.
    """
    folder = _inner(folder)
    stamped, times = folder.resolve().name == SUBMITTED, _times(folder)
    entries = [path for path in sorted(folder.iterdir()) if not is_litter(path.name)]
    export = gradescope(folder)
    grouped: dict[tuple[str, ...], Delivery] = {}
    for entry in entries:
        shown = one_line(entry.name, 120)
        if export is not None:
            if entry.name != METADATA:
                listed = [c for n, c in export.items() if n.split("\n")[0] == entry.name]
                if not listed:
                    found.add_problem(shown, f"not graded: {METADATA} names nobody for it")
                for place, claim in enumerate(listed):
                    grouped["Gradescope", entry.name, str(place)] = Delivery(
                        claim, [("", entry, 0)], shown
                    )
            continue
        claim = claim_of(entry.name, entry.is_dir(), wanted, len(wanted) == 1, zone)
        if entry.is_symlink():
            said = "a link is neither a folder nor an archive; hand in the files"
            claim = replace(claim, ignored=said)
        if claim.ignored or not claim.clues:
            said = (
                claim.ignored or "its name does not tell student and topic; expected NAME_TOPIC.py"
            )
            found.add_problem(shown, f"not graded: {said}")
            clues = claim.clues or (one_line(entry.stem, 120),)
            found.ignored.append((shown, replace(claim, clues=clues)))
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
            told = times.get(entry.name, {})
            grouped[key] = Delivery(
                claim, [part], shown, stamped and claim.system == "folder", told
            )
    return list(grouped.values())


def is_litter(name: str) -> bool:
    """Whether an entry is hidden, or something that a system put there by itself."""
    return name.startswith(".") or name.lower() in LITTER


def _inner(folder: Path) -> Path:
    """The folder that holds the submissions: submitted/ of an nbgrader course, the only one around an export."""
    if (folder / SUBMITTED).is_dir() and (
        (folder / "gradebook.db").exists() or (folder / "nbgrader_config.py").exists()
    ):
        return folder / SUBMITTED
    inside = [path for path in folder.iterdir() if not is_litter(path.name)]
    if len(inside) == 1 and (inside[0] / METADATA).is_file() and not inside[0].is_symlink():
        return inside[0]
    return folder


def _times(folder: Path) -> dict[str, dict[str, float]]:
    """When each student's topics came."""
    noted = _noted(folder / TIMES)
    return {
        student: {topic: float(at) for topic, at in own.items() if isinstance(at, (int, float))}
        for student, own in noted.items()
    }


def lost_before(folder: Path) -> dict[str, dict[str, str]]:
    """By student, the topics that were handed in but could not be written to this folder, each with the reason."""
    noted = _noted(folder / LOST)
    return {
        s: {topic: one_line(str(why), 1000) for topic, why in own.items()}
        for s, own in noted.items()
    }


def _noted(path: Path) -> dict[str, dict[str, Any]]:
    """What `kata course intake --out` noted of the folder that it wrote, by student and topic."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(student): dict(own.items()) for student, own in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
