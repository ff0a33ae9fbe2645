"""The layers of a model in the form that both frameworks share: read as numbers, drawn anew, put into another model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from katagrad.authoring.convnet import in_blocks
from katagrad.authoring.draws import normal, uniform
from katagrad.boundary.implementation import Implementation
from katagrad.boundary.remote import Remote

KEYS = ("kernel", "bias", "scale", "offset", "mean", "variance")


def exact(layers: Sequence[Mapping[str, Any]]) -> list[dict[str, np.ndarray]]:
    """The numbers of the layers (of `impl.layers`) in float64, block by block."""
    return [
        {key: np.asarray(value, float) for key, value in layer.items() if key in KEYS}
        for layer in in_blocks(layers)
    ]


def put(impl: Implementation, model: Remote, values: Sequence[Mapping[str, Any]]) -> None:
    """Set the layers of a model to `values`, which are in the order of `exact`."""
    fresh = impl.layers(model)
    # By object and not by name: layers inside different layers of Keras may have the same name.
    pairs = zip(in_blocks(fresh), values, strict=True)
    new = {id(one): {**one, **value} for one, value in pairs}
    impl.assign(model, [new.get(id(one), one) for one in fresh])


def redrawn(layers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same layers with numbers drawn at random, far from symmetric. Kernels keep the size of a signal."""
    drawn = []
    for layer in layers:
        new = dict(layer)
        for key in (key for key in KEYS if key in layer):
            size = layer[key].shape
            if key == "kernel":
                new[key] = normal(*size, scale=1.2 / np.sqrt(layer[key][..., 0].size))
            elif key in ("scale", "variance"):
                new[key] = uniform(*size, low=0.5, high=2.0)
            else:
                new[key] = normal(*size, scale=0.5)
        drawn.append(new)
    return drawn
