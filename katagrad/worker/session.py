"""Serve one topic of one submission: load it, call it, differentiate it, and keep its objects."""

from __future__ import annotations

import contextlib
import importlib
import operator
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from katagrad.worker import seal
from katagrad.worker.account import parameters
from katagrad.worker.exchange import (
    MAX_ITEMS,
    OPAQUE,
    array,
    fill,
    kind_of,
    layouts_of,
    part,
    type_name,
)
from katagrad.worker.families import rules_from
from katagrad.worker.first_call import ready, row_of
from katagrad.worker.folder import collect, imported, place
from katagrad.worker.guard import Guard
from katagrad.worker.imports import Imports, Refusal
from katagrad.worker.limits import Limits
from katagrad.worker.opening import answering
from katagrad.worker.probe import Probing
from katagrad.worker.profiling import Profiled
from katagrad.worker.project import Projects
from katagrad.worker.timing import Timed
from katagrad.worker.traffic import Serving
from katagrad.worker.wire import Connection, Handle, Made, Unsendable

__all__ = ["MAX_ITEMS", "OPAQUE", "Session", "enter", "limits_from"]


# Requests that run no code of the submission, or activate the guard themselves.
OURS = {"hello", "write", "read", "collect", "link", "remove", "load", "begin", "sequential"}


