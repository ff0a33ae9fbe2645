"""What a check may come to: passed, failed with a reason, not started, or not graded."""

from __future__ import annotations

from collections.abc import Sequence

SHOWN_DETAIL = (
    300  # characters of an exception's own message; TensorFlow's may list every type it knows
)
PASSED, FAILED, NOT_STARTED, NOT_GRADED = "passed", "failed", "not started", "not graded"


class Failure(AssertionError):
    """The submission's answer is wrong; the message says what was found and what was expected."""


class NotStarted(Failure):
    """A function of the submission is still the stub's."""


class Ended(Failure):
    """The submission's process ended, or had to be ended, while a check ran."""


class StudentError(Failure):
    """The submission raised.

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
        where = "".join(
            f"\n  {file}:{line}" + (f" in {name}" if name else "") + (f": {text}" if text else "")
            for file, line, name, text in frames
        )
        shown = detail if len(detail) <= SHOWN_DETAIL else detail[:SHOWN_DETAIL] + " ..."
        super().__init__(f"{of} raised {kind}" + (f": {shown}" if shown else "") + where)


class NotGraded(Exception):
    """The harness could not judge: its own fault or the machine's, never the student's."""


class BadOption(ValueError):
    """An option that is wrong or cannot be met here; the message is one line for the user."""


class SubmissionProblem(Failure):
    """The submission cannot be graded as it is: one line says why and what to do."""
