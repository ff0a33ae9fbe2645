"""Encode values as a JSON tree and a list of arrays, and decode them.

A tree consists of JSON values. Any other value becomes an object whose key "$" names its kind.
Decoding executes no code from the message and refuses every malformed message, since a submission
may have forged what the driver reads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from katagrad.worker.expression import Function

# Levels of nesting in a tree.
MAX_DEPTH = 48
MAX_ARRAYS = 100_000
# Tuple keys in one dict. Hashes of tuples of numbers are predictable, so keys can be made to collide.
MAX_TUPLE_KEYS = 1_000
# Largest integer key. Larger integers can be made to collide, too.
LARGEST_KEY = 1 << 60
# Kinds of nodes that only the driver sends.
REQUESTS = frozenset({"function", "random", "made"})
# plain: contiguous. transposed: the axes are in reverse order in memory. sliced: every other element of
# a larger tensor. leaf: requires gradients and already has one (a variable in TensorFlow).
FORMS = ("plain", "transposed", "sliced", "leaf")
WHOLE = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
BROKEN = ("float16", "float32", "float64", "complex64", "complex128")
DTYPES = frozenset(("bool", *WHOLE, *BROKEN))


class WireError(Exception):
    """A frame is incomplete, too large, or malformed."""


class Unsendable(WireError):
    """A value cannot be sent. The message completes "the call returned ..."."""


@dataclass(frozen=True)
class Handle:
    """A reference to an object that stays in the worker."""

    id: int
    type: str
    callable: bool = False


@dataclass(frozen=True)
class Random:
    """A NumPy Generator, which the worker makes from `seed`."""

    seed: int


# The axes of each layout in PyTorch's order: (N, C, H, W) and (out, in, H, W).
CHANNELS_FIRST = {"image": (0, 3, 1, 2), "kernel": (3, 2, 0, 1)}


@dataclass(frozen=True)
class WithLayout:
    """An array, and the layout and form of the tensor that it becomes.

    layout: "image" is (N, H, W, C), "kernel" is (H, W, in, out), "" is any other.
    form: one of FORMS. "" is the default of the framework's adapter.
    """

    array: np.ndarray
    layout: str
    form: str = ""


@dataclass(frozen=True)
class Made:
    """An argument that the worker makes for each call, by calling a function or class of the submission."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


class NotATensor(np.ndarray):
    """An array that was already a NumPy array in the worker, not a tensor."""


Encoder = Callable[[Any], Any]


def encode(
    value: Any, arrays: list[np.ndarray], unknown: Encoder | None = None, depth: int = 0
) -> Any:
    """Turn `value` into a JSON tree. Its arrays are appended to `arrays`.

    unknown: called with a value of an unsupported type. Returns a value of a supported type.
    """
    if depth > MAX_DEPTH:
        raise Unsendable(
            f"a value nested more than {MAX_DEPTH} levels deep; return tensors, or flat lists and dicts of them"
        )
    if value is None or isinstance(value, (bool, str)):
        return value
    if type(value) is int:
        return value if abs(value) < 1 << 63 else {"$": "int", "v": hex(value)}
    if type(value) is float:
        return value if math.isfinite(value) else {"$": "float", "v": repr(value)}
    if isinstance(value, WithLayout):
        tree = encode(value.array, arrays, unknown, depth)
        return {**tree, "layout": value.layout, "form": value.form}
    if isinstance(value, Made):
        parts = [encode(part, arrays, unknown, depth + 1) for part in (value.args, value.kwargs)]
        return {"$": "made", "name": value.name, "v": parts}
    if isinstance(value, np.ndarray) and value.dtype.name in DTYPES:
        arrays.append(np.ascontiguousarray(value).reshape(value.shape))
        tree = {"$": "array", "dtype": value.dtype.name, "shape": list(value.shape)}
        return {**tree, "tensor": False} if isinstance(value, NotATensor) else tree
    if isinstance(value, list):
        return [encode(item, arrays, unknown, depth + 1) for item in value]
    if isinstance(value, tuple):
        return {"$": "tuple", "v": [encode(item, arrays, unknown, depth + 1) for item in value]}
    if isinstance(value, dict):
        pairs = [
            [encode(key, arrays, unknown, depth + 1), encode(item, arrays, unknown, depth + 1)]
            for key, item in value.items()
        ]
        return {"$": "dict", "v": pairs}
    if isinstance(value, Handle):
        return {"$": "handle", "id": value.id, "type": value.type, "callable": value.callable}
    if isinstance(value, Function):
        return {
            "$": "function",
            "arity": value.arity,
            "v": encode(value.tree, arrays, None, depth + 1),
        }
    if isinstance(value, Random):
        return {"$": "random", "seed": hex(value.seed)}
    if isinstance(value, (bytes, bytearray)):
        arrays.append(np.frombuffer(bytes(value), np.uint8))
        return {"$": "bytes"}
    if isinstance(value, slice):
        return {"$": "slice", "v": [value.start, value.stop, value.step]}
    if isinstance(value, np.generic) and value.dtype.name in DTYPES:
        return encode(np.asarray(value).view(NotATensor), arrays, unknown, depth)
    if isinstance(value, complex):
        return encode(np.asarray(value), arrays, unknown, depth)
    if unknown is not None:
        return encode(unknown(value), arrays, None, depth)
    if isinstance(value, np.ndarray):
        raise Unsendable(
            f"a NumPy array of dtype {value.dtype.name}, which no check can read; use float32 or float64"
        )
    raise Unsendable(f"a {type(value).__name__}, which no check can read")


