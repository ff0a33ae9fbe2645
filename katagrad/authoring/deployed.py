"""The classifier that graders of exports hand to a submission: dense, normalization, ReLU, dropout, dense, softmax."""

from __future__ import annotations

from typing import Any

import numpy as np

from katagrad.authoring.draws import normal
from katagrad.authoring.oracle import softmax
from katagrad.boundary.implementation import Implementation
from katagrad.boundary.remote import Remote

State = list[dict[str, np.ndarray]]


def drawn(features: int, hidden: int, classes: int) -> State:
    """Weights of the model, layer by layer, drawn at random."""
    return [
        {"kernel": normal(features, hidden), "bias": normal(hidden)},
        {
            "scale": normal(hidden),
            "offset": normal(hidden),
            "mean": normal(hidden),
            "variance": np.abs(normal(hidden)) + 0.5,
        },
        {"kernel": normal(hidden, classes), "bias": normal(classes)},
    ]


def made(impl: Implementation, state: State) -> Remote:
    """The model without its softmax, in the framework's layers. In PyTorch, it is in training mode."""
    first, norm, last = state
    specs: list[Any] = [
        {"type": "dense", **first},
        {"type": "batch_norm", "width": len(norm["mean"])},
        "relu",
        {"type": "dropout", "rate": 0.5},
        {"type": "dense", **last},
    ]
    model = impl.sequential(*specs)
    impl.assign(model, state)
    return model


def probabilities(state: State, x: np.ndarray) -> np.ndarray:
    """What the model gives for x (N, features) in evaluation mode, after softmax: (N, classes)."""
    first, norm, last = state
    z = x @ first["kernel"] + first["bias"]
    z = (z - norm["mean"]) / np.sqrt(norm["variance"] + 1e-5) * norm["scale"] + norm["offset"]
    found: np.ndarray = softmax(np.maximum(z, 0) @ last["kernel"] + last["bias"])
    return found
