"""Convert values between driver and submission: arrays to tensors and back, other objects to handles."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from katagrad.worker.expression import Function, evaluate
from katagrad.worker.tree import LARGEST_KEY
from katagrad.worker.wire import (
    Handle,
    Made,
    NotATensor,
    Random,
    Unsendable,
    WithLayout,
    mebibytes,
)

# A container with more elements stays in the worker, and a handle is sent.
MAX_ITEMS = 200_000
OPAQUE = "opaque"
# Bits of an integer. The driver does not read more.
MAX_BITS = 160_000


class Exchange:
    """Converts values between the driver and a framework, and keeps the objects that stay here.

    adapter: the module of a framework. most: bytes of the largest array that can be sent.
    """

    def __init__(self, adapter: Any, most: int = 1 << 30) -> None:
        self.adapter, self.most = adapter, most
        self.forms = importlib.import_module(f"{adapter.__name__}_forms")
        self.held: dict[int, Any] = {}
        self.next_id = 1

    def lift(self, value: Any) -> Any:
        """Convert a value of the driver for the submission."""
        if isinstance(value, WithLayout):
            native = self.to_native(value.array, value.layout)
            return (
                self.forms.tensor(native, value.form) if value.form else self.adapter.tensor(native)
            )
        if isinstance(value, Made):
            return self.make(value)
        if isinstance(value, NotATensor):
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

    def make(self, recipe: Made) -> Any:
        """Make an argument with a function of the submission."""
        raise NotImplementedError

    def _callable(self, source: Function) -> Callable[..., Any]:
        def traced(*args: Any) -> Any:
            if len(args) != source.arity:
                raise TypeError(
                    f"the function takes {source.arity} arguments, but {len(args)} were given"
                )
            like = next((a for a in leaves(args) if self.adapter.is_tensor(a)), None)

            def constant(array: np.ndarray) -> Any:
                wanted = array if like is None else array.astype(_dtype(like))
                return self.adapter.tensor(wanted.copy())

            return evaluate(source.tree, args, self.adapter.OPERATIONS, constant)

        return traced

    def lower(self, value: Any, returns: Any, depth: int = 0) -> Any:
        """Convert a result of the submission for the driver.

        returns: a layout, OPAQUE, or a structure of them.
        """
        if returns == OPAQUE:
            return self.hold(value)
        if self.adapter.is_tensor(value):
            array = self._values(value)
            axes = self.adapter.LAYOUTS.get(returns) if isinstance(returns, str) else None
            array = (
                array
                if axes is None or array.ndim != len(axes)
                else array.transpose(np.argsort(axes))
            )
            return np.asarray(array)
        if isinstance(value, (np.ndarray, np.generic)) and not isinstance(value, (str, bytes)):
            return (
                self._bounded(np.asarray(value)).view(NotATensor)
                if np.asarray(value).dtype.kind in "biufc"
                else self.hold(value)
            )
        if value is None or isinstance(value, (bool, int, float, complex, str, bytes, slice)):
            return _plain(value)
        if isinstance(value, (list, tuple)) and len(value) <= MAX_ITEMS and depth < 32:
            parts = returns if isinstance(returns, (list, tuple)) else [returns] * len(value)
            parts = [*parts, *[None] * (len(value) - len(parts))]
            items = [
                self.lower(item, part, depth + 1) for item, part in zip(value, parts, strict=False)
            ]
            return tuple(items) if isinstance(value, tuple) else items
        plain = isinstance(value, dict) and len(value) <= MAX_ITEMS and depth < 32
        if plain and all(map(_sound_key, value)):
            part = returns if isinstance(returns, dict) else dict.fromkeys(value, returns)
            return {
                _plain_key(key): self.lower(item, part.get(key), depth + 1)
                for key, item in value.items()
            }
        return self.hold(value)

    def _values(self, tensor: Any) -> np.ndarray:
        """The values of a tensor. Raises Unsendable if NumPy cannot represent it."""
        odd = self.forms.odd_dtype(tensor)
        if odd:
            raise Unsendable(
                f"a tensor of dtype {odd}, which no check accepts; return float32 or float64"
            )
        try:
            return self._bounded(self.adapter.numpy(tensor))
        except (Unsendable, MemoryError):
            raise
        except Exception as error:
            if "allocate memory" in str(error):
                raise
            words = f"{type(error).__name__}: {str(error)[:200]}"
            raise Unsendable(
                f"a {type_name(tensor)} whose values cannot be read ({words})"
            ) from None

    def _bounded(self, array: np.ndarray) -> np.ndarray:
        """Return `array`. Raises Unsendable if a copy of it would be too large to send."""
        if array.nbytes > self.most:
            raise Unsendable(
                f"an array of {mebibytes(array.nbytes)} (shape {array.shape}), "
                f"but at most {mebibytes(self.most)} can be judged"
            )
        return array

    def hold(self, value: Any) -> Handle:
        self.held[self.next_id] = value
        self.next_id += 1
        return Handle(self.next_id - 1, type_name(value), callable(value))

    def to_native(self, array: np.ndarray, layout: Any) -> np.ndarray:
        axes = self.adapter.LAYOUTS.get(layout) if isinstance(layout, str) else None
        if axes is None or array.ndim != len(axes):
            return array
        return np.ascontiguousarray(array.transpose(axes))

    def collect(self, value: Any, leaves: list[Any]) -> Any:
        """Copy a structure. Each tensor is appended to `leaves` and replaced by its position there."""
        model = self.adapter.parameters(value)
        if model is not None:
            value = model
        if self.adapter.is_tensor(value):
            leaves.append(value)
            return _Leaf(len(leaves) - 1)
        if isinstance(value, dict):
            return {key: self.collect(item, leaves) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.collect(item, leaves) for item in value]
        return None


class _Leaf(int):
    """The position of a tensor among the sources of a tape."""


def fill(skeleton: Any, gradients: list[Any]) -> Any:
    if isinstance(skeleton, _Leaf):
        return gradients[skeleton]
    if isinstance(skeleton, dict):
        return {key: fill(item, gradients) for key, item in skeleton.items()}
    if isinstance(skeleton, list):
        return [fill(item, gradients) for item in skeleton]
    return None


def _sound_key(key: Any) -> bool:
    """Whether the driver accepts a dict with this key."""
    if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
        return abs(int(key)) < LARGEST_KEY
    return isinstance(key, (str, float, bool, np.floating, np.bool_))


def _plain_key(key: Any) -> Any:
    """A sound key as an instance of the built-in type, which equals it."""
    numeric = isinstance(key, np.generic) and not isinstance(key, (str, bytes))
    return key.item() if numeric else _plain(key)


def _plain(value: Any) -> Any:
    """Convert an instance of a subclass (an IntEnum, np.str_) to the built-in type."""
    if type(value) is int or isinstance(value, bool):
        if type(value) is int and value.bit_length() > MAX_BITS:
            raise Unsendable(f"an integer of {value.bit_length():,} bits, which no check accepts")
        return value
    if isinstance(value, str):  # str() of an enumeration of text is its name
        return str.__str__(value)
    kinds: tuple[type, ...] = (int, float, complex, bytes)
    kind = next((k for k in kinds if isinstance(value, k)), None)
    return value if kind in (None, type(value)) else _plain(kind(value))


def layouts_of(value: Any) -> Any:
    """The layouts of an argument, in the form that `lower` takes."""
    if isinstance(value, WithLayout):
        return value.layout
    if isinstance(value, (list, tuple)):
        return [layouts_of(item) for item in value]
    if isinstance(value, dict):
        return {key: layouts_of(item) for key, item in value.items()}
    return None


def part(value: Any, step: Any) -> Any:
    """The item `step` of a result. Raises Unsendable if the result is of a kind or size that has none."""
    try:
        return value[step]
    except (TypeError, LookupError) as error:
        if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
            raise  # by the submission's own class
        wanted = f"but should return a result with the item {step!r}"
        raise Unsendable(f"{kind_of(value)}, {wanted}") from None


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def array(value: Any) -> Any:
    return (
        np.ascontiguousarray(value).reshape(value.shape) if isinstance(value, np.ndarray) else value
    )


def type_name(value: Any) -> str:
    kind = type(value)
    return (
        kind.__name__
        if kind.__module__ in ("builtins", "__main__")
        else f"{kind.__module__.split('.')[0]}.{kind.__name__}"
    )


def kind_of(value: Any) -> str:
    """The type of a value, as it completes "the call returned ..."."""
    if value is None:
        return "None"
    name = type_name(value)
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _dtype(tensor: Any) -> str:
    """NumPy's name of a tensor's dtype, without its values: while a function is traced, there are none."""
    name = getattr(tensor.dtype, "name", str(tensor.dtype).rpartition(".")[2])
    return "float32" if name == "bfloat16" else str(name)
