"""A submission as a grader sees it: `impl.softmax(x, axis=0)` on NumPy arrays, whatever the framework."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from katagrad.verdict import Ended, Failure, NotStarted, StudentError
from katagrad.worker.expression import Function
from katagrad.worker.session import OPAQUE
from katagrad.worker.wire import Foreign, Handle, Laid, Random

opaque = OPAQUE  # returns=opaque: keep the result in the worker, and hand the grader a Remote


def image(array: np.ndarray) -> Laid:
    """Mark images (N, H, W, C): a submission in PyTorch receives (N, C, H, W)."""
    return Laid(np.asarray(array), "image")


def kernel(array: np.ndarray) -> Laid:
    """Mark convolution kernels (H, W, in, out): a submission in PyTorch receives (out, in, H, W)."""
    return Laid(np.asarray(array), "kernel")


class Remote:
    """An object that stays in the worker: a model, an optimizer, a cache, a dataset.

    Call it, call its methods (`model.step(x)`), read its attributes (`model.get("units")`), index it,
    take its length, iterate over it, or pass it to another call.
    """

    def __init__(self, impl: Implementation, handle: Handle, of: str) -> None:
        self._impl, self._handle, self._of = impl, handle, of

    def __repr__(self) -> str:
        return f"<{self._handle.type} in the worker>"

    @property
    def type_name(self) -> str:
        """The name of its class in the worker."""
        return self._handle.type

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._impl._call((self._handle, ""), self._of, args, kwargs)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def method(*args: Any, **kwargs: Any) -> Any:
            return self._impl._call((self._handle, name), f"{self._of}.{name}", args, kwargs)

        return method

    def __getitem__(self, key: Any) -> Any:
        return self._impl._call((self._handle, "__getitem__"), f"{self._of}[{key}]", (key,), {})

    def __len__(self) -> int:
        length = self._impl._call((self._handle, "__len__"), f"len({self._of})", (), {})
        if not isinstance(length, int):
            raise Failure(f"len({self._of}) is {length!r}, but should be an integer")
        return length

    def __iter__(self) -> Iterator[Any]:
        return iter(self.take(100_000))

    def _operate(self, name: str, *operands: Any) -> Any:
        sent = [self._impl._send(operand) for operand in operands]
        return self._impl._ask("operate", f"{name} of {self._of}", name=name, operands=sent)

    def __add__(self, other: Any) -> Any:
        return self._operate("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return self._operate("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return self._operate("sub", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._operate("sub", other, self)

    def __mul__(self, other: Any) -> Any:
        return self._operate("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self._operate("mul", other, self)

    def __truediv__(self, other: Any) -> Any:
        return self._operate("truediv", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._operate("truediv", other, self)

    def __pow__(self, other: Any) -> Any:
        return self._operate("pow", self, other)

    def __neg__(self) -> Any:
        return self._operate("neg", self)

    def get(self, name: str, returns: Any = None) -> Any:
        """The value of an attribute."""
        return self._impl._ask(
            "get", f"{self._of}.{name}", handle=self._handle, name=name, returns=returns
        )

    def set(self, name: str, value: Any) -> None:
        """Set an attribute."""
        self._impl._ask(
            "set",
            f"{self._of}.{name} = ...",
            handle=self._handle,
            name=name,
            value=self._impl._send(value),
        )

    def fetch(self, returns: Any = None) -> Any:
        """A container (list, dict, tuple of tensors) as values; its tensors as arrays."""
        return self._impl._ask("fetch", self._of, handle=self._handle, returns=returns)

    def take(self, count: int, returns: Any = None) -> list[Any]:
        """Up to `count` items of an iterable."""
        found = self._impl._ask(
            "take", f"iterating over {self._of}", handle=self._handle, count=count, returns=returns
        )
        return list(found)


class Implementation:
    """A submission of one topic. Every attribute that is none of its own methods is a function of the submission.

    Floating arrays are sent in `dtype` (float32 unless `float64` is used), integer arrays as int64.
    Three keywords are the grader's, never the submission's:
    `returns`, the layout of the result (`"image"`, `"kernel"`, `opaque`, or a tuple of those and None).

    request: (op, of, deadline, arguments) -> reply, which speaks to the worker; `deadline` is the check's.
    """

    def __init__(self, transport: Any, dtype: str = "float32") -> None:
        self._transport, self._dtype = transport, dtype

    @property
    def framework(self) -> str:
        """ "torch" or "tensorflow"."""
        return str(self._transport.framework)

    @property
    def float64(self) -> Implementation:
        """The same submission, sent float64 arrays instead of float32."""
        return Implementation(self._transport, "float64")

    @property
    def dtype(self) -> str:
        """The dtype in which floating arrays are sent."""
        return self._dtype

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def function(*args: Any, **kwargs: Any) -> Any:
            return self.call(name, *args, **kwargs)

        return function

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the submission by name."""
        self._transport.require(name)
        return self._call(name, name, args, kwargs)

    def after(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
        """Call a function; returns (its result, the positional arguments as they are after the call)."""
        self._transport.require(name)
        return self._reply(name, name, args, kwargs, True)

    def grad(
        self,
        target: str | Remote,
        *args: Any,
        wrt: Any = 0,
        cotangent: Any = None,
        output: Any = (),
        returns: Any = None,
        **kwargs: Any,
    ) -> Any:
        """The vector-Jacobian product of a call: d sum(result * cotangent) / d wrt.

        target: a function's name, or a Remote to be called.
        wrt: a position or keyword of an argument, a Remote (a model, or a container of tensors), or a
            list of those; the gradients come in the structure of what is named. None where none arrives.
        cotangent: an array of the result's shape; drawn at random when None.
        output: path of indices to the tensor to be differentiated, where the result is a structure.
        """
        name = target if isinstance(target, str) else target._of
        if isinstance(target, str):
            self._transport.require(target)
        steps = list(output) if isinstance(output, (list, tuple)) else [output]
        sources = wrt if isinstance(wrt, list) else [wrt]
        value, tape = self._ask(
            "record",
            name,
            target=target if isinstance(target, str) else (target._handle, ""),
            args=[self._send(a) for a in args],
            kwargs={k: self._send(v) for k, v in kwargs.items()},
            wrt=[w._handle if isinstance(w, Remote) else w for w in sources],
            output=steps,
            returns=returns,
        )
        if not isinstance(tape, Remote) or not isinstance(value, np.ndarray):
            raise Failure(f"{name} gave no tensor to differentiate")
        if cotangent is None:
            from katagrad.expect import normal

            cotangent = normal(*value.shape)
        shaped = np.broadcast_to(np.asarray(cotangent, value.dtype), value.shape)
        gradients = self._ask(
            "pull",
            f"the gradient of {name}",
            tape=tape._handle,
            cotangent=np.ascontiguousarray(shaped),
        )
        return gradients if isinstance(wrt, list) else gradients[0]

    # -- models -----------------------------------------------------------------------------------

    def parameters(self, model: Remote) -> list[np.ndarray]:
        """The trainable parameters of a model, in the framework's own order and layout."""
        return list(self._ask("parameters", f"the parameters of {model._of}", handle=model._handle))

    def layers(self, model: Remote) -> list[dict[str, Any]]:
        """The layers of a model that hold parameters, in order, in a form that no framework shows in.

        Each is a dict with `name`, `type` and arrays: dense `kernel` (in, out), `bias` (out,); conv `kernel`
        (H, W, in, out), `bias`; batch_norm `scale`, `offset`, `mean`, `variance`; layer_norm `scale`, `offset`;
        embedding `table` (V, d); any other type has its own names and layouts.
        """
        return list(self._ask("layers", f"the layers of {model._of}", handle=model._handle))

    def assign(self, model: Remote, layers: Sequence[dict[str, Any]]) -> None:
        """Set what `layers` reads; a key that is left out keeps its value."""
        plain = [
            {key: np.asarray(v) if isinstance(v, np.ndarray) else v for key, v in layer.items()}
            for layer in layers
        ]
        self._ask(
            "assign", f"setting the layers of {model._of}", handle=model._handle, values=plain
        )

    def sequential(self, *specs: Any) -> Remote:
        """A model of the framework's own layers, from neutral specifications.

        "relu", "tanh", "sigmoid", "softmax", "flatten", or a dict: {"type": "dense", "kernel": (in, out) array, "bias": (out,)
        array}, {"type": "dropout", "rate": r}, {"type": "batch_norm", "width": n}. It can be called, trained, passed on.
        """
        made = self._ask("sequential", "a model of the grader", specs=list(specs))
        assert isinstance(made, Remote)
        return made

    # -- files and chance -------------------------------------------------------------------------

    def write(self, files: dict[str, bytes]) -> str:
        """Write files into the worker's private folder; returns that folder's path there."""
        return str(self._ask("write", "writing files", files=files))

    def read(self, path: str) -> bytes:
        """The bytes of a file in the worker's private folder."""
        found = self._ask("read", f"the file {path}", path=path)
        if not isinstance(found, bytes):
            raise Failure(f"the file {path} could not be read")
        return found

    def remove(self, path: str) -> None:
        """Delete a file of the worker's private folder."""
        self._ask("remove", f"the file {path}", path=path)

    def rng(self, seed: int | None = None) -> Random:
        """A NumPy Generator for an argument `rng`. Without a seed, one is drawn for this check.

        The driver's twin of it is `np.random.default_rng(rng.seed)`.
        """
        if seed is None:
            from katagrad.expect import generator

            seed = int(generator().integers(2**63))
        return Random(seed)

    def seed(self, number: int) -> None:
        """Seed the global generators of Python, NumPy and the framework in the worker. Forgets all Remotes."""
        self._ask("begin", "seeding", seed=number)

    def restart(self) -> None:
        """Go on in a new process: memory is gone, the files that the submission wrote are not carried over."""
        self._transport.restart()

    @property
    def source(self) -> Any:
        """The submission's source, for from-scratch rules: see `katagrad.scratch`."""
        return self._transport.source

    # -- the wire ---------------------------------------------------------------------------------

    def _call(self, target: Any, of: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        return self._reply(target, of, args, kwargs, False)[0]

    def _reply(
        self, target: Any, of: str, args: Sequence[Any], kwargs: dict[str, Any], after: bool
    ) -> Any:
        returns = kwargs.pop("returns", None)
        sent = [self._send(a) for a in args]
        named = {k: self._send(v) for k, v in kwargs.items()}
        return self._ask(
            "call", of, target=target, args=sent, kwargs=named, returns=returns, after=after
        )

    def _ask(self, op: str, of: str, **arguments: Any) -> Any:
        return self._receive(self._transport.request(op, of, arguments), of)

    def _send(self, value: Any) -> Any:
        if isinstance(value, Remote):
            return value._handle
        if isinstance(value, Laid):
            return Laid(self._send(value.array), value.layout)
        if isinstance(value, Foreign):
            return value
        if isinstance(value, (np.ndarray, np.generic)):
            array = np.asarray(value)
            if array.dtype.kind == "f":
                return array.astype(self._dtype, copy=False)
            return (
                array.astype(np.int64, copy=False)
                if array.dtype.kind in "iu" and array.dtype != np.uint8
                else array
            )
        if isinstance(value, (list, tuple)):
            return type(value)(self._send(item) for item in value)
        if isinstance(value, dict):
            return {key: self._send(item) for key, item in value.items()}
        if callable(value) and not isinstance(value, Function):
            raise TypeError(
                "send functions as katagrad.expression.function(...), which both frameworks can evaluate"
            )
        return value

    def _receive(self, value: Any, of: str) -> Any:
        if isinstance(value, Handle):
            return Remote(self, value, of)
        if isinstance(value, (list, tuple)):
            return type(value)(self._receive(item, of) for item in value)
        if isinstance(value, dict):
            return {key: self._receive(item, of) for key, item in value.items()}
        return value


class Transport:
    """Keeps one worker for one submission's topic, and replaces it when it dies."""

    def __init__(self, pool: Any, source: Any) -> None:
        self.pool, self.source = pool, source
        self.worker: Any = None
        self.defined: dict[str, Any] = {}
        self.deadline = 0.0
        self.check_seed = 0
        self.prints: list[str] = []
        self._broken: Failure | None = None
        self._unloadable: Failure | None = None

    @property
    def framework(self) -> str:
        """The framework of the submission. Raises Failure where its file does not tell."""
        return str(self.source.framework)

    def begin(self, seed: int, seconds: float) -> None:
        """Start a check: `seconds` of wall time from when the submission is loaded."""
        self.check_seed, self.prints = seed, []
        if self._unloadable is not None:
            raise self._unloadable
        self.deadline = time.monotonic() + seconds
        self._broken = None
        if self.worker is None or self.worker.dead:
            self._load(seconds)
            self.deadline = time.monotonic() + seconds
        self.request("begin", "seeding", {"seed": seed})

    def finish(self) -> str:
        """End a check; returns what the submission printed in it."""
        if self.worker is not None:
            self.prints.append(self.worker.printed())
        return "".join(self.prints)

    def restart(self) -> None:
        """Replace the worker by a fresh one."""
        self.close()
        self._load(max(self.deadline - time.monotonic(), 1.0))
        self.request("begin", "seeding", {"seed": self.check_seed})

    def _load(self, seconds: float) -> None:
        self.close()
        self.worker = self.pool.worker(self.framework)
        self.deadline = time.monotonic() + max(seconds, self.pool.limits.wall)
        of = f"importing {self.source.topic}.py"
        self.request("write", of, {"files": self.source.files})
        arguments = {"module": self.source.topic, "forbidden": self.source.forbidden}
        try:
            self.defined = self.request("load", of, arguments)
        except Failure as reason:  # it would fail the same way for every check to come
            self._unloadable = reason
            raise

    def request(self, op: str, of: str, arguments: dict[str, Any]) -> Any:
        """Ask the worker; a submission's exception becomes StudentError, a lost worker Ended."""
        if self._broken is not None:
            raise self._broken
        try:
            reply = self.worker.request(op, self.deadline, **arguments)
        except Ended as error:
            self.prints.append(self.worker.printed())
            self._broken = Ended(f"{of}: {error}")
            raise self._broken from None
        if "error" in reply:
            error = reply["error"]
            if error["type"] == "NotImplementedError" and error["frames"]:
                raise NotStarted(f"{of} is not written yet: it still raises NotImplementedError")
            detail = error["message"]
            if (
                error["type"] == "MemoryError"
                or "allocate memory" in detail
                or error["type"] == "ResourceExhaustedError"
            ):
                detail = f"out of memory (a submission may use {self.pool.limits.memory >> 20} MiB). {detail}".strip()
            raise StudentError(of, error["type"], error["kinds"], detail, error["frames"])
        return reply["value"]

    def require(self, name: str) -> None:
        """Raise Failure unless the submission defines `name` as the stub asks."""
        self.source.require(name, self.defined)

    def close(self) -> None:
        """End the worker."""
        if self.worker is not None:
            self.worker.close()
            self.worker = None
