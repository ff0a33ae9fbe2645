"""Names of students: compared without regard to spelling, and fit to be the name of a file."""

from __future__ import annotations

import unicodedata

PUNCTUATION = " .@+,'-_"
# Bytes of a student's name, which becomes the name of a file.
MAX_NAME = 200
NO_NAME = f"the name cannot be a student's; use at most {MAX_NAME} letters, digits, space and . _ - @ + , '"


def fold(name: str) -> str:
    """A name without regard to capitals and Unicode form, in which systems differ."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def plain(name: str) -> str:
    """A name as systems shorten it: letters and digits alone, lower case, without accents."""
    split = unicodedata.normalize("NFKD", fold(name))
    return "".join(c for c in split if c.isalnum())


def is_name(student: str) -> bool:
    """Whether a name can be a student's: it begins with a letter or a digit, and steers nothing."""
    letters = all(
        c.isalnum() or c in PUNCTUATION or unicodedata.category(c) in ("Mn", "Mc") for c in student
    )
    begins = student[:1].isalnum() or student[:1] == "_"
    return letters and begins and len(student.encode("utf-8", "replace")) <= MAX_NAME
