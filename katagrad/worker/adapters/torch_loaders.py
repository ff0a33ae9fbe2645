"""Let PyTorch's data loaders work when the default device is a GPU."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.data import RandomSampler, dataloader


def draw_where_their_generator_is() -> None:
    """Let a DataLoader shuffle when the default device is a GPU.

    The sampler makes a CPU generator and uses it for a permutation on the default device, which fails on a
    GPU (pytorch/pytorch#118084 and many others). Orders and seeds remain those of PyTorch on a CPU.
    """
    order, begin = RandomSampler.__iter__, dataloader._BaseDataLoaderIter.__init__

    def where(generator: torch.Generator | None) -> torch.device:
        return torch.device("cpu") if generator is None else generator.device

    def in_order(self: Any) -> Any:
        with where(self.generator):
            drawn = list(order(self))
        return iter(drawn)

    def begun(self: Any, loader: Any) -> None:
        with where(loader.generator):
            begin(self, loader)

    RandomSampler.__iter__ = in_order
    dataloader._BaseDataLoaderIter.__init__ = begun
