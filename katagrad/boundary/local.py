"""A worker inside the driver, for debuggers: `breakpoint()` stops in the student's own function. Never a grade."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
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


class LocalWorker:
    """Answers as `boundary.process.Worker` does, without limits."""

    def __init__(self, session: Session, folder: Path) -> None:
        self.session, self.folder, self.dead = session, folder, False

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
        return _across(self.session.answer(_across({"op": op, "with": arguments})))

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
    """Makes `LocalWorker`s. One framework a process, here too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.limits = Limits(wall=1e9)
        self.device = "cpu"
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
        return LocalWorker(Session(self._adapter, self.folder), self.folder)

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
