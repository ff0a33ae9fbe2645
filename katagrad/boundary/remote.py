"""References to objects that stay in the worker, for graders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from katagrad.errors import Failure
from katagrad.worker.wire import Handle

SIGNS = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**", "neg": "-"}


class Asks(Protocol):
    """What a Remote needs of `katagrad.boundary.implementation.Implementation`."""

    def _ask(self, op: str, of: str, **arguments: Any) -> Any: ...

    def _call(self, target: Any, of: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any: ...

    def _send(self, value: Any) -> Any: ...


class Remote:
    """An object that stays in the worker: a model, an optimizer, a cache, a dataset.

    Call it, call its methods (`model.step(x)`), read its attributes (`model.get("units")`), index it,
    take its length, iterate over it, or pass it to another call.
    """

    def __init__(self, impl: Asks, handle: Handle, of: str) -> None:
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

        method.__dict__["__remote__"] = self, name  # for whoever times it instead of calling it
        return method

    def __getitem__(self, key: Any) -> Any:
        return self._impl._call((self._handle, "__getitem__"), f"{self._of}[{key}]", (key,), {})

    def __len__(self) -> int:
        length = self._impl._call((self._handle, "__len__"), f"len({self._of})", (), {})
        if isinstance(length, np.ndarray) and length.ndim == 0 and length.dtype.kind in "iu":
            return int(length)  # tf.data returns a NumPy integer, which Python's len() also accepts
        if not isinstance(length, int):
            raise Failure(f"len({self._of}) is {length!r}, but should be an integer")
        return length

    def __iter__(self) -> Iterator[Any]:
        return iter(self.take(100_000))

    def _operate(self, name: str, *operands: Any) -> Any:
        sent = [self._impl._send(operand) for operand in operands]
        words = [
            o.type_name.rpartition(".")[2] if isinstance(o, Remote) else f"{o!r:.20}"
            for o in operands
        ]
        shown = f" {SIGNS[name]} ".join(words) if len(words) > 1 else f"{SIGNS[name]}{words[0]}"
        return self._impl._ask("operate", f"({shown})", name=name, operands=sent)

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
        """The value of a container (list, dict or tuple), with its tensors as arrays."""
        return self._impl._ask("fetch", self._of, handle=self._handle, returns=returns)

    def take(self, count: int, returns: Any = None) -> list[Any]:
        """Up to `count` items of an iterable."""
        found = self._impl._ask(
            "take", f"iterating over {self._of}", handle=self._handle, count=count, returns=returns
        )
        return list(found)
