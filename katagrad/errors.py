"""The outcomes of a check, and the exceptions that lead to them."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable, Sequence

# Characters of an exception's message that are shown. Some messages of TensorFlow are very long.
SHOWN_DETAIL = 300
# Known words that a message lists although it names the nearest of them.
LISTED = 8
PASSED, FAILED, NOT_STARTED, NOT_GRADED = "passed", "failed", "not started", "not graded"
# Checks that did not run: deselected by -k or an id, or not reached before the run ended.
DESELECTED, NOT_REACHED = "deselected", "not reached"
# Crashes that are no exception of a submission's own functions: its file cannot be used, its result has another form.
LOADING, FORM = "loading", "form"


class Failure(AssertionError):
    """The submission's answer is wrong. The message says what was found and what was expected."""


class FormFailure(Failure):
    """The answer has the wrong form (type, structure, shape), so the check's hint is not shown.

    instead: which function returned what kind of thing instead of the one asked for, "softmax: None"; or empty.
    """

    def __init__(self, message: str, instead: str = "") -> None:
        super().__init__(message)
        self.instead = instead


class NotStarted(Failure):
    """A function of the submission is not written yet."""


class Ended(Failure):
    """The submission's process ended, or had to be ended, while a check ran."""


class Overtime(Ended):
    """The submission did not answer within a check's time."""


class StudentError(Failure):
    """The submission raised an exception.

    kind: the exception's class name; kinds: its class and bases by name; detail: its message.
    """

    def __init__(
        self,
        of: str,
        kind: str,
        kinds: Sequence[str],
        detail: str,
        frames: Sequence[Sequence[object]],
    ) -> None:
        self.kind, self.kinds, self.detail = kind, tuple(kinds), detail
        # The innermost of the submission's own lines, "softmax.py:9".
        self.place = "{}:{}".format(*frames[-1]) if frames else ""
        where = "".join(
            f"\n  {file}:{line}" + (f" in {name}" if name else "") + (f": {text}" if text else "")
            for file, line, name, text in frames
        )
        shown = shortened(detail)
        super().__init__(f"{of} raised {kind}" + (f": {shown}" if shown else "") + where)

    def with_arguments(self, words: str) -> StudentError:
        """This exception, after whose message stand the arguments of the call, unless they have no part in it."""
        if words and self.kind not in ("FromScratchRule", "ImportRefused"):
            self.args = (f"{self}\n  called with {words}",)
        return self


def shortened(detail: str) -> str:
    """Shorten a message to about SHOWN_DETAIL characters. The last line, TensorFlow's cause, is kept."""
    if len(detail) <= SHOWN_DETAIL:
        return detail
    last = detail.rstrip().splitlines()[-1].strip()
    if len(last) > SHOWN_DETAIL // 2:
        last = "... " + last[-SHOWN_DETAIL // 2 :]
    return f"{detail[: SHOWN_DETAIL - len(last)].rstrip()} ...\n{last}"


class NotGraded(Exception):
    """The harness could not judge, through its own fault or the machine's, not the student's."""


class BadOption(ValueError):
    """An option is invalid or not available here. The message is one line for the user."""


# What to do where the system refuses a file, by the number of its error.
REMEDIES = {
    errno.EACCES: "see who may read and write it",
    errno.EPERM: "see who may read and write it",
    errno.EROFS: "use a place that can be written",
    errno.ENOSPC: "make room, and run the same again",
    errno.EDQUOT: "make room, and run the same again",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ENOENT: "see whether it was moved or removed",
    errno.ENOTDIR: "name another place, or move the file that stands in the way",
    errno.EISDIR: "move the folder away that has the name of a file",
    errno.EEXIST: "move away what has that name",
    errno.ENOTEMPTY: "move away what has that name",
    errno.ELOOP: "see where its links lead",
    errno.EMFILE: "close other programs, or raise the limit that `ulimit -n` shows",
    errno.EIO: "see whether the disk or the terminal is still there",
}


def refusal(error: OSError) -> str | None:
    """What the system refused, and what to do, in one line; None for an error that is of no file."""
    if error.errno not in REMEDIES:
        return None
    where = error.filename2 or error.filename
    # Only the working folder and the standard streams have no name.
    of = "this folder or this terminal" if where is None else where
    return f"{of}: {error.strerror}; {REMEDIES[error.errno]}"


def refused(error: OSError, place: object) -> str:
    """As `refusal`, for any error of a file. place: what was to be read or written, where the error names nothing."""
    if error.errno in REMEDIES and (error.filename2 or error.filename) is None:
        error.filename = str(place)
    return refusal(error) or f"{error.filename or place}: {error.strerror or error}"


def one_of(kind: str, word: str, words: Iterable[str]) -> str:
    """Return `word` if it is one of `words`. Otherwise raise BadOption, which names the nearest words."""
    known = list(words)
    if word in known:
        return word
    lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), lower, n=1, cutoff=0.5)
    guess = f"did you mean {lower[near[0]]}? " if near else ""
    # Where the nearest is named, a long list would only hide it.
    rest = (
        "" if near and len(known) > LISTED else f"{'T' if near else 't'}here are {', '.join(known)}"
    )
    raise BadOption(f"there is no {kind} {word[:100]!r}; {guess}{rest}".rstrip())


def at_least_one(text: str) -> int:
    """A whole number above 0, as a type for argparse. Raises argparse.ArgumentTypeError for anything else."""
    if not text.isdecimal() or not int(text):
        from argparse import ArgumentTypeError  # whoever calls this has loaded it

        raise ArgumentTypeError(f"{text!r} should be a whole number above 0")
    return int(text)


class SubmissionProblem(Failure):
    """The submission cannot be graded. The message says why and what to do, in one line."""
