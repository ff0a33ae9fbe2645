"""Expectations that every setting of a function matters: another value gives another result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from katagrad.authoring.variants import leaves
from katagrad.errors import Failure


def flat(value: Any) -> np.ndarray:
    """All numbers of a structure of arrays, in its order."""
    parts = [
        np.ravel(np.asarray(leaf, np.float64))
        for leaf in leaves(value)
        if isinstance(leaf, (np.ndarray, np.generic, int, float))
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def each_matters(
    run: Callable[..., Any],
    usual: Mapping[str, Any],
    other: Mapping[str, Any],
    of: str,
    apart: float = 1e-4,
) -> None:
    """Expect `run(**settings)` to change when any one setting of `usual` takes its value of `other`.

    run: makes everything anew from fixed seeds and returns numbers (weights, losses, a structure of them), so
    that it gives the same for the same settings. apart: by how much at least
    one number must change, relative to the largest.
    Choose values of `other` that cannot give the same result by chance. The failure names a setting that is ignored.
    """
    unknown = set(other) - set(usual)
    assert not unknown, f"no usual value for {sorted(unknown)}"
    first = flat(run(**usual))
    for name, value in other.items():
        second = flat(run(**{**usual, name: value}))
        if first.shape != second.shape:
            continue
        room = apart * max(float(np.abs(first).max(initial=0.0)), 1e-6)
        moved = float(np.abs(first - second).max(initial=0.0))
        if not moved > room and np.isfinite(first).all():
            raise Failure(
                f"{of} gives the same for {name}={usual[name]!r} and {name}={value!r}, "
                f"but {name} should matter"
            )
