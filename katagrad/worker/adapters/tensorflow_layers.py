"""The layers inside a model of Keras, and their variables by the names that both frameworks share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

CONVOLUTIONS = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
WITH_WEIGHTS = (
    keras.layers.Dense,
    *CONVOLUTIONS,
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.Embedding,
)


def within(model: Any, seen: set[int] | None = None) -> Iterator[Any]:
    """The layers inside a layer, those inside them included, each once and in order.

    Keras lists the inner layers of an inner layer from the last to the first.
    """
    seen = {id(model)} if seen is None else seen
    for layer in model._layers:
        if id(layer) not in seen:
            seen.add(id(layer))
            yield layer
            yield from within(layer, seen)


def slots(model: Any) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """For each layer: its description, and its variables by the names that both frameworks share."""
    if not isinstance(model, keras.layers.Layer):
        own = {v.name.split(":")[0]: v for v in model.variables}
        return [({"name": "", "type": type(model).__name__}, own)]
    slots = []
    for layer in (model, *within(model)):
        held: dict[str, Any]
        if isinstance(layer, WITH_WEIGHTS) and not layer.built:
            raise ValueError(
                f"the layer {layer.name} has no weights before its first call; begin the model with keras.Input, or "
                "call it once where it is made"
            )
        if isinstance(layer, (keras.layers.Dense, *CONVOLUTIONS)):
            kind = "dense" if isinstance(layer, keras.layers.Dense) else "conv"
            held = {"kernel": layer._kernel, "bias": layer.bias}
        elif isinstance(layer, keras.layers.BatchNormalization):
            kind, held = "batch_norm", {"scale": layer.gamma, "offset": layer.beta}
            held |= {"mean": layer.moving_mean, "variance": layer.moving_variance}
        elif isinstance(layer, keras.layers.LayerNormalization):
            kind, held = "layer_norm", {"scale": layer.gamma, "offset": layer.beta}
        elif isinstance(layer, keras.layers.Embedding):
            kind, held = "embedding", {"table": layer.embeddings}
        else:
            below = {id(v) for inner in layer._layers for v in inner.variables}
            seeds = {id(v) for v in layer.variables if v.name == "seed_generator_state"}
            kind = type(layer).__name__
            held = {v.name: v for v in layer.variables if id(v) not in below | seeds}
        held = {key: variable for key, variable in held.items() if variable is not None}
        if held:
            slots.append(({"name": layer.name, "type": kind}, held))
    return slots


def waits(model: Any) -> bool:
    """Whether a model has layers that make their weights when they are first called."""
    return isinstance(model, keras.layers.Layer) and not all(
        layer.built for layer in (model, *within(model))
    )


def start(model: Any, row: tuple[int, ...]) -> None:
    """Call a model once, on a row of zeros."""
    model(keras.ops.zeros((1, *row)))
