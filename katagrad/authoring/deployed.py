"""The classifier that graders of exports hand to a submission: dense, normalization, ReLU, dropout, dense, softmax."""

from __future__ import annotations

from typing import Any

import numpy as np

from katagrad.authoring.companion import plant
from katagrad.authoring.draws import normal
from katagrad.authoring.expect import equal
from katagrad.authoring.oracle import softmax
from katagrad.boundary.implementation import Implementation
from katagrad.boundary.remote import Remote

State = list[dict[str, np.ndarray]]

# What a model has beside its numbers. Freezing the first layers is what fine-tuning does.
FLAGS = {
    "torch": """\
def freeze(model):
    parts = [part for part in model.modules() if not list(part.children())]
    parts[0].requires_grad_(False)
    parts[1].eval()


def flags(model):
    modes = [part.training for part in model.modules()]
    return [modes, [value.requires_grad for value in model.parameters()]]
""",
    "tensorflow": """\
def freeze(model):
    model.layers[0].trainable = False


def flags(model):
    return [[layer.trainable for layer in model.layers]]
""",
}
KINDS = {"torch": ("training", "requires_grad"), "tensorflow": ("trainable",)}


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


def logits(state: State, x: np.ndarray) -> np.ndarray:
    """What the model gives for x (N, features) in evaluation mode: (N, classes)."""
    first, norm, last = state
    z = x @ first["kernel"] + first["bias"]
    z = (z - norm["mean"]) / np.sqrt(norm["variance"] + 1e-5) * norm["scale"] + norm["offset"]
    found: np.ndarray = np.maximum(z, 0) @ last["kernel"] + last["bias"]
    return found


def probabilities(state: State, x: np.ndarray) -> np.ndarray:
    """The softmax of the logits: (N, classes)."""
    return softmax(logits(state, x))


def expect_flags_kept(impl: Implementation, model: Remote, export: Any, of: str) -> None:
    """Freeze the model's first layers, and expect that `export()` leaves each layer's mode and flags as they are."""
    module = plant(impl, "flags.py", FLAGS[impl.framework])
    module.get("freeze")(model)
    before = module.get("flags")(model)
    export()
    after = module.get("flags")(model)
    for kind, found, wanted in zip(KINDS[impl.framework], after, before, strict=True):
        what = "parameters" if kind == "requires_grad" else "layers"
        equal(
            found, wanted, of=f"{kind} of the model's {what}, the first of them frozen, after {of}"
        )
