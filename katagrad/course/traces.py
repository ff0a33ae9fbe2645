"""Traces of topics that were submitted under another file name: they are reported, never silently scored as zero."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

# What is neither read nor unpacked, and may hold any topic.
CLOSED = (".ipynb", ".zip", ".tar", ".tgz", ".7z", ".rar", ".gz", ".bz2", ".xz", ".zst")
SHOWN = 3


def fold(name: str) -> str:
    """A name without regard to capitals and Unicode form, in which systems differ."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def unfound(
    files: Collection[str], wanted: Collection[str], known: Iterable[str]
) -> tuple[set[str], str]:
    """Topics of `wanted` that may have been handed in as another file than NAME.py, and a sentence about them.

    known: all topics, of which `wanted` are graded. A topic without a trace, beside others that are there, was not
    handed in: it is not among them. Where none of the known topics is there, all are.
    """
    known = list(known)
    there = {name for name in known if f"{name}.py" in files}
    own = {f"{name}.py" for name in there}
    absent = [name for name in wanted if name not in there]
    alike: dict[str, str] = {}
    for file in files:
        topic = topic_of(file, known)
        if topic in absent and file not in own:
            alike.setdefault(str(topic), file)
    said = [
        f"{topic} not graded: found {file!r}, expected {topic}.py at the top of what was handed in"
        for topic, file in list(alike.items())[:SHOWN]
    ]
    if len(alike) > SHOWN:
        said.append(f"{len(alike) - SHOWN} more in the same way")
    left = [name for name in absent if name not in alike]
    closed = [f for f in files if f.lower().endswith(CLOSED) and f not in alike.values()]
    if left and closed:
        said.append(f"{shown(left)} not graded: not found, and {closed[0]!r} is not opened")
        return {*alike, *left}, "; ".join(said)
    if not there and not alike:
        held = f" holds {shown([repr(f) for f in files])}"
        if not any(file.endswith(".py") for file in files):
            held = f" holds no Python file{': ' if files else ''}{shown([repr(f) for f in files])}"
        said.append(f"not graded:{held}; expected {shown([f'{n}.py' for n in wanted])}")
    return set(alike) if there else set(wanted), "; ".join(said)


def topic_of(file: str, known: Iterable[str]) -> str | None:
    """The topic that a file's name speaks of: `hw1/softmax.py`, `Softmax (1).py`, `ada_123_softmax.ipynb`."""
    stem = fold(PurePosixPath(file).name).split(".", 1)[0]
    words = "_".join(filter(None, re.split(r"[\W_]+", stem)))
    found = [name for name in known if f"_{name}_" in f"_{words}_"]
    return max(found, key=len, default=None)


def shown(names: Collection[str]) -> str:
    """The first few of `names`."""
    more = len(names) - SHOWN
    return ", ".join(list(names)[:SHOWN]) + (f" and {more} more" if more > 0 else "")
