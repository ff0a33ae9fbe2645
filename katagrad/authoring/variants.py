"""Variants of one call: other dtypes and memory layouts, keywords, fewer rows."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from katagrad.boundary.implementation import Implementation, Remote
from katagrad.worker.wire import Made, NotATensor, Random, WithLayout

# float64 arrays are scaled by 1 plus one of these. TINY is below the resolution of float32, so that a value that was
# float32 on its way does not change. HALF and BIG are above it, and give the slope.
TINY, HALF, BIG = 2.0**-30, 2.0**-13, 2.0**-12
STEPS = (TINY, HALF, BIG)
# A power of 2 near a million: it changes no digits.
LARGE = 2.0**20
# Numbers that a person writes, such as 0.5, 3 and 0.75, have at most this many significant bits. They are not scaled,
# and neither are masks.
SHORT = 16
WIDTHS = ("int32", "int8", "uint8")

Change = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Parameter:
    """A parameter of the stub. default: as Python source, or None."""

    name: str
    default: str | None


def parameters(impl: Implementation, name: str, on: Made | None) -> list[Parameter]:
    """The parameters that the stub gives a function, or a method of the class that `on` makes."""
    node = impl.source.contract.get(name if on is None else on.name)
    if on is not None and isinstance(node, ast.ClassDef):
        node = next((n for n in node.body if getattr(n, "name", "") == name), None)
    if not isinstance(node, ast.FunctionDef):
        return []
    args = [*node.args.posonlyargs, *node.args.args][0 if on is None else 1 :]
    texts = [None] * (len(args) - len(node.args.defaults)) + [
        ast.unparse(d) for d in node.args.defaults
    ]
    return [Parameter(arg.arg, text) for arg, text in zip(args, texts, strict=True)]


def literal(parameter: Parameter) -> bool:
    """Whether the default is a number, text, None or a structure of those."""
    if parameter.default is None:
        return False
    try:
        ast.literal_eval(parameter.default)
    except ValueError:
        return False
    return True


def value(parameter: Parameter) -> Any:
    """The default, where it is a literal."""
    return ast.literal_eval(parameter.default) if parameter.default and literal(parameter) else None


def leaves(value: Any) -> Iterator[Any]:
    """Everything inside lists, tuples, dicts and recipes."""
    if isinstance(value, Made):
        value = [*value.args, *value.kwargs.values()]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def arrays(value: Any) -> list[np.ndarray]:
    """The arrays that become tensors, inside `value`."""
    found = (v.array if isinstance(v, WithLayout) else v for v in leaves(value))
    return [v for v in found if isinstance(v, np.ndarray) and not isinstance(v, NotATensor)]


def mapped(value: Any, change: Change, form: str = "plain") -> Any:
    """`value` with each array changed, and marked to be held in `form`."""
    if isinstance(value, WithLayout):
        return WithLayout(change(value.array), value.layout, form)
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if isinstance(value, np.ndarray) and not isinstance(value, NotATensor):
        return WithLayout(change(value), "", form)
    if isinstance(value, (list, tuple)):
        return type(value)(mapped(item, change, form) for item in value)
    if isinstance(value, dict):
        return {key: mapped(item, change, form) for key, item in value.items()}
    if isinstance(value, Made):
        return Made(
            value.name, mapped(value.args, change, form), mapped(value.kwargs, change, form)
        )
    return value


def bare(value: Any) -> Any:
    """`value` as an oracle takes it: plain arrays, floats as float64."""
    if isinstance(value, WithLayout):
        value = value.array
    if isinstance(value, Random):
        return np.random.default_rng(value.seed)
    if isinstance(value, np.ndarray):
        return value.astype(np.float64) if value.dtype.kind == "f" else value
    if isinstance(value, (list, tuple)):
        return type(value)(bare(item) for item in value)
    if isinstance(value, dict):
        return {key: bare(item) for key, item in value.items()}
    return value


def narrow(array: np.ndarray) -> np.ndarray:
    """As `impl.f(array)` sends it."""
    if array.dtype.kind == "f":
        return array.astype(np.float32)
    return array.astype(np.int64) if array.dtype.kind in "iu" and array.dtype != np.uint8 else array


def wide(by: float) -> Change:
    """In float64, and scaled by 1 + `by` where an element is not a short number."""

    def change(array: np.ndarray) -> np.ndarray:
        if array.dtype.kind != "f":
            return narrow(array)
        exact = array.astype(np.float32).astype(np.float64)
        return np.where(long(exact), exact * (1 + by), exact)

    return change


def as_it_is(array: np.ndarray) -> np.ndarray:
    """No change."""
    return array


def is_long(value: Any) -> bool:
    """Whether a value holds floats that `wide` scales."""
    return any(a.dtype.kind == "f" and bool(long(narrow(a)).any()) for a in arrays(value))


def long(array: np.ndarray) -> np.ndarray:
    """Which elements have more than SHORT significant bits."""
    with np.errstate(all="ignore"):
        fraction, _ = np.frexp(array)
        scaled = fraction * 2.0**SHORT
        found: np.ndarray = np.isfinite(array) & (scaled != np.round(scaled))
        return found


def width(name: str) -> Change:
    """Integers in another width; uint8 arrays are images or masks and stay."""

    def change(array: np.ndarray) -> np.ndarray:
        sent = narrow(array)
        return sent.astype(name) if sent.dtype == np.int64 else sent

    return change


def fits(found: Sequence[np.ndarray], name: str) -> bool:
    """Whether there are integers, and all of them can be held in `name`."""
    whole = [narrow(a) for a in found if narrow(a).dtype == np.int64]
    limits = np.iinfo(name)
    return bool(whole) and all(
        a.size == 0 or (a.min() >= limits.min and a.max() <= limits.max) for a in whole
    )


def reversed_rows(array: np.ndarray) -> np.ndarray:
    """The rows in the opposite order: other inputs, as valid as the first."""
    return narrow(array[::-1].copy() if array.ndim else array)


def reseeded(value: Any, step: int) -> Any:
    """`value` with other seeds in its generators."""
    if isinstance(value, Random):
        return Random(value.seed ^ step)
    if isinstance(value, (list, tuple)):
        return type(value)(reseeded(item, step) for item in value)
    if isinstance(value, dict):
        return {key: reseeded(item, step) for key, item in value.items()}
    return value


def ordered(value: Any) -> bool:
    """Whether a value is or holds a dict of several keys."""
    if isinstance(value, dict):
        return len(value) > 1 or any(map(ordered, value.values()))
    return isinstance(value, (list, tuple)) and any(map(ordered, value))


def reordered(value: Any) -> Any:
    """`value` with the keys of its dicts in the opposite order."""
    if isinstance(value, (list, tuple)):
        return type(value)(reordered(item) for item in value)
    if isinstance(value, dict):
        return {key: reordered(item) for key, item in reversed(value.items())}
    return value


def shown(value: Any, name: str) -> str:
    """An argument as a message shows it: by its name where its value says little."""
    parts = list(leaves(value))
    dull = (np.ndarray, np.generic, WithLayout, Random, Remote)
    if isinstance(value, Made) or any(isinstance(part, dull) or callable(part) for part in parts):
        return name
    text = repr(value)
    return text if len(text) <= 40 else name


def wording(name: str, names: Sequence[str], args: Sequence[Any], kwargs: dict[str, Any]) -> str:
    """How a call reads: softmax(x, axis=0)."""
    named = [*names[: len(args)], *(f"argument {i + 1}" for i in range(len(names), len(args)))]
    given = [shown(value, key) for key, value in zip(named, args, strict=True)]
    given += [f"{key}={shown(value, key)}" for key, value in kwargs.items()]
    return f"{name}({', '.join(given)})"
