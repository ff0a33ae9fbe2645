"""The ways in which PyTorch can hold the same numbers, and what a call may leave behind."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import torch

from katagrad.worker import tree
from katagrad.worker.adapters import torch as adapter

# Every element of the gradient that a leaf already holds.
GRADIENT = 0.5

# The dtypes that NumPy has, too.
PLAIN = {getattr(torch, name) for name in tree.DTYPES if hasattr(torch, name)}


def odd_dtype(value: torch.Tensor) -> str:
    """The dtype of a tensor that NumPy has no form for, unless it is the one that is computed in; else ""."""
    plain = value.dtype in PLAIN or value.dtype == adapter.HALF
    return "" if plain else str(value.dtype).removeprefix("torch.")


def tensor(array: np.ndarray, form: str) -> torch.Tensor:
    """A tensor with the values of `array`, in one of the wire's FORMS."""
    made: torch.Tensor = adapter.tensor(np.ascontiguousarray(array).reshape(array.shape))
    if form == "transposed" and made.ndim > 1:
        return (
            made.permute(*reversed(range(made.ndim)))
            .contiguous()
            .permute(*reversed(range(made.ndim)))
        )
    if form == "sliced" and made.ndim > 0:
        larger = made.new_zeros([2 * n + 1 for n in made.shape])
        inner = larger[tuple(slice(1, None, 2) for _ in made.shape)]
        inner.copy_(made)
        return inner
    if form == "leaf" and made.is_floating_point():
        made.requires_grad_(True)
        made.grad = torch.full_like(made, GRADIENT)
    return made


def about(value: torch.Tensor) -> dict[str, Any]:
    """What a tensor has beside its values."""
    grad = value.grad if value.is_leaf else None
    return {
        "requires_grad": bool(value.requires_grad),
        "grad": None if grad is None else adapter.numpy(grad).copy(),
    }


def share_memory(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether a change to one tensor could show in the other."""
    if a is b:
        return True
    with contextlib.suppress(RuntimeError, NotImplementedError):  # sparse tensors have no storage
        start = a.untyped_storage().data_ptr()
        return bool(start and start == b.untyped_storage().data_ptr())
    return False


def world() -> dict[str, str]:
    """Settings of the whole process, by the name that a message gives them."""
    return {
        "torch.is_grad_enabled()": str(torch.is_grad_enabled()),
        "torch.get_default_dtype()": str(torch.get_default_dtype()),
        "np.geterr()": str(np.geterr()),
    }


def watch(model: Any, log: list[tuple[np.ndarray, bool]]) -> None:
    """Note in `log` what the model is called with, and whether gradients are taken there."""

    def note(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        given = [a for a in [*args, *kwargs.values()] if isinstance(a, torch.Tensor)]
        if given:
            log.append((adapter.numpy(given[0]).copy(), torch.is_grad_enabled()))

    model.register_forward_pre_hook(note, with_kwargs=True)


def first(model: Any) -> Any:
    """The first part of a model that holds parameters of its own."""
    parts = (module for module in model.modules() if module is not model)
    return next((part for part in parts if list(part.parameters(recurse=False))), None)
