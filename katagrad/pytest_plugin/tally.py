"""Which cases of each check were chosen for a run, and which ran: a check passes only if all of its cases do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from katagrad.errors import DESELECTED, NOT_REACHED, PASSED
from katagrad.grading.checks import Check, Outcome


class Tally:
    """The cases of a run, by (topic, check)."""

    def __init__(self) -> None:
        self.chosen: dict[tuple[str, str], set[str]] = {}
        self.ran: dict[tuple[str, str], set[int]] = {}

    def choose(self, nodeids: Iterable[str]) -> None:
        """Note which tests will run. Under xdist, each worker names them again."""
        for nodeid in nodeids:
            file, found, rest = nodeid.partition("::")
            if found:
                key = Path(file).stem, rest.partition("[")[0]
                self.chosen.setdefault(key, set()).add(nodeid)

    def note(self, topic: str, check: str, place: int) -> None:
        """Note that a case ran. place: its position among the cases of the check."""
        self.ran.setdefault((topic, check), set()).add(place)

    def outcome(self, topic: str, check: Check, found: Outcome | None) -> Outcome:
        """The outcome of a check. found: that of its cases that ran; None if none did."""
        key = topic, check.name
        ran, most = len(self.ran.get(key, ())), len(check.cases)
        if found is not None and (found.status != PASSED or ran >= most):
            return found
        ended = ran < len(self.chosen.get(key, ()))
        if found is None:
            return (
                Outcome(NOT_REACHED, "the run ended before it")
                if ended
                else Outcome(DESELECTED, "left out of this run")
            )
        why = "the run ended before the others" if ended else "the others were left out of this run"
        status = NOT_REACHED if ended else DESELECTED
        return replace(found, status=status, message=f"{ran} of {most} cases ran; {why}")
