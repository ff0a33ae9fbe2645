"""A worker inside the driver, for debuggers: `breakpoint()` stops in the student's own function. Never a grade."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from katagrad.errors import NotGraded
from katagrad.worker import wire
from katagrad.worker.limits import Limits
from katagrad.worker.server import adapter_for
from katagrad.worker.session import Session


def _across(body: Any) -> Any:
    """`body` as it would arrive on the other side of a wire: copied, and of the wire's types only."""
    arrays: list[np.ndarray] = []
    tree = json.loads(json.dumps(wire.encode(body, arrays)))
    return wire.decode(tree, [array.copy() for array in arrays])


Entry = Callable[[Callable[..., Any]], Callable[..., Any]]


class LocalSession(Session):
    """A session whose user sits at the terminal: Ctrl-C and the end of a debugger are meant for the whole run.

    through: exceptions that end the run. raised: what the submission raised last. entry: how functions are called.
    """

    def __init__(self, adapter: Any, home: Path, through: tuple[type[BaseException], ...]) -> None:
        super().__init__(adapter, home)
        self.through = through
        self.raised: BaseException | None = None
        self.entry: Entry | None = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one request."""
        self.raised = None
        return super().answer(request)

    def described(self, error: BaseException) -> dict[str, Any]:
        """An exception as an answer, unless it is to end the run."""
        if isinstance(error, KeyboardInterrupt):
            raise error
        if isinstance(error, self.through):
            raise KeyboardInterrupt(str(error)) from None
        self.raised = error
        return super().described(error)

    def do_load(self, module: str, rules: dict[str, Any]) -> dict[str, Any]:
        """Import the submission. No rule of imports: here pytest imports beside it, and the result is no grade."""
        return super().do_load(module, {**rules, "imports": None})

    def resolve(self, target: Any, module: ModuleType | None = None) -> Callable[..., Any]:
        """A function of the submission, by way of `entry`, or whatever else can be called."""
        found = super().resolve(target, module)
        return self.entry(found) if self.entry and isinstance(target, str) else found


class LocalWorker:
    """Answers as `boundary.process.Worker` does, without limits."""

    def __init__(self, session: LocalSession, folder: Path) -> None:
        self.session, self.folder, self.dead = session, folder, False
        self.last: dict[str, Any] | None = None  # the last call of a function by name

    @property
    def raised(self) -> BaseException | None:
        """What the submission raised in the last request, if it did."""
        return self.session.raised

    def request(self, op: str, deadline: float, **arguments: Any) -> Any:  # noqa: ARG002
        """Carry out a request at once; a debugger may hold it for as long as it likes."""
        if (
            op == "write"
        ):  # the submission is where it lies: the debugger shall show the student's own file
            arguments = {
                "files": {
                    name: data
                    for name, data in arguments["files"].items()
                    if not (self.folder / name).exists()
                }
            }
        asked = {"op": op, "with": arguments}
        if op == "begin":
            self.last = None
        elif isinstance(arguments.get("target"), str):
            self.last = asked
        return _across(self.session.answer(_across(asked)))

    def repeat(self, entry: Entry) -> None:
        """Make the last call of this check once more, its function called through `entry`."""
        if self.last is None:
            return
        self.session.entry = entry
        try:
            self.session.answer(_across(self.last))
        finally:
            self.session.entry = None

    def printed(self) -> str:
        """Nothing: prints go where pytest sends them."""
        return ""

    def close(self) -> None:
        """Forget the submission's modules, so that the next load reads them again."""
        self.dead = True
        for name, module in list(sys.modules.items()):
            if (
                str(getattr(module, "__file__", None) or "").startswith(str(self.folder) + os.sep)
                and name != "__main__"
            ):
                del sys.modules[name]


class LocalPool:
    """Makes `LocalWorker`s. One framework a process, here too.

    through: exceptions that leave the submission's code and end the run.
    """

    def __init__(
        self, folder: Path, through: tuple[type[BaseException], ...] = (KeyboardInterrupt,)
    ) -> None:
        self.folder, self.through = folder.resolve(), through
        self.limits = Limits(wall=1e9)
        self.device = "cpu"
        self.memory_bound = "none"
        self._adapter: Any = None

    def worker(self, framework: str) -> LocalWorker:
        """A session on the submission's own folder."""
        if self._adapter is None:
            self._adapter = adapter_for(framework)
        if framework != self._adapter.NAME:
            raise NotGraded(
                f"one process holds one framework: this run began with {self._adapter.NAME}; "
                f"run the {framework} topics apart"
            )
        return LocalWorker(LocalSession(self._adapter, self.folder, self.through), self.folder)

    def prepare(self, framework: str) -> None:
        """Nothing to start."""

    def versions(self, framework: str) -> dict[str, str]:
        """Versions of the framework that was loaded."""
        return (
            dict(self._adapter.versions())
            if self._adapter and framework == self._adapter.NAME
            else {}
        )

    def close(self) -> None:
        """Nothing to end."""
