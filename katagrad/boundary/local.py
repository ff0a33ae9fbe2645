"""A worker inside the driver, for debuggers: `breakpoint()` stops in the student's function. Not for grades."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from katagrad.boundary.process import Pool
from katagrad.boundary.workers import Worker
from katagrad.errors import NotGraded
from katagrad.worker import wire
from katagrad.worker.guard import Guard
from katagrad.worker.limits import Limits
from katagrad.worker.server import adapter_for
from katagrad.worker.session import Session


def _across(body: Any) -> Any:
    """Return `body` as it would arrive over a connection: copied, and with the same restrictions on types."""
    arrays: list[np.ndarray] = []
    tree = json.loads(json.dumps(wire.encode(body, arrays)))
    return wire.decode(tree, [array.copy() for array in arrays])


Entry = Callable[[Callable[..., Any]], Callable[..., Any]]


class LocalSession(Session):
    """A session in the driver. Ctrl-C, and leaving a debugger, end the whole run.

    through: exceptions that end the run. raised: the last exception of the submission.
    entry: wraps the function to call, if given.
    """

    def __init__(self, adapter: Any, home: Path, through: tuple[type[BaseException], ...]) -> None:
        super().__init__(adapter, home)
        # The next submission in this process has other rules.
        self.guard = Guard(adapter, home, lasting=False)
        self.through = through
        self.raised: BaseException | None = None
        self.finds = False
        self.entry: Entry | None = None

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one request."""
        self.raised = None
        return super().answer(request)

    def described(self, error: BaseException) -> dict[str, Any]:
        """An exception as a reply. Exceptions that end the run are raised instead."""
        if isinstance(error, KeyboardInterrupt):
            raise error
        if isinstance(error, self.through):
            raise KeyboardInterrupt(str(error)) from None
        self.raised = error
        return super().described(error)

    def do_load(self, module: str, rules: dict[str, Any]) -> dict[str, Any]:
        """Import the submission. Imports are not restricted, since pytest imports in this process, too."""
        kept = sys.argv
        self.finds = str(self.home) not in sys.path
        try:
            return super().do_load(module, {**rules, "imports": None})
        finally:
            sys.argv = kept

    def leave(self) -> None:
        """Remove the submission, its rules and its folder from this process, so that the next load finds no trace."""
        self.guard.lift()
        inside = f"{self.home}{os.sep}"
        for name, module in list(sys.modules.items()):
            if (
                str(getattr(module, "__file__", None) or "").startswith(inside)
                and name != "__main__"
            ):
                del sys.modules[name]
        if self.finds and str(self.home) in sys.path:
            sys.path.remove(str(self.home))

    def resolve(self, target: Any, module: ModuleType | None = None) -> Callable[..., Any]:
        """The function or object to call. A function of the submission is wrapped by `entry`."""
        found = super().resolve(target, module)
        return self.entry(found) if self.entry and isinstance(target, str) else found


class LocalWorker:
    """Has the interface of `katagrad.boundary.workers.Worker`, without limits."""

    def __init__(self, session: LocalSession, folder: Path) -> None:
        self.session, self.folder, self.dead = session, folder, False
        self.more: Any = None
        # The last request that called a function by name.
        self.last: dict[str, Any] | None = None

    @property
    def raised(self) -> BaseException | None:
        """The exception that the submission raised in the last request, if any."""
        return self.session.raised

    def pids(self) -> list[int]:
        """None: it has no deadline that could move."""
        return []

    def request(self, op: str, deadline: float, **arguments: Any) -> Any:  # noqa: ARG002
        """Carry out a request. There is no deadline, since a debugger may stop in it."""
        # The submission runs in its own folder, so that the debugger shows the student's file.
        if op == "write":
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
        """Repeat the last call of this check, with its function wrapped by `entry`."""
        if self.last is None:
            return
        self.session.entry = entry
        try:
            self.session.answer(_across(self.last))
        finally:
            self.session.entry = None

    def printed(self) -> str:
        """Return an empty string. pytest captures what is printed in this process."""
        return ""

    def close(self) -> None:
        """Remove the submission from this process."""
        self.dead = True
        self.session.leave()


class LocalPool:
    """Makes workers of type `LocalWorker`, all of the same framework.

    through: exceptions of the submission that end the run.
    """

    def __init__(
        self, folder: Path, through: tuple[type[BaseException], ...] = (KeyboardInterrupt,)
    ) -> None:
        self.folder, self.through = folder.resolve(), through
        self.limits = Limits(wall=1e9)
        self.device = "cpu"
        self.memory_bound = "none"
        self._adapter: Any = None
        self._others = Pool()

    def worker(self, framework: str, opens: bool = False) -> LocalWorker | Worker:
        """A worker on the submission's folder. One that opens files is a process of its own."""
        if opens:
            return self._others.worker(framework, opens)
        if self._adapter is None:
            self._adapter = adapter_for(framework)
        if framework != self._adapter.NAME:
            raise NotGraded(
                f"an in-process run uses one framework, and this one began with {self._adapter.NAME}; "
                f"run the {framework} topics separately"
            )
        return LocalWorker(LocalSession(self._adapter, self.folder, self.through), self.folder)

    def prepare(self, framework: str) -> None:
        """Do nothing. There is no process to start."""

    def versions(self, framework: str) -> dict[str, str]:
        """Versions of the framework that was loaded."""
        return (
            dict(self._adapter.versions())
            if self._adapter and framework == self._adapter.NAME
            else {}
        )

    def close(self) -> None:
        """End the processes that opened files."""
        self._others.close()
