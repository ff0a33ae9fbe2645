"""Tensors inside the transforms of torch.func, which have values but no storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch._C import _functorch as wrappers
from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack


@contextmanager
def bare(value: torch.Tensor) -> Iterator[torch.Tensor]:
    """The tensor that the transforms of torch.func have wrapped, outside of them, detached.

    Under vmap, the axes over which it maps come first.
    """
    # Inside a transform, each operation would wrap its result again.
    with temporarily_clear_interpreter_stack():
        yield _unwrapped(value).detach()


def _unwrapped(value: torch.Tensor) -> torch.Tensor:
    if not wrappers.is_functorch_wrapped_tensor(value):
        return value
    inner = wrappers.get_unwrapped(value)
    found = _unwrapped(inner)
    if wrappers.is_batchedtensor(value):
        further = found.ndim - inner.ndim  # axes of the maps outside of this one
        found = found.movedim(further + wrappers.maybe_get_bdim(value), further)
    return found
