"""Serve one file that a submission wrote: open it in a runtime, and run it.

Such a process is forked like one that runs a submission, with the same isolation and limits, but it never sees the
submission's code.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

from katagrad.worker.account import describe
from katagrad.worker.folder import place
from katagrad.worker.pulse import reporting
from katagrad.worker.wire import Closed, Connection, Unsendable, WireError

# Name of a runtime: the server that forks its processes. Module of the runtimes of a server.
SERVERS = {
    "onnx": "devices",
    "litert": "devices",
    "saved_model": "tensorflow",
    "keras": "tensorflow",
    "tensorflow_weights": "tensorflow",
    "torch_program": "torch",
    "torch_weights": "torch",
}
MODULES = {name: f"katagrad.worker.runtimes.{name}" for name in set(SERVERS.values())}


class Opening:
    """Answers the driver's requests about one file, until the connection closes. home: the private folder."""

    def __init__(self, adapter: Any, home: Path) -> None:
        self.adapter, self.home = adapter, home
        self.opened: Any = None

    def do_hello(self) -> Any:
        """The versions of the runtimes."""
        return {"versions": self.adapter.versions()}

    def do_write(self, files: dict[str, bytes]) -> str:
        """Write files into the private folder. Returns its path."""
        return place(self.home, files)

    def do_open(self, runtime: str, path: str, options: dict[str, Any]) -> dict[str, Any]:
        """Open a file of the private folder. Returns what it says of itself."""
        table = importlib.import_module(MODULES[SERVERS[runtime]]).RUNTIMES
        self.opened = table[runtime](self.home / path, **options)
        return dict(self.opened.about)

    def do_run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Compute the outputs of the open file."""
        found: dict[str, np.ndarray] = self.opened.run(inputs)
        return found

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one request."""
        try:
            return {"value": getattr(self, "do_" + request["op"])(**request["with"])}
        except BaseException as error:
            return {"error": describe(error, self.home)}

    def serve(self, connection: Connection) -> None:
        """Answer requests until the driver closes the connection."""
        answering(connection, self.answer, self.home)


def answering(connection: Connection, answer: Any, home: Path) -> None:
    """Answer requests until the driver closes the connection. What cannot be sent is refused.

    A request may ask for reports on the way (`katagrad.worker.pulse`).
    """
    while True:
        try:
            request = connection.receive()
        except (Closed, WireError):
            return
        with reporting(connection, request.get("every"), home):
            reply = answer(request)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        try:
            connection.send(reply)
        except Closed:
            return
        except Unsendable as reason:
            connection.send({"refused": str(reason)})
        except Exception as error:
            connection.send({"error": describe(error, home)})
