"""Forms of tensors with the same values in PyTorch, and the side effects of calls."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from katagrad.worker import tree
from katagrad.worker.adapters import torch as adapter

# The value of each element of the gradient that a leaf already has.
GRADIENT = 0.5

# The dtypes that NumPy supports.
PLAIN = {getattr(torch, name) for name in tree.DTYPES if hasattr(torch, name)}


def odd_dtype(value: torch.Tensor) -> str:
    """The dtype of a tensor if NumPy lacks it and it is not the dtype in which results are computed, else ""."""
    plain = value.dtype in PLAIN or value.dtype == adapter.HALF
    return "" if plain else str(value.dtype).removeprefix("torch.")


def tensor(array: np.ndarray, form: str) -> torch.Tensor:
    """A tensor with the values of `array`, in one of `katagrad.worker.tree.FORMS`."""
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
    """The properties of a tensor that a call could change, beside its values."""
    grad = value.grad if value.is_leaf else None
    return {
        "requires_grad": bool(value.requires_grad),
        "grad": None if grad is None else adapter.numpy(grad).copy(),
    }


def share_memory(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether a change of one tensor could change the other."""
    if a is b:
        return True
    with contextlib.suppress(RuntimeError, NotImplementedError):  # sparse tensors have no storage
        start = a.untyped_storage().data_ptr()
        return bool(start and start == b.untyped_storage().data_ptr())
    return False


# Process-wide settings by the name that a message shows: how to read one, and how to set it.
SETTINGS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "torch.is_grad_enabled()": (torch.is_grad_enabled, torch.set_grad_enabled),
    "torch.get_default_dtype()": (torch.get_default_dtype, torch.set_default_dtype),
    "torch.are_deterministic_algorithms_enabled()": (
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
    "np.geterr()": (np.geterr, lambda kinds: np.seterr(**kinds)),
}


def watch(
    part: Any,
    model: Any,
    log: list[tuple[np.ndarray, bool, int]],
    size: tuple[int, ...] | None = None,
) -> None:
    """Append to `log` for each call of `part`: the first input, whether gradients are enabled, a checksum.

    part: the model, or one of its layers. The checksum is that of the model's parameters. size: only inputs with
    rows of this shape.
    """

    def note(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        given = [a for a in [*args, *kwargs.values()] if isinstance(a, torch.Tensor)]
        if given and (size is None or tuple(given[0].shape[1:]) == tuple(size)):
            rows = adapter.numpy(given[0])
            if rows.ndim > given[0].ndim:  # one row at a time, many at once by vmap
                rows = rows.reshape(-1, *given[0].shape[1:])
            sums = 0
            for parameter in model.parameters():
                sums = zlib.crc32(adapter.numpy(parameter).tobytes(), sums)
            log.append((rows.copy(), torch.is_grad_enabled(), sums))

    part.register_forward_pre_hook(note, with_kwargs=True)


def layers_of(model: Any) -> list[Any]:
    """The modules of a model that have parameters of their own."""
    parts = (module for module in model.modules() if module is not model)
    return [part for part in parts if list(part.parameters(recurse=False))]
