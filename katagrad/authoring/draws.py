"""Random inputs of a check, drawn from the hidden seed when the check runs."""

from __future__ import annotations

from typing import Any

import numpy as np

from katagrad.authoring.context import current


def generator() -> np.random.Generator:
    """The random generator of this check, which the hidden seed determines."""
    return current().generator


def random_seed() -> int:
    """A seed for a training run, drawn for this check."""
    return int(generator().integers(2**31))


def normal(*size: int, scale: float = 1.0, shift: float = 0.0) -> np.ndarray:
    """Draws of mean `shift` and standard deviation `scale`: float64 of shape `size`, exact in float32."""
    return _exact(generator().normal(shift, scale, size))


def uniform(*size: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Draws between `low` and `high`: float64 of shape `size`, exact in float32."""
    return _exact(generator().uniform(low, high, size))


def integers(high: int, *size: int, low: int = 0) -> np.ndarray:
    """Integers from `low` to `high` - 1: int64 of shape `size`."""
    return np.asarray(generator().integers(low, high, size))


def _exact(draws: Any) -> np.ndarray:
    return np.asarray(draws, np.float32).astype(np.float64)


def full_size(name: str) -> bool:
    """Whether this check should use the full-size set `name` ("mnist"): it is present, and the run allows it."""
    from katagrad import data

    if current().full_size and data.readable(name):
        current().used.add(name)
        return True
    return False
