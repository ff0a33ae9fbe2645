"""Models of PyTorch whose lazy layers have no weights yet."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def waits(model: Any) -> bool:
    """Whether a model has layers that make their weights when they are first called."""
    return isinstance(model, nn.Module) and any(
        nn.parameter.is_lazy(p) for p in (*model.parameters(), *model.buffers())
    )


def start(model: nn.Module, row: tuple[int, ...]) -> None:
    """Call a model once, on a row of zeros."""
    with torch.no_grad():
        model(torch.zeros((1, *row)))
