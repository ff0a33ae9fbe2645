"""Forms of arrays, for `katagrad.worker.adapters.numpy`."""

from __future__ import annotations

from typing import Any

import numpy as np

from katagrad.worker import tree

# Benchmarks probe nothing.
SETTINGS: dict[str, Any] = {}


def odd_dtype(value: np.ndarray) -> str:
    """The dtype of an array if it cannot be sent, else ""."""
    return "" if value.dtype.name in tree.DTYPES else value.dtype.name


def tensor(array: np.ndarray, form: str) -> np.ndarray:  # noqa: ARG001
    """The array: benchmarks use no form."""
    return array
