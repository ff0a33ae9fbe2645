"""Decide whether an exception in a grader is due to the form of the submission's result, or to the grader."""

from __future__ import annotations

import traceback
from pathlib import Path

from katagrad.errors import FAILED, NOT_GRADED

# Characters of an exception's message that are shown.
SHOWN = 200


def place(fault: BaseException) -> str:
    """The innermost line of a grader in the traceback of `fault`."""
    return next(
        (
            f"{Path(frame.filename).stem} grader, line {frame.lineno}"
            for frame in reversed(traceback.extract_tb(fault.__traceback__))
            if "graders" in Path(frame.filename).parts
        ),
        "the grader",
    )


def blame(fault: Exception) -> tuple[str, str]:
    """(status, message) of a case whose grader raised something that is no verdict.

    A grader that unpacks, indexes or multiplies what a submission returned meets a wrong form as TypeError,
    ValueError, LookupError or AttributeError. The first line of the grader that raised is named.
    """
    what = f"{place(fault)}: {type(fault).__name__}: {str(fault)[:SHOWN]}"
    if isinstance(fault, (TypeError, ValueError, LookupError, AttributeError, ArithmeticError)):
        return (
            FAILED,
            f"the result does not have the form that the stub describes{_missed(fault)} ({what})",
        )
    return NOT_GRADED, f"the grader itself failed ({what})"


def _missed(fault: Exception) -> str:
    """What the check did not find, in words of the stub rather than of Python; empty where that is not clear."""
    if isinstance(fault, KeyError) and fault.args and isinstance(fault.args[0], str):
        return f": a dict has no {fault.args[0][:40]!r}"
    if isinstance(fault, IndexError):
        few = str(fault).startswith("too many indices")
        return ": a tensor has too few axes" if few else ": a list or a tensor is too short"
    if isinstance(fault, ValueError) and "to unpack" in str(fault):
        return ": it holds another number of things"
    if isinstance(fault, ValueError) and str(fault).startswith("zip()"):
        return ": a list is too long or too short"
    return ""
