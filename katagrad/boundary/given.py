"""The arguments of a call, as a failure message shows them: "float32 (5, 4), [3, 4], training=True"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from katagrad.boundary.remote import Remote
from katagrad.worker.expression import Function
from katagrad.worker.tree import CHANNELS_FIRST
from katagrad.worker.wire import Made, Random, WithLayout

# Characters of all arguments, and items of a list, tuple or dict.
LONGEST, MOST = 200, 6


def given(args: Sequence[Any], kwargs: Mapping[str, Any], framework: str, floats: str) -> str:
    """The arguments of a call on one line, tensors by dtype and shape. floats: the dtype of float tensors."""
    words = [_shown(value, framework, floats) for value in args]
    words += [f"{key}={_shown(value, framework, floats)}" for key, value in kwargs.items()]
    text = ", ".join(words)
    return text if len(text) <= LONGEST else text[: LONGEST - 4] + " ..."


def _shown(value: Any, framework: str, floats: str) -> str:
    if isinstance(value, WithLayout):
        array = np.asarray(value.array)
        axes = CHANNELS_FIRST.get(value.layout, ()) if framework == "torch" else ()
        moved = array.transpose(axes) if len(axes) == array.ndim else array
        return f"{array.dtype.name} {moved.shape}" if value.form else _tensor(moved, floats)
    if isinstance(value, (np.ndarray, np.generic)):
        return _tensor(np.asarray(value), floats)
    if isinstance(value, Remote):
        return f"a {value.type_name.rpartition('.')[2]}"
    if isinstance(value, Made):
        return f"the result of {value.name}"
    if isinstance(value, Random):
        return "rng"
    if isinstance(value, Function):
        return "a function"
    if isinstance(value, dict):
        items = [f"{key!r}: {_shown(item, framework, floats)}" for key, item in value.items()]
        return f"{{{_few(items)}}}"
    if isinstance(value, (list, tuple)):
        inside = _few([_shown(item, framework, floats) for item in value])
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    text = repr(value)
    return text if len(text) <= LONGEST // 4 else text[: LONGEST // 4] + " ..."


def _tensor(array: np.ndarray, floats: str) -> str:
    """A tensor in the dtype in which it is sent."""
    kind = array.dtype.kind
    wide = kind in "iu" and array.dtype != np.uint8
    return f"{floats if kind == 'f' else 'int64' if wide else array.dtype.name} {array.shape}"


def _few(items: list[str]) -> str:
    return ", ".join(items if len(items) <= MOST else [*items[: MOST - 1], "..."])
