"""Wait for a tensor of PyTorch, as cheaply as its form allows."""

from __future__ import annotations

import torch


def touch(value: torch.Tensor) -> None:
    """Read one number of `value` on the host. This waits for all computations that it depends on."""
    value = value.detach()
    if value.layout == torch.sparse_coo:
        value = value._values()
    elif value.layout != torch.strided:
        value = value.values()
    if value.numel():
        # Not by way of flatten(), which copies a tensor that is not contiguous.
        value[(0,) * value.dim()].item()