def decode(tree: Any, arrays: list[np.ndarray], refused: frozenset[str] = frozenset()) -> Any:
    """The inverse of `encode`. Uses `arrays` in the order in which `encode` appended them.

    refused: kinds of nodes that are an error in this message.
    """
    return _decode(tree, iter(arrays), 0, refused)


def _decode(tree: Any, arrays: Iterator[np.ndarray], depth: int, refused: frozenset[str]) -> Any:
    if depth > MAX_DEPTH + 2:
        raise WireError("a message is nested too deeply")
    if isinstance(tree, list):
        return [_decode(item, arrays, depth + 1, refused) for item in tree]
    if not isinstance(tree, dict):
        return tree
    kind = tree.get("$")
    if kind in refused:
        raise WireError(f"a message contains a {kind}, which a reply cannot contain")
    if kind == "array":
        array = next(arrays, None)
        if array is None or array.dtype.name != tree["dtype"] or list(array.shape) != tree["shape"]:
            raise WireError("an array does not match its header")
        if tree.get("tensor") is False:
            array = array.view(NotATensor)
        layout = tree.get("layout")
        form = str(tree.get("form", ""))
        return WithLayout(array, layout, form) if isinstance(layout, str) else array
    if kind == "tuple":
        return tuple(_decode(item, arrays, depth + 1, refused) for item in _list(tree["v"]))
    if kind == "dict":
        return _dict(
            (_decode(k, arrays, depth + 1, refused), _decode(v, arrays, depth + 1, refused))
            for k, v in _list(tree["v"])
        )
    if kind == "handle":
        return Handle(int(tree["id"]), str(tree["type"])[:100], tree.get("callable") is True)
    if kind == "function":
        return Function(_decode(tree["v"], arrays, depth + 1, refused), int(tree["arity"]))
    if kind == "random":
        return Random(int(tree["seed"], 16))
    if kind == "made":
        args, kwargs = (_decode(part, arrays, depth + 1, refused) for part in _list(tree["v"]))
        return Made(str(tree["name"]), args, kwargs)
    if kind == "bytes":
        array = next(arrays, None)
        if array is None:
            raise WireError("bytes are missing")
        return array.tobytes()
    if kind == "slice":
        return slice(*(_decode(item, arrays, depth + 1, refused) for item in _list(tree["v"])))
    if kind == "int":
        return int(tree["v"][:40_000], 16)
    if kind == "float":
        return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[tree["v"]]
    raise WireError(f"a message contains an unknown kind of value, {str(kind)[:40]!r}")


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise WireError("a message lacks a list where one is required")
    return value


def _dict(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    """Make a dict. Raises WireError for keys that may collide, which could take hours to insert."""
    found: dict[Any, Any] = {}
    tuples = 0
    for key, value in pairs:
        tuples += isinstance(key, tuple)
        sound = isinstance(key, (str, bool, float, tuple, type(None))) or (
            isinstance(key, int) and abs(key) < LARGEST_KEY
        )
        if not sound or tuples > MAX_TUPLE_KEYS:
            raise WireError("a dict has a key that is neither text nor a number of usual size")
        found[key] = value
    return found


def arrays_of(tree: Any, found: list[tuple[str, tuple[int, ...]]], depth: int = 0) -> None:
    """Append (dtype, shape) of each array in an encoded tree, in the order of the message.

    Bytes are ("uint8", (-1,)).
    """
    if depth > 2 * MAX_DEPTH + 8:
        raise WireError("a message is nested too deeply")
    if isinstance(tree, list):
        for item in tree:
            arrays_of(item, found, depth + 1)
    elif isinstance(tree, dict):
        kind = tree.get("$")
        if kind == "array":
            dtype, shape = tree.get("dtype"), tree.get("shape")
            sound = isinstance(shape, list) and len(shape) <= 32
            if dtype not in DTYPES or not sound or any(type(n) is not int or n < 0 for n in shape):  # type: ignore[union-attr]
                raise WireError("an array has an impossible dtype or shape")
            found.append((dtype, tuple(shape)))  # type: ignore[arg-type]
        elif kind == "bytes":
            found.append(("uint8", (-1,)))
        else:
            arrays_of(tree.get("v"), found, depth + 1)