class Session(Probing, Timed, Projects, Profiled, Serving):
    """Answers the driver's requests about one submission, in one thread, until the connection closes.

    adapter: the adapter module of the framework. home: the submission's private working folder.
    """

    def __init__(self, adapter: Any, home: Path, most: int = 1 << 30) -> None:
        super().__init__(adapter, most)
        self.home = home
        self.guard = Guard(adapter, home)
        self.runs: str | None = None
        self.origins: dict[int, str | None] = {}
        self.rows: dict[int, tuple[int, ...] | None] = {}

    # -- requests ---------------------------------------------------------------------------------

    def do_hello(self) -> Any:
        """The framework, the name of its tensor class, and the versions."""
        return {
            "framework": self.adapter.NAME,
            "tensor": self.adapter.TENSOR,
            "versions": self.adapter.versions(),
        }

    def do_write(self, files: dict[str, bytes]) -> str:
        """Write files into the private folder. Returns the path of the folder."""
        return place(self.home, files)

    def do_collect(self, path: str, most_files: int, most_bytes: int) -> dict[str, Any]:
        """The content of a file, or of all files of a folder, that the submission wrote."""
        return collect(self.home / path, most_files, most_bytes)

    def do_read(self, path: str) -> bytes:
        """The content of a file that the submission wrote."""
        return (self.home / path).read_bytes()

    def do_link(self, path: str, name: str) -> None:
        """Give a file a second name."""
        os.link(self.home / path, self.home / name)

    def do_remove(self, path: str) -> None:
        """Delete a file."""
        (self.home / path).unlink()

    def do_load(self, module: str, rules: dict[str, Any]) -> dict[str, Any]:
        """Import the submission. Returns its functions and classes: {name: parameters or None}."""
        given = rules_from(rules)
        if given.imports is not None:
            scratch = bool(given.families)
            Imports(self.adapter.NAME, self.home, given.imports, scratch).install()
            if not given.programs:
                seal.close()
                self.adapter.without_compiler()
        if str(self.home) not in sys.path:
            sys.path.insert(0, str(self.home))
        importlib.invalidate_caches()
        self.guard.install(given)
        # As in a script that is run without arguments: a file may parse them at its top.
        sys.argv = [str(self.home / f"{module}.py")]
        with self.guard.during(""):
            self.module = imported(module, self.home)
        self.usual = self.settings()
        return {
            name: parameters(value)
            for name, value in vars(self.module).items()
            if not name.startswith("_") and callable(value) and not isinstance(value, Refusal)
        }

    def do_begin(self, seed: int) -> None:
        """Start a check: remove all handles, and seed every global generator."""
        self.held.clear()
        self.origins.clear()
        self.rows.clear()
        self.seed(seed)

    def do_call(
        self, target: Any, args: list[Any], kwargs: dict[str, Any], returns: Any, after: bool
    ) -> Any:
        """Call a function. Returns (result, the arguments after the call, or None)."""
        lifted, named = [self.lift(a) for a in args], {k: self.lift(v) for k, v in kwargs.items()}
        function = self.resolve(target)
        result = self.lower(function(*lifted, **named), returns)
        if isinstance(result, Handle):
            self.rows[result.id] = row_of(function, lifted, named)
        return result, [
            self.lower(a, layouts_of(raw)) for a, raw in zip(lifted, args, strict=True)
        ] if after else None

    def do_record(
        self,
        target: Any,
        args: list[Any],
        kwargs: dict[str, Any],
        wrt: list[Any],
        output: list[Any],
        returns: Any,
    ) -> Any:
        """Call a function and record it for differentiation. Returns (output, handle of the tape)."""
        lifted: list[Any] = [self.lift(a) for a in args]
        named = {k: self.lift(v) for k, v in kwargs.items()}
        structures = [self._source(w, lifted, named) for w in wrt]
        leaves: list[Any] = []
        skeletons = [self.collect(s, leaves) for s in structures]
        with contextlib.ExitStack() as recording:
            with self.guard.differentiating():
                tape = recording.enter_context(self.adapter.Tape(leaves))
            result = self.resolve(target)(*lifted, **named)
            for step in output:
                result = part(result, step)
        if not self.adapter.is_tensor(result):
            raise Unsendable(f"{kind_of(result)}, but should return a {self.adapter.TENSOR}")
        layouts = [
            layouts_of(w if isinstance(w, Handle) else kwargs[w] if isinstance(w, str) else args[w])
            for w in wrt
        ]
        recorded = (tape, result, returns, skeletons, layouts)
        return self.lower(result, returns), self.hold(recorded)

    def do_pull(self, tape: Handle, cotangent: np.ndarray) -> list[Any]:
        """The vector-Jacobian product of a recorded call, in the structure of its sources."""
        recorder, output, returns, skeletons, layouts = self.held.pop(tape.id)
        with self.guard.differentiating():
            gradients = recorder.vjp(output, self.to_native(cotangent, returns))
        filled = [fill(skeleton, gradients) for skeleton in skeletons]
        return [self.lower(value, layout) for value, layout in zip(filled, layouts, strict=True)]

    def do_get(self, handle: Handle, name: str, returns: Any) -> Any:
        """An attribute of a held object."""
        return self.lower(getattr(self.held[handle.id], name), returns)

    def do_set(self, handle: Handle, name: str, value: Any) -> None:
        """Set an attribute of a held object."""
        setattr(self.held[handle.id], name, self.lift(value))

    def do_operate(self, name: str, operands: list[Any]) -> Any:
        """Apply Python's operator `name` to held objects and values."""
        return self.lower(getattr(operator, name)(*(self.lift(value) for value in operands)), None)

    def do_fetch(self, handle: Handle, returns: Any) -> Any:
        """The value of a held container."""
        return self.lower(self.held[handle.id], returns)

    def do_take(self, handle: Handle, count: int, returns: Any) -> list[Any]:
        """Up to `count` items of a held iterable."""
        value = self.held[handle.id]
        # As `for` does; iter() of a generator is the generator, which goes on where it stopped.
        bare = hasattr(value, "__next__") and not hasattr(value, "__iter__")
        iterator: Iterator[Any] = value if bare else iter(value)
        items = []
        for _ in range(count):
            try:
                items.append(self.lower(next(iterator), returns))
            except StopIteration:
                break
        return items

    def do_parameters(self, handle: Handle) -> list[Any]:
        """The trainable parameters of a held model, in the framework's order."""
        found = self.adapter.parameters(self._model(handle))
        if found is None:
            kind = type_name(self.held[handle.id])
            raise TypeError(f"{kind} is not a model of {self.adapter.NAME}")
        return [self.lower(p, None) for p in found]

    def do_fed(self, handle: Handle, row: list[int]) -> None:
        """Note the shape of a row of a held model's inputs."""
        self.rows[handle.id] = tuple(row)

    def do_layers(self, handle: Handle) -> list[Any]:
        """The layers of a held model, in the form that both frameworks share."""
        return [
            {k: array(v) for k, v in layer.items()}
            for layer in self.adapter.layers(self._model(handle))
        ]

    def do_assign(self, handle: Handle, values: list[Any]) -> None:
        """Set what `do_layers` read."""
        self.adapter.assign_layers(self._model(handle), values)

    def do_sequential(self, specs: list[Any]) -> Handle:
        """Make a model of the framework's layers."""
        return self.hold(self.adapter.sequential(specs))

    def _model(self, handle: Handle) -> Any:
        """A held model, with its weights."""
        return ready(self.adapter, self.held[handle.id], self.rows.get(handle.id))

    def _source(self, wrt: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        return (
            self.held[wrt.id]
            if isinstance(wrt, Handle)
            else kwargs[wrt]
            if isinstance(wrt, str)
            else args[wrt]
        )

    def _entry(self, op: str, given: dict[str, Any]) -> str | None:
        """The function that a request runs, or that made the object it uses. None if there is none."""
        if op in OURS:
            return None
        about = given.get("target", given.get("handle", given.get("tape", "")))
        if op == "operate":
            about = next((value for value in given["operands"] if isinstance(value, Handle)), "")
        about = about[0] if isinstance(about, (tuple, list)) else about
        if isinstance(about, Made):
            return about.name
        return self.origins.get(about.id) if isinstance(about, Handle) else str(about)

    def hold(self, value: Any) -> Handle:
        """Keep a value here, and note which function of the submission it came from."""
        self.origins[self.next_id] = self.runs
        return super().hold(value)

    # -- the loop ---------------------------------------------------------------------------------

    def serve(self, connection: Connection) -> None:
        """Answer requests until the driver closes the connection."""
        answering(connection, self.answer, self.home)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one request. Every exception of the submission becomes a reply."""
        try:
            self.runs = self._entry(request["op"], request["with"])
            with self.guard.during(self.runs):
                return {"value": getattr(self, "do_" + request["op"])(**request["with"])}
        except Unsendable as reason:
            return {"refused": str(reason)}
        except BaseException as error:  # SystemExit and KeyboardInterrupt fail only this call, too
            return {"error": self.described(error)}


def enter(home: Path, output: int | None) -> None:
    """Change to the folder `home`, and redirect output, also that of C code, to the descriptor `output`."""
    os.chdir(home)
    if output is None:
        return
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]


def limits_from(plain: dict[str, Any]) -> Limits:
    """Make limits from the result of `Limits.plain`."""
    return Limits(**plain)
