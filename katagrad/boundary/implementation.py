"""A submission as a grader sees it: `impl.softmax(x, axis=0)` on NumPy arrays, whatever the framework."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from katagrad.boundary.filing import Filing
from katagrad.boundary.given import given
from katagrad.boundary.remote import Remote
from katagrad.boundary.transport import Transport
from katagrad.errors import Failure, StudentError
from katagrad.worker.expression import Function
from katagrad.worker.session import OPAQUE
from katagrad.worker.wire import Handle, Made, NotATensor, Random, WithLayout

__all__ = ["Implementation", "Remote", "Transport", "exact", "image", "kernel", "opaque"]

# returns=opaque: keep the result in the worker, and return a Remote.
opaque = OPAQUE


def image(array: np.ndarray) -> WithLayout:
    """Mark images (N, H, W, C): a submission in PyTorch receives (N, C, H, W)."""
    return WithLayout(np.asarray(array), "image")


def kernel(array: np.ndarray) -> WithLayout:
    """Mark convolution kernels (H, W, in, out): a submission in PyTorch receives (out, in, H, W)."""
    return WithLayout(np.asarray(array), "kernel")


def exact(array: np.ndarray, form: str = "plain", layout: str = "") -> WithLayout:
    """Mark an array that is sent in the dtype that it has (int8, float16, ...).

    form: "plain"; "transposed" or "sliced", which are not contiguous in PyTorch; or "leaf", which in
    PyTorch requires gradients and already has a `.grad`, and in TensorFlow is a variable.
    layout: "image" or "kernel".
    """
    return WithLayout(np.asarray(array), layout, form)


class Implementation(Filing):
    """A submission of one topic. Attributes other than the methods below are the submission's functions.

    Floating arrays are sent in `dtype` (float32 unless `float64` is used), integer arrays as int64.
    The keyword `returns` of a call is not passed to the submission. It is the layout of the result:
    `"image"`, `"kernel"`, `opaque`, or a tuple of those and None.

    transport: sends requests to the worker (see `katagrad.boundary.transport`).
    generator: draws random values that a check does not choose, such as a cotangent. Default: a
    generator with a fixed seed.
    """

    def __init__(
        self,
        transport: Any,
        dtype: str = "float32",
        generator: np.random.Generator | None = None,
    ) -> None:
        self._transport, self._dtype = transport, dtype
        self._generator = np.random.default_rng(0) if generator is None else generator

    @property
    def framework(self) -> str:
        """ "torch" or "tensorflow"."""
        return str(self._transport.framework)

    @property
    def float64(self) -> Implementation:
        """The same submission, sent float64 arrays instead of float32."""
        return Implementation(self._transport, "float64", self._generator)

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

    def call(self, name: str, /, *args: Any, **kwargs: Any) -> Any:
        """Call a function of the submission by name; the function may have a parameter `name`, too."""
        self._transport.require(name)
        return self._call(name, name, args, kwargs)

    def after(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
        """Call a function. Returns (result, the positional arguments after the call)."""
        self._transport.require(name)
        result, after = self._reply(name, name, args, kwargs, True)
        return result, after

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

        target: the name of a function, or a Remote to call.
        wrt: position or keyword of an argument, a Remote (a model, or a container of tensors), or a
            list of those. The gradients have the same structure. A gradient is None if the result
            does not depend on that tensor.
        cotangent: an array of the result's shape. Default: drawn at random.
        output: path of indices to the tensor to differentiate, if the result is a structure.
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
            raise Failure(f"{name} returned no tensor to differentiate")
        if cotangent is None:
            drawn = np.asarray(self._generator.normal(size=value.shape), np.float32)
            cotangent = drawn.astype(np.float64)  # exact in float32
        shaped = np.asarray(cotangent, value.dtype)
        if shaped.ndim and shaped.shape != value.shape:
            raise Failure(f"{name} has the shape {value.shape}, but should have {shaped.shape}")
        shaped = np.broadcast_to(shaped, value.shape)
        gradients = self._ask(
            "pull",
            f"the gradient of {name}",
            tape=tape._handle,
            cotangent=shaped.copy(),
        )
        return gradients if isinstance(wrt, list) else gradients[0]

    # -- models -----------------------------------------------------------------------------------

    def parameters(self, model: Remote) -> list[np.ndarray]:
        """The trainable parameters of a model, in the framework's own order and layout."""
        return list(self._ask("parameters", f"the parameters of {model._of}", handle=model._handle))

    def fed(self, model: Remote, *row: int) -> Remote:
        """Say what shape a row of a model's inputs has; returns the model.

        A Keras model without an input, and lazy layers of PyTorch, have no weights before the first call. Before the
        layers of such a model are read, it is called on a row of zeros of this shape. Without `fed`, the shape is the
        first argument of the function that made the model, if that is an integer or a tuple of integers, and if the
        parameter has one of the names in `katagrad.worker.first_call.ROWS`.
        """
        if isinstance(model, Remote):  # anything else is reported where its layers are read
            self._ask("fed", f"the inputs of {model._of}", handle=model._handle, row=list(row))
        return model

    def layers(self, model: Remote) -> list[dict[str, Any]]:
        """The layers of a model that have parameters, in order, in the same form for both frameworks.

        Each is a dict with `name`, `type` and these arrays:

        - dense: `kernel` (in, out), `bias` (out,)
        - conv: `kernel` (H, W, in, out), `bias` (out,)
        - batch_norm: `scale`, `offset`, `mean`, `variance`
        - layer_norm: `scale`, `offset`
        - embedding: `table` (V, d)
        - any other type: the framework's names and layouts
        """
        return list(self._ask("layers", f"the layers of {model._of}", handle=model._handle))

    def assign(self, model: Remote, layers: Sequence[dict[str, Any]]) -> None:
        """Set what `layers` reads. A missing key keeps its value."""
        plain = [
            {key: np.asarray(v) if isinstance(v, np.ndarray) else v for key, v in layer.items()}
            for layer in layers
        ]
        self._ask(
            "assign", f"setting the layers of {model._of}", handle=model._handle, values=plain
        )

    def sequential(self, *specs: Any) -> Remote:
        """Make a model of the framework's layers from specifications that both frameworks share.

        Each specification is "relu", "tanh", "sigmoid", "softmax", "flatten", or one of these dicts:

        - {"type": "dense", "kernel": (in, out) array, "bias": (out,) array}
        - {"type": "dropout", "rate": r}
        - {"type": "batch_norm", "width": n}
        - {"type": "input", "shape": (H, W, C)}, the shape of one input: comes first if the first
          layer is not dense

        The model can be called, trained, and passed to the submission.
        """
        made = self._ask("sequential", "a model of the grader", specs=list(specs))
        assert isinstance(made, Remote)
        return made

    # -- chance -------------------------------------------------------------------------

    def rng(self, seed: int | None = None) -> Random:
        """A NumPy Generator for an argument `rng`. Without a seed, one is drawn for this check.

        `np.random.default_rng(rng.seed)` makes the same generator in the driver.
        """
        if seed is None:
            seed = int(self._generator.integers(2**63))
        return Random(seed)

    def seed(self, number: int) -> None:
        """Seed the global generators of Python, NumPy and the framework. All Remotes become invalid."""
        self._ask("begin", "seeding", seed=number)

    def restart(self) -> None:
        """Continue in a new process, without the memory and the files of the old one."""
        self._transport.restart()

    @property
    def source(self) -> Any:
        """The source of the submission, for from-scratch rules: see `katagrad.grading.scratch`."""
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
        try:
            return self._ask(
                "call", of, target=target, args=sent, kwargs=named, returns=returns, after=after
            )
        except StudentError as error:
            words = given(args, kwargs, self.framework, self._dtype)
            raise error.with_arguments(words) from None

    def _ask(self, op: str, of: str, **arguments: Any) -> Any:
        returns = arguments.get("returns")
        used = list(returns) if isinstance(returns, (list, tuple)) else [returns]
        if op == "record":  # a gradient has the layout of its argument
            used += [value.layout for value in arguments["args"] if isinstance(value, WithLayout)]
        if layouts := {"image", "kernel"} & {x for x in used if isinstance(x, str)}:
            self._transport.layouts |= layouts
        return self._receive(self._transport.request(op, of, arguments), of)

    def _send(self, value: Any) -> Any:
        if isinstance(value, Remote):
            return value._handle
        if isinstance(value, WithLayout):
            return value if value.form else WithLayout(self._send(value.array), value.layout)
        if isinstance(value, NotATensor):
            return value
        if isinstance(value, Made):
            return Made(value.name, self._send(value.args), self._send(value.kwargs))
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
                "send functions as katagrad.authoring.functions.function(...), which both frameworks can evaluate"
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
