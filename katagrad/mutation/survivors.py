"""Find the check that catches a generic mutant. The checks are tried in the order that is likely to be fastest.

Neither the order nor the shorter first limits change what counts as caught: a mutant survives when every check
passes under its own limit, and a failure for lack of time counts only under the check's own limit.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from katagrad.boundary.implementation import Transport
from katagrad.errors import FAILED, PASSED
from katagrad.grading.checks import Check, Outcome, Rules, run_check
from katagrad.mutation.operators import Mutant

# Factor on the time that the solution takes, for the first limit: an endless loop need not wait for 120 s.
HURRY = 5.0
# Seconds that the first limit is at least, because a busy machine delays short checks most.
LEAST = 4.0
# Checks that may exceed their first limit before the limits of the grader are used.
LATE = 2
# Seconds to begin any check.
OVERHEAD = 0.02


class Detector:
    """Tries checks on the mutants of one solution, and learns which check catches changes in which function.

    source: the solution. seconds: the time of each check on it, by name. wall: the limit, in seconds, of a case
    of a check that states none.
    """

    def __init__(
        self, checks: Sequence[Check], source: str, seconds: Mapping[str, float], wall: float
    ) -> None:
        self.checks, self.seconds, self.wall = list(checks), dict(seconds), wall
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        self.scopes = [
            (node.name, node.lineno, node.end_lineno or node.lineno)
            for node in ast.walk(ast.parse(source))
            if isinstance(node, kinds)
        ]
        self.tried: Counter[tuple[str, str]] = Counter()
        self.caught: Counter[tuple[str, str]] = Counter()

    def scope(self, mutant: Mutant) -> str:
        """The innermost function or class around the changed line; empty at the module's level."""
        around = [
            (end - start, name) for name, start, end in self.scopes if start <= mutant.line <= end
        ]
        return min(around)[1] if around else ""

    def ranked(self, mutant: Mutant) -> list[Check]:
        """The checks, sorted by the mutants of this function that they caught in relation to their time."""
        scope = self.scope(mutant)

        def worth(check: Check) -> float:
            chance = (self.caught[scope, check.name] + 0.2) / (self.tried[scope, check.name] + 1)
            return -chance / (self.seconds[check.name] + OVERHEAD)

        return sorted(self.checks, key=worth)

    def catch(self, mutant: Mutant, transport: Transport, rules: Rules) -> str:
        """The check that catches `mutant`, or "" where it survives all; closes the transport."""
        try:
            return self._catch(mutant, transport, rules)
        finally:
            transport.close()

    def _catch(self, mutant: Mutant, transport: Transport, rules: Rules) -> str:
        left = self.ranked(mutant)
        late: list[Check] = []
        while left and len(late) < LATE:
            check = left.pop(0)
            own = check.seconds or self.wall
            first = min(own, max(LEAST, HURRY * self.seconds[check.name]))
            outcome = run_check(transport, replace(check, seconds=first), rules)
            if outcome.status == PASSED:
                self._learn(mutant, check, False)
            elif first == own or outcome.seconds < first:
                return self._found(mutant, check, outcome)
            else:
                late.append(check)
                # The transport would fail the function at once from now on, under every limit.
                transport.forget_overtime()
        for check in sorted(late, key=lambda check: check.seconds or self.wall) + left:
            outcome = run_check(transport, check, rules)
            if outcome.status != PASSED:
                return self._found(mutant, check, outcome)
            self._learn(mutant, check, False)
        return ""

    def _found(self, mutant: Mutant, check: Check, outcome: Outcome) -> str:
        self._learn(mutant, check, True)
        return (
            check.name
            if outcome.status == FAILED
            else f"{check.name} ({outcome.status}: {outcome.message})"
        )

    def _learn(self, mutant: Mutant, check: Check, caught: bool) -> None:
        key = self.scope(mutant), check.name
        self.tried[key] += 1
        self.caught[key] += caught
