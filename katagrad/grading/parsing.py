"""Parse a stranger's Python in the driver, within bounds of time and memory."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable
from itertools import islice

from katagrad.errors import SubmissionProblem
from katagrad.grading.decoding import decoded

# Names, numbers and signs of one file, and of all files of a submission that are parsed for one topic. The syntax tree
# of the worst of them ("a;a;a;") takes 460 bytes of memory and 1 to 2 microseconds for each.
MOST, MOST_TOGETHER = 500_000, 2_000_000
WORD = re.compile(r"\w+|[^\w\s]")
# A line that Jupyter reads before Python does: a magic, a command of the shell.
MAGIC = re.compile(r"%{1,2}[A-Za-z]|!{1,2}\s*\w")
FOR_JUPYTER = " (a line for Jupyter, which no Python file can have: remove it)"
CORRECTED = " (a syntax error: nothing in the file can run until this line is corrected)"


class TooLong(SubmissionProblem):
    """A file has more than is parsed."""


def tree_of(content: bytes | str, name: str) -> ast.Module:
    """The syntax tree of a file. Raises SubmissionProblem, with the line, if it cannot be parsed, and TooLong."""
    text = content if isinstance(content, str) else decoded(content, name)
    if count(text) > MOST:
        raise TooLong(
            f"{name} holds more than {MOST:,} names, numbers and signs, too many to be graded; "
            "keep data in a file of another kind beside it, such as .npy, .csv or .json"
        )
    try:
        with warnings.catch_warnings():
            # Python's warnings about a stranger's text would stand between the lines of the driver.
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        line = (error.text or "").strip()[:100]
        raise SubmissionProblem(
            f"{name}:{error.lineno or 1}: {error.msg}"
            + (f": {line}" if line else "")
            + (FOR_JUPYTER if MAGIC.match(line) else CORRECTED)
        ) from None
    except (ValueError, RecursionError, MemoryError):
        raise SubmissionProblem(
            f"{name} nests brackets, operators or blocks deeper than Python can read; split what is nested"
        ) from None


def count(text: str, most: int = MOST) -> int:
    """The names, numbers and signs of a text, those of its comments included; at most `most` + 1."""
    return sum(1 for _ in islice(WORD.finditer(text), most + 1))


def check_together(files: Iterable[bytes]) -> None:
    """Raise TooLong if files hold more than is parsed for one topic."""
    left = MOST_TOGETHER
    for content in files:
        left -= count(content.decode("utf-8", "replace"), left)
        if left < 0:
            raise TooLong(
                f"the Python files hold together more than {MOST_TOGETHER:,} names, numbers and signs, too many to "
                "be graded; hand in without packages"
            )
