"""Settings of threads and devices, which the worker makes before it imports a submission."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from tensorflow.python.eager.context import Context

# What a script sets at its top, and TensorFlow refuses once it has run an operation.
METHODS = ("set_memory_growth", "set_visible_devices", "set_logical_device_configuration")
PROPERTIES = ("intra_op_parallelism_threads", "inter_op_parallelism_threads")


@functools.cache
def settle() -> None:
    """Let settings that come too late pass without an effect, rather than raise RuntimeError.

    In a script of its own, the submission would be the first to make them.
    """
    for name in METHODS:
        setattr(Context, name, _late(getattr(Context, name)))
    for name in PROPERTIES:
        made = getattr(Context, name)
        setattr(Context, name, property(made.fget, _late(made.fset)))


def _late(setter: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(setter)
    def given(context: Any, *args: Any, **kwargs: Any) -> None:
        try:
            setter(context, *args, **kwargs)
        except RuntimeError:
            if context._context_handle is None:
                raise

    return given
