"""Models whose layers make their weights at the first call: Keras's without an input, PyTorch's lazy layers."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

# What stubs call the parameter of a builder that is the shape of a row, or its length.
ROWS = ("features", "in_shape", "n_in", "noise")


def row_of(maker: Any, args: Sequence[Any], named: Mapping[str, Any]) -> tuple[int, ...] | None:
    """The shape of a row, from the first argument of the function that makes a model: 64 or (8, 8). None if unknown.

    maker: the function. Only a parameter in ROWS counts, or one whose name cannot be known. A first argument that is
    some other number must not count: a model that was called once on rows of a wrong shape refuses the right ones.
    """
    if _first(maker) not in (*ROWS, ""):
        return None
    first = next(iter([*args, *named.values()]), None)
    row = (first,) if type(first) is int else first
    return row if isinstance(row, tuple) and all(type(n) is int for n in row) else None


def _first(maker: Any) -> str:
    """The name of the first parameter; empty where it cannot be known."""
    try:
        found = next(iter(inspect.signature(maker).parameters.values()))
    except (StopIteration, TypeError, ValueError):
        return ""
    return "" if found.kind is found.VAR_POSITIONAL else found.name


def ready(adapter: Any, model: Any, row: tuple[int, ...] | None) -> Any:
    """The model, called once on zeros if its weights wait for that. A call that fails changes nothing."""
    if row is not None and adapter.waits(model):
        with contextlib.suppress(
            Exception
        ):  # whoever reads the weights is told that they are missing
            adapter.start(model, row)
    return model
