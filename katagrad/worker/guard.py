"""Watch for breaches of a from-scratch rule while the code of a submission runs in this process.

There are three watches:

- of Python names (`katagrad.worker.trap`);
- of the framework's operators (`Watch` in `katagrad.worker.adapters.<framework>_operators`), which
  no spelling hides;
- of imports (`katagrad.worker.imports`).

The first breach in a request becomes its reply, even if the submission caught the exception. So does
a breach in a process that the submission forked. Code in the same process can remove the watches
(see SECURITY.md). Therefore the watch of operators is tested after each request.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import linecache
import mmap
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from katagrad.worker import trap
from katagrad.worker.families import Rules, families, watched
from katagrad.worker.trap import FromScratchRule

Place = tuple[str, int, str, str]
# Bytes that this process shares with those that it forks.
SHARED = 1 << 16
# Advice for a comparison that a student left at the top level of a file.
AT_IMPORT = '; if this line only tests your functions, move it under `if __name__ == "__main__":`'


class Guard:
    """Watches one submission. home: its folder. Active only inside `during`, if its code runs there.

    lasting: whether its rules hold until the process ends. Otherwise `lift` removes them.
    """

    def __init__(self, adapter: Any, home: Path, lasting: bool = True) -> None:
        self.adapter, self.home = adapter, f"{home}{os.sep}"
        self.rules = Rules()
        self.breach: FromScratchRule | None = None
        self.watch: Any = None
        self._armed = self._differentiating = False
        # What `lift` does, in reverse order. Lasting rules note nothing that could remove them.
        self.undo: list[Callable[[], object]] | None = None if lasting else []
        # What a forked process reports: the length of a JSON text, and the text.
        self._process, self._shared = os.getpid(), mmap.mmap(-1, SHARED)

    def install(self, rules: Rules) -> None:
        """Apply `rules` to this process."""
        self.rules = rules
        if not rules.families and not rules.names:
            return
        table = families(self.adapter.NAME) if rules.families else {}
        barred = {name: table[name] for name in rules.families if name in table}
        kinds = self.operators.tensor_types()
        trap.install(rules.names, False, kinds, self)
        for family in barred.values():
            trap.install(watched(self.adapter.NAME, family), family.deep, kinds, self)
        patterns = {name: re.compile(f.operators) for name, f in barred.items() if f.operators}
        if patterns:
            self.watch = self.operators.Watch(patterns, "autograd" in barred, self)

    def lift(self) -> None:
        """Remove the rules from this process, for another submission. Lasting rules stay."""
        while self.undo:
            self.undo.pop()()
        self.watch = None

    @property
    def operators(self) -> Any:
        """The module that watches the framework's operators."""
        return importlib.import_module(f"{self.adapter.__name__}_operators")

    @contextmanager
    def during(self, entry: str | None) -> Iterator[None]:
        """Activate the guard while a request runs.

        entry: the submission's function. None if the request runs no code of the submission.
        Raises FromScratchRule at the end if there was a breach.
        """
        self.breach = None
        self._armed = entry is not None and (not self.rules.only or entry in self.rules.only)
        try:
            self._arm(True)
            yield
            if self._armed and self.watch is not None and self.breach is None:
                self.watch.prove()
        finally:
            with contextlib.suppress(FromScratchRule):  # it is noted as a breach
                self._arm(False)
            if self._armed and self.breach is None:
                self.breach = self._of_a_child()
            self._armed = False
            if self.breach is not None:
                raise self.breach from None

    @contextmanager
    def differentiating(self) -> Iterator[None]:
        """Allow automatic differentiation while the grader itself takes a gradient."""
        self._arm(False)
        self._differentiating = True
        try:
            yield
        finally:
            self._differentiating = False
            self._arm(True)

    def _arm(self, on: bool) -> None:
        """Refuse what the watch of operators refuses only while code of the submission runs, or allow it again."""
        if self._armed and self.watch is not None:
            self.watch.arm(on)

    def forbids(self, family: str = "") -> bool:
        """Whether using a forbidden family or name would be a breach now."""
        return self._armed and not (self._differentiating and family == "autograd")

    def report(self, what: str) -> FromScratchRule:
        """Record a breach by the code that runs in this thread. Returns the exception to raise."""
        places = self.places()
        advice = AT_IMPORT if places and places[0][2] == "<module>" else ""
        found = FromScratchRule(
            f"{what} is not allowed in this topic; its stub has the rule{advice}"
        )
        found.text, found.places = str(found), places
        if self.breach is None:
            self.breach = found
            if os.getpid() != self._process:
                self._tell(found)
        return found

    def _tell(self, found: FromScratchRule) -> None:
        """Report a breach in a forked process to the process that answers the driver."""
        told = json.dumps([found.text, found.places]).encode()
        if len(told) <= SHARED - 4:
            self._shared[4 : 4 + len(told)] = told
            self._shared[:4] = len(told).to_bytes(4, "big")

    def _of_a_child(self) -> FromScratchRule | None:
        """The breach that a forked process reported, if there is one."""
        told = int.from_bytes(self._shared[:4], "big")
        if not told:
            return None
        self._shared[:4] = bytes(4)
        # Only code that attacks its own process can write anything else.
        with contextlib.suppress(ValueError, TypeError):
            text, places = json.loads(self._shared[4 : 4 + told])
            found = FromScratchRule(str(text))
            found.text = str(text)
            found.places = [(str(f), int(n), str(of), str(t)) for f, n, of, t in places]
            return found
        return None

    def places(self) -> list[Place]:
        """(file, line, function, text) of this thread's frames in the submission's files, outermost first."""
        found: list[Place] = []
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            file = frame.f_code.co_filename
            if file.startswith(self.home):
                text = linecache.getline(file, frame.f_lineno).strip()[:200]
                found.append((file[len(self.home) :], frame.f_lineno, frame.f_code.co_name, text))
            frame = frame.f_back
        return found[::-1]
