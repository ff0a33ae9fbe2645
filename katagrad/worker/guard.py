"""What a from-scratch rule bars, watched while a submission's code runs in this process.

Three watches work together: of Python names (`katagrad.worker.trap`), of the framework's own operators (`Watch` of
`katagrad.worker.adapters.<framework>_operators`, from which no spelling hides them), and of imports
(`katagrad.worker.imports`). The first breach in a request is its answer, whatever the submission made of the exception.
Code in the same process can undo all of it (see SECURITY.md); after each request the watch of operators shows that it
still works.
"""

from __future__ import annotations

import importlib
import linecache
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from katagrad.worker import trap
from katagrad.worker.families import Rules, families, watched
from katagrad.worker.trap import FromScratchRule

Place = tuple[str, int, str, str]


class Guard:
    """Watches one submission. home: its folder. Armed only while `during` a request that runs its code."""

    def __init__(self, adapter: Any, home: Path) -> None:
        self.adapter, self.home = adapter, f"{home}{os.sep}"
        self.rules = Rules()
        self.breach: FromScratchRule | None = None
        self.watch: Any = None
        self._armed = self._differentiating = False

    def install(self, rules: Rules) -> None:
        """Put `rules` into force in this process, for good."""
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

    @property
    def operators(self) -> Any:
        """The module that watches the framework's operators."""
        return importlib.import_module(f"{self.adapter.__name__}_operators")

    @contextmanager
    def during(self, entry: str | None) -> Iterator[None]:
        """Arm the guard while a request runs. entry: the submission's function; None where its code does not run.

        Raises FromScratchRule at the end where there was a breach.
        """
        self.breach = None
        self._armed = entry is not None and (not self.rules.only or entry in self.rules.only)
        try:
            yield
            if self._armed and self.watch is not None and self.breach is None:
                self.watch.prove()
        finally:
            self._armed = False
            if self.breach is not None:
                raise self.breach from None

    @contextmanager
    def differentiating(self) -> Iterator[None]:
        """While the grader itself asks for a gradient, to do so is no breach."""
        self._differentiating = True
        try:
            yield
        finally:
            self._differentiating = False

    def forbids(self, family: str = "") -> bool:
        """Whether what a rule bars would be a breach now."""
        return self._armed and not (self._differentiating and family == "autograd")

    def report(self, what: str) -> FromScratchRule:
        """Note a breach by the code that runs in this thread; returns the exception to raise, if one can be."""
        found = FromScratchRule(f"{what} is not allowed in this topic; its stub has the rule")
        found.told, found.places = str(found), self.places()
        if self.breach is None:
            self.breach = found
        return found

    def places(self) -> list[Place]:
        """(file, line, function, text) of each frame of this thread in the submission's files, outermost first."""
        found: list[Place] = []
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            file = frame.f_code.co_filename
            if file.startswith(self.home):
                text = linecache.getline(file, frame.f_lineno).strip()[:200]
                found.append((file[len(self.home) :], frame.f_lineno, frame.f_code.co_name, text))
            frame = frame.f_back
        return found[::-1]
