"""Several attempts of one student at a topic: which of them counts, by the times and the policy of the course."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from katagrad.course.settings import Lateness, TopicRule
from katagrad.course.traces import shown
from katagrad.grading.submission import Submission


@dataclass(frozen=True)
class Attempt:
    """One attempt. when: seconds since 1970; None: not known. late: whether the system marked it so."""

    submission: Submission
    source: str
    when: float | None
    late: bool
    topic: str


def choose(
    attempts: Sequence[Attempt], rule: TopicRule | None, late: Lateness | None
) -> tuple[Attempt | None, str]:
    """(the attempt that counts, why). None where the times are not known and the attempts differ.

    Equal attempts count as the first of them, so that handing in again the same costs nothing.
    """
    if len(attempts) == 1:
        return attempts[0], ""
    contents = {attempt.submission.sha256 for attempt in attempts}
    if len(contents) == 1:
        known = [a for a in attempts if a.when is not None] or list(attempts)
        return min(known, key=lambda a: a.when or 0.0), f"{len(attempts)} equal attempts"
    if any(attempt.when is None for attempt in attempts):
        return None, (
            f"handed in {len(attempts)} times ({shown([a.source for a in attempts])}), and it is not known when; "
            "keep one, or name the times with --times"
        )
    by_time = sorted(attempts, key=lambda a: a.when or 0.0)
    note = f"the last of {len(attempts)} attempts"
    if rule is not None and late is not None and late.attempts == "in time":
        in_time = [a for a in by_time if not late.late_days(rule.due, a.when)]
        if in_time and in_time[-1] is not by_time[-1]:
            by_time, note = in_time, f"{note} that was in time"
    last = [a for a in by_time if a.when == by_time[-1].when]
    if len({a.submission.sha256 for a in last}) > 1:
        return None, f"{shown([a.source for a in last])} came at the same time; keep one"
    return by_time[-1], note
