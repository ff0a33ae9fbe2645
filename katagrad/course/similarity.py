"""Similarity of submissions: which pairs of a class share more of their code than the task explains.

The fingerprints are those of copydetect (winnowing after Schleimer, Wilkerson and Aiken, "Winnowing: local algorithms
for document fingerprinting", SIGMOD 2003), over tokens in which names and numbers do not count. What the stub holds,
and what a large part of the class has in common, is no evidence.
"""

from __future__ import annotations

import io
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from katagrad.topics import topics

if TYPE_CHECKING:
    from copydetect import CodeFingerprint

    from katagrad.course.ledger import Delivered

# Characters of the shortest passage that counts, each name being one, and the window of which one fingerprint is kept.
GRAM, WINDOW = 25, 6
# What so large a share of the class writes, and more than so many students, is how one writes it.
COMMON, FEW = 0.2, 5
# Less than this share of a file is chance: files of one topic and framework that were written apart share up to 0.20.
# A file with fewer fingerprints is too short to say.
LEAST = 0.5
SHORTEST = 5
# Longer files are data, and take minutes.
LONGEST = 200_000
MOST = 20


@dataclass(frozen=True)
class Pair:
    """Two students whose files resemble each other. share: of the fingerprints of the shorter file. lines: of first's
    file, a passage that both have.
    """

    first: str
    second: str
    share: float
    lines: str


def by_topic(
    texts: Mapping[str, Mapping[str, bytes]],
    came: Mapping[str, Mapping[str, Delivered]] | None = None,
) -> dict[str, list[Pair]]:
    """The pairs of each topic that has any. texts: files by topic and student; came: what is known of their intake, by
    student and topic; both as the ledger has them.
    """
    known = topics()
    found = {}
    for name in (name for name in known if name in texts):
        entries = {s: own[name].source for s, own in (came or {}).items() if name in own}
        files = together(texts[name], entries)
        readable = {who: text.decode("utf-8", "replace") for who, text in files.items()}
        pairs = similar(readable, [known[name].contract.read_text(encoding="utf-8")])
        if pairs:
            found[name] = pairs
    return found


def together(files: Mapping[str, bytes], entries: Mapping[str, str]) -> dict[str, bytes]:
    """Files by who handed them in. A group, whose one entry holds the file of them all, is one: ada + bob.

    files: by student. entries: the entry and the place in it of each file, by student.
    """
    groups: dict[tuple[str, bytes], list[str]] = {}
    alone = {}
    for student, text in files.items():
        if entry := entries.get(student):
            groups.setdefault((entry, text), []).append(student)
        else:
            alone[student] = text
    return alone | {" + ".join(sorted(who)): text for (_, text), who in groups.items()}


def available() -> bool:
    """Whether copydetect is installed."""
    from importlib.util import find_spec

    return find_spec("copydetect") is not None


def similar(texts: Mapping[str, str], known: Sequence[str]) -> list[Pair]:
    """The pairs that resemble each other most, the closest first. texts: by student. known: texts that all were given.

    Needs copydetect (see `available`). A text that cannot be read as Python has no fingerprints and is in no pair.
    """
    given = {mark for text in known for mark in fingerprint(text).hashes}
    prints = {who: fingerprint(text) for who, text in texts.items() if len(text) <= LONGEST}
    own = {student: set(found.hashes) - given for student, found in prints.items()}
    count = Counter(mark for marks in own.values() for mark in marks)
    limit = max(FEW, COMMON * len(own))
    rare = {who: {mark for mark in marks if count[mark] <= limit} for who, marks in own.items()}
    found = []
    for first, second in itertools.combinations(sorted(rare), 2):
        shorter = min(len(rare[first]), len(rare[second]))
        shared = rare[first] & rare[second]
        if shorter >= SHORTEST and len(shared) >= LEAST * shorter:
            lines = passage(prints[first], shared)
            found.append(Pair(first, second, len(shared) / shorter, lines))
    return sorted(found, key=lambda pair: -pair.share)[:MOST]


def fingerprint(text: str) -> CodeFingerprint:
    """The fingerprints of a Python file."""
    from copydetect import CodeFingerprint

    return CodeFingerprint("submission.py", GRAM, WINDOW, language="python", fp=io.StringIO(text))


def passage(found: CodeFingerprint, shared: set[int], most: int = 6) -> str:
    """The first lines of a file that hold a shared fingerprint."""
    import numpy as np

    offsets = found.offsets
    places = []
    for mark in shared:
        for index in found.hash_idx[mark]:
            at = min(int(np.searchsorted(offsets[:, 0], index)), len(offsets) - 1)
            places.append(index + (int(offsets[at, 1]) if len(offsets) else 0))
    start = found.raw_code.count("\n", 0, min(places))
    return "\n".join(found.raw_code.splitlines()[start : start + most])
