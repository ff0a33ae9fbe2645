"""Decode a Python file of a student, and say what is wrong if that fails."""

from __future__ import annotations

import codecs
import io
import tokenize

from katagrad.errors import SubmissionProblem

# Byte-order marks, the longer ones first.
MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def decoded(content: bytes, name: str) -> str:
    """The text of a Python file. Raises SubmissionProblem, with the line, if it cannot be decoded."""
    found = next((words for mark, words in MARKS.items() if content.startswith(mark)), "")
    if (
        not found
        and b"\0" in content[:200]
        and content[:200].count(b"\0") > len(content[:200]) // 4
    ):
        found = "UTF-16"
    if found:
        raise SubmissionProblem(
            f"{name} is saved as {found}, which Python cannot read; save it as UTF-8 in your editor"
        )
    line = content[: content.find(b"\0")].count(b"\n") + 1
    if b"\0" in content:
        raise SubmissionProblem(
            f"{name}:{line}: a null byte, which a Python file cannot contain; was the file damaged? "
            "Save it again, or take a fresh copy"
        )
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    except SyntaxError as error:
        raise SubmissionProblem(
            f"{name} cannot be read as text ({error.msg}); save it as UTF-8 in your editor"
        ) from None
    try:
        return io.TextIOWrapper(io.BytesIO(content), encoding).read()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SubmissionProblem(
            f"{name}:{line}: a character that is not saved as {error.encoding.upper()}; "
            "save the file as UTF-8 in your editor"
        ) from None
    except (LookupError, ValueError):  # such as rot13, which Python has, but not for text
        raise SubmissionProblem(
            f"{name} says that it is saved as {encoding[:40]}, which Python cannot read as text; save it as UTF-8 in "
            "your editor, and remove the line with `coding:`"
        ) from None
