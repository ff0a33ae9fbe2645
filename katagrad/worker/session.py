"""One submission's topic in a worker: load it, call it, differentiate it, and hold what must stay here."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import operator
import os
import random
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from katagrad.worker import trap
from katagrad.worker.expression import Function, evaluate
from katagrad.worker.limits import Limits
from katagrad.worker.wire import Closed, Connection, Foreign, Handle, Laid, Random, WireError

MAX_ITEMS = 200_000  # elements of one container that are lowered; a longer one stays as a handle
OPAQUE = "opaque"


class Session:
    """Answers a driver's requests about one submission. Single-threaded; ends with the connection.

    adapter: the module `for_torch` or `for_tensorflow`. home: a private folder, the working folder.
    """

    def __init__(self, adapter: Any, home: Path) -> None:
        self.adapter = adapter
        self.home = home
        self.module: ModuleType | None = None
        self.held: dict[int, Any] = {}
        self.next_id = 1

    # -- requests ---------------------------------------------------------------------------------

    def do_hello(self) -> Any:
        """Who is here."""
        return {
            "framework": self.adapter.NAME,
            "tensor": self.adapter.TENSOR,
            "versions": self.adapter.versions(),
        }

    def do_write(self, files: dict[str, bytes]) -> str:
        """Write files below the private folder; returns that folder."""
        for name, content in files.items():
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return str(self.home)

    def do_read(self, path: str) -> bytes:
        """The bytes of a file that the submission wrote."""
        return (self.home / path).read_bytes()

    def do_remove(self, path: str) -> None:
        """Delete a file."""
        (self.home / path).unlink()

    def do_load(self, module: str, forbidden: list[str]) -> dict[str, Any]:
        """Import the submission; returns what it defines: {name: parameters or None}."""
        roots = {
            name.split(".")[0]: sys.modules[name]
            for name in ("torch", "tensorflow", "keras", "numpy")
            if name in sys.modules
        }
        roots |= {"tf": roots["tensorflow"]} if "tensorflow" in roots else {}
        trap.install(forbidden, roots, self._tensor_types(), str(self.home))
        if str(self.home) not in sys.path:
            sys.path.insert(0, str(self.home))
        importlib.invalidate_caches()
        self.module = importlib.import_module(module)
        return {
            name: _parameters(value)
            for name, value in vars(self.module).items()
            if not name.startswith("_") and callable(value)
        }

    def _tensor_types(self) -> list[type]:
        if self.adapter.NAME == "torch":
            return [sys.modules["torch"].Tensor]
        ops = sys.modules.get("tensorflow.python.framework.ops")
        return [
            getattr(ops, name) for name in ("EagerTensor", "SymbolicTensor") if hasattr(ops, name)
        ]

    def do_begin(self, seed: int) -> None:
        """Start a check: forget handles and seed every global generator."""
        self.held.clear()
        random.seed(seed)
        np.random.seed(seed % 2**32)
        self.adapter.seed(seed % 2**31)

    def do_call(
        self, target: Any, args: list[Any], kwargs: dict[str, Any], returns: Any, after: bool
    ) -> Any:
        """Call; returns (result, arguments as they are after the call, or None)."""
        lifted, named = [self.lift(a) for a in args], {k: self.lift(v) for k, v in kwargs.items()}
        result = self.lower(self._resolve(target)(*lifted, **named), returns)
        return result, [
            self.lower(a, _layouts(raw)) for a, raw in zip(lifted, args, strict=True)
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
        """Call under a tape; returns (output, handle of the tape)."""
        lifted: list[Any] = [self.lift(a) for a in args]
        named = {k: self.lift(v) for k, v in kwargs.items()}
        structures = [self._source(w, lifted, named) for w in wrt]
        leaves: list[Any] = []
        skeletons = [self._collect(s, leaves) for s in structures]
        tape = self.adapter.Tape(leaves)
        with tape:
            result = self._resolve(target)(*lifted, **named)
            for step in output:
                result = result[step]
        if not self.adapter.is_tensor(result):
            raise TypeError(
                f"a gradient needs {self.adapter.TENSOR}, but the result is {_type_name(result)}"
            )
        layouts = [
            _layouts(w if isinstance(w, Handle) else kwargs[w] if isinstance(w, str) else args[w])
            for w in wrt
        ]
        recorded = (tape, result, returns, skeletons, layouts)
        return self.lower(result, returns), self._hold(recorded)

    def do_pull(self, tape: Handle, cotangent: np.ndarray) -> list[Any]:
        """The vector-Jacobian product of a recorded call, in the shapes of its sources."""
        recorder, output, returns, skeletons, layouts = self.held.pop(tape.id)
        gradients = recorder.vjp(output, self._to_native(cotangent, returns))
        filled = [_fill(skeleton, gradients) for skeleton in skeletons]
        return [self.lower(value, layout) for value, layout in zip(filled, layouts, strict=True)]

    def do_get(self, handle: Handle, name: str, returns: Any) -> Any:
        """An attribute of a held object."""
        return self.lower(getattr(self.held[handle.id], name), returns)

    def do_set(self, handle: Handle, name: str, value: Any) -> None:
        """Set an attribute of a held object."""
        setattr(self.held[handle.id], name, self.lift(value))

    def do_operate(self, name: str, operands: list[Any]) -> Any:
        """Python's operator `name` on held objects and values."""
        return self.lower(getattr(operator, name)(*(self.lift(value) for value in operands)), None)

    def do_fetch(self, handle: Handle, returns: Any) -> Any:
        """A held container as values, one level down to the tensors."""
        return self.lower(self.held[handle.id], returns)

    def do_take(self, handle: Handle, count: int, returns: Any) -> list[Any]:
        """Up to `count` items of a held iterable."""
        value = self.held[handle.id]
        iterator: Iterator[Any] = value if hasattr(value, "__next__") else iter(value)
        items = []
        for _ in range(count):
            try:
                items.append(self.lower(next(iterator), returns))
            except StopIteration:
                break
        return items

    def do_parameters(self, handle: Handle) -> list[Any]:
        """The trainable parameters of a held model, in its own order."""
        found = self.adapter.parameters(self.held[handle.id])
        if found is None:
            raise TypeError(
                f"{_type_name(self.held[handle.id])} is no model of {self.adapter.NAME}"
            )
        return [self.lower(p, None) for p in found]

    def do_layers(self, handle: Handle) -> list[Any]:
        """The layers of a held model in the neutral form."""
        return [
            {k: _array(v) for k, v in layer.items()}
            for layer in self.adapter.layers(self.held[handle.id])
        ]

    def do_assign(self, handle: Handle, values: list[Any]) -> None:
        """Set what `do_layers` read."""
        self.adapter.assign_layers(self.held[handle.id], values)

    def do_sequential(self, specs: list[Any]) -> Handle:
        """A model of the framework's own layers."""
        return self._hold(self.adapter.sequential(specs))

    # -- values -----------------------------------------------------------------------------------

    def lift(self, value: Any) -> Any:
        """What the driver sent, as the submission sees it."""
        if isinstance(value, Laid):
            return self.adapter.tensor(self._to_native(value.array, value.layout))
        if isinstance(value, Foreign):
            return value.view(np.ndarray)
        if isinstance(value, np.ndarray):
            return self.adapter.tensor(value)
        if isinstance(value, Handle):
            return self.held[value.id]
        if isinstance(value, Random):
            return np.random.default_rng(value.seed)
        if isinstance(value, Function):
            return self._callable(value)
        if isinstance(value, (list, tuple)):
            return type(value)(self.lift(item) for item in value)
        if isinstance(value, dict):
            return {key: self.lift(item) for key, item in value.items()}
        return value

    def _callable(self, source: Function) -> Callable[..., Any]:
        def traced(*args: Any) -> Any:
            if len(args) != source.arity:
                raise TypeError(
                    f"the function takes {source.arity} arguments, but {len(args)} were given"
                )
            like = next((a for a in _leaves(args) if self.adapter.is_tensor(a)), None)

            def constant(array: np.ndarray) -> Any:
                wanted = array if like is None else array.astype(self.adapter.numpy(like).dtype)
                return self.adapter.tensor(wanted.copy())

            return evaluate(source.tree, args, self.adapter.OPERATIONS, constant)

        return traced

    def lower(self, value: Any, returns: Any, depth: int = 0) -> Any:
        """What the submission returned, as it crosses the wire. returns: a layout, OPAQUE, or a structure of them."""
        if returns == OPAQUE:
            return self._hold(value)
        if self.adapter.is_tensor(value):
            array = self.adapter.numpy(value)
            axes = self.adapter.LAYOUTS.get(returns) if isinstance(returns, str) else None
            array = (
                array
                if axes is None or array.ndim != len(axes)
                else array.transpose(np.argsort(axes))
            )
            return np.asarray(array)
        if isinstance(value, (np.ndarray, np.generic)):
            return (
                np.asarray(value).view(Foreign)
                if np.asarray(value).dtype.kind in "biufc"
                else self._hold(value)
            )
        if value is None or isinstance(value, (bool, int, float, complex, str, bytes, slice)):
            return value
        if isinstance(value, (list, tuple)) and len(value) <= MAX_ITEMS and depth < 32:
            parts = returns if isinstance(returns, (list, tuple)) else [returns] * len(value)
            parts = [*parts, *[None] * (len(value) - len(parts))]
            items = [
                self.lower(item, part, depth + 1) for item, part in zip(value, parts, strict=False)
            ]
            return tuple(items) if isinstance(value, tuple) else items
        if isinstance(value, dict) and len(value) <= MAX_ITEMS and depth < 32:
            if all(isinstance(key, (str, int, float, bool)) for key in value):
                part = returns if isinstance(returns, dict) else dict.fromkeys(value, returns)
                return {
                    key: self.lower(item, part.get(key), depth + 1) for key, item in value.items()
                }
        return self._hold(value)

    def _hold(self, value: Any) -> Handle:
        self.held[self.next_id] = value
        self.next_id += 1
        return Handle(self.next_id - 1, _type_name(value), callable(value))

    def _resolve(self, target: Any) -> Callable[..., Any]:
        if isinstance(target, str):
            found: Callable[..., Any] = getattr(self.module, target)
            return found
        handle, method = target
        value = self.held[handle.id]
        return getattr(value, method) if method else value

    def _to_native(self, array: np.ndarray, layout: Any) -> np.ndarray:
        axes = self.adapter.LAYOUTS.get(layout) if isinstance(layout, str) else None
        if axes is None or array.ndim != len(axes):
            return array
        return np.ascontiguousarray(array.transpose(axes))

    def _source(self, wrt: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        return (
            self.held[wrt.id]
            if isinstance(wrt, Handle)
            else kwargs[wrt]
            if isinstance(wrt, str)
            else args[wrt]
        )

    def _collect(self, value: Any, leaves: list[Any]) -> Any:
        """A copy of a structure in which each tensor is replaced by its position in `leaves`."""
        model = self.adapter.parameters(value)
        if model is not None:
            value = model
        if self.adapter.is_tensor(value):
            leaves.append(value)
            return _Leaf(len(leaves) - 1)
        if isinstance(value, dict):
            return {key: self._collect(item, leaves) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._collect(item, leaves) for item in value]
        return None

    # -- the loop ---------------------------------------------------------------------------------

    def serve(self, connection: Connection) -> None:
        """Answer requests until the driver closes the connection."""
        while True:
            try:
                request = connection.receive()
            except (Closed, WireError):
                return
            reply = self.answer(request)
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(Exception):
                    stream.flush()
            try:
                connection.send(reply)
            except Closed:
                return
            except Exception as error:  # a value that has no form on the wire: the call's own fault
                connection.send({"error": self.describe(error)})

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one request; every exception of the submission becomes an answer."""
        try:
            return {"value": getattr(self, "do_" + request["op"])(**request["with"])}
        except (
            BaseException
        ) as error:  # SystemExit and KeyboardInterrupt out of a function fail that call alone
            return {"error": self.describe(error)}

    def describe(self, error: BaseException) -> dict[str, Any]:
        """An exception as data: its type, message, and the frames that lie in the submission's own files."""
        frames: list[tuple[str, int, str, str]] = []
        with contextlib.suppress(Exception):
            for frame in traceback.extract_tb(error.__traceback__):
                if frame.filename.startswith(str(self.home)):
                    path = os.path.relpath(frame.filename, self.home)
                    frames.append((path, frame.lineno or 0, frame.name, (frame.line or "")[:200]))
            if isinstance(error, SyntaxError) and str(error.filename).startswith(str(self.home)):
                line = (
                    os.path.relpath(str(error.filename), self.home),
                    error.lineno or 0,
                    "",
                    (error.text or "").strip()[:200],
                )
                frames.append(line)
        try:
            message = error.msg if isinstance(error, SyntaxError) else str(error)
        except BaseException:
            message = "(its message cannot be shown)"
        kinds = [kind.__name__ for kind in type(error).__mro__ if kind is not object]
        return {
            "type": type(error).__name__,
            "kinds": kinds,
            "message": str(message)[:4000],
            "frames": frames[-12:],
        }


class _Leaf(int):
    """The position of a tensor among the sources of a tape."""


def _fill(skeleton: Any, gradients: list[Any]) -> Any:
    if isinstance(skeleton, _Leaf):
        return gradients[skeleton]
    if isinstance(skeleton, dict):
        return {key: _fill(item, gradients) for key, item in skeleton.items()}
    if isinstance(skeleton, list):
        return [_fill(item, gradients) for item in skeleton]
    return None


def _layouts(value: Any) -> Any:
    """The layouts of an argument as it was sent, in the form that `lower` takes."""
    if isinstance(value, Laid):
        return value.layout
    if isinstance(value, (list, tuple)):
        return [_layouts(item) for item in value]
    if isinstance(value, dict):
        return {key: _layouts(item) for key, item in value.items()}
    return None


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _array(value: Any) -> Any:
    return np.ascontiguousarray(value) if isinstance(value, np.ndarray) else value


def _type_name(value: Any) -> str:
    kind = type(value)
    return (
        kind.__name__
        if kind.__module__ in ("builtins", "__main__")
        else f"{kind.__module__.split('.')[0]}.{kind.__name__}"
    )


def _parameters(value: Any) -> list[Any] | None:
    """(name, kind, default as text or None) of each parameter; None where a callable does not tell."""
    try:
        signature = inspect.signature(value)
    except (ValueError, TypeError):
        return None
    return [
        (p.name, p.kind.name, None if p.default is p.empty else repr(p.default)[:200])
        for p in signature.parameters.values()
    ]


def enter(home: Path, output: int | None) -> None:
    """Make `home` the working folder, and `output` (a descriptor) what is printed to, by C code too."""
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
    """Limits from the dict that `Limits.plain` made."""
    return Limits(**plain)
