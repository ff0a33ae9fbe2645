"""Traces of topics that were submitted under another file name: they are reported, never silently scored as zero."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

from katagrad.course.names import fold

ARCHIVES = (".zip", ".7z", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
# What is not unpacked, and may hold any topic.
CLOSED = (".rar", ".gz", ".bz2", ".xz", ".zst")
SHOWN = 3


def topic_of(file: str, known: Iterable[str]) -> str | None:
    """The topic that a file's name speaks of: `hw1/softmax.py`, `Softmax (1).py`, `ada_123_softmax.ipynb`."""
    words = "_".join(words_of(file.rpartition("/")[2].split(".", 1)[0]))
    found = [name for name in known if f"_{name}_" in f"_{words}_"]
    return max(found, key=len, default=None)


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, folded: "Softmax (1)" is softmax and 1."""
    return tuple(word for word in re.split(r"[\W_]+", fold(name)) if word)


def shown(names: Collection[str]) -> str:
    """The first few of `names`."""
    more = len(names) - SHOWN
    return ", ".join(list(names)[:SHOWN]) + (f" and {more} more" if more > 0 else "")
