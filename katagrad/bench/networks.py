"""A network that several topics' benchmarks time, with drawn weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from katagrad.boundary.implementation import Remote

if TYPE_CHECKING:
    from katagrad.bench.fixture import Bench

# (rows of a call, widths of the layers), by the name of the size.
EXPORTED = {"small": (1, (16, 32, 4)), "wide": (64, (256, 512, 100))}


def two_layers(bench: Bench, widths: Sequence[int]) -> Remote:
    """Dense, ReLU, dense, of the framework's own layers. widths: (features, hidden, classes)."""
    features, hidden, classes = widths
    return bench.sequential(
        {"type": "dense", "kernel": bench.normal(features, hidden), "bias": bench.normal(hidden)},
        "relu",
        {"type": "dense", "kernel": bench.normal(hidden, classes), "bias": bench.normal(classes)},
    )
