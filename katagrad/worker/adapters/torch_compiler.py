"""torch.compile: what is timed with it, and what is graded without it."""

from __future__ import annotations

from typing import Any

import torch


def compiled(function: Any) -> Any:
    """Compile `function` with torch.compile, which needs a C++ compiler."""
    return torch.compile(function)


def traces(function: Any) -> int:  # noqa: ARG001  torch.compile counts for the process, which holds one benchmark
    """How many graphs torch.compile has made in this process."""
    from torch._dynamo.utils import counters

    return int(counters["stats"]["unique_graphs"])


def without_compiler() -> None:
    """Make `torch.compile` return what it gets, since it runs a compiler, which takes longer than most checks."""
    torch.compile = lambda model=None, **_: model if model is not None else lambda given: given
