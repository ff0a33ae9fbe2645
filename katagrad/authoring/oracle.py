"""Reference computations that several graders share. Each topic's own oracle stays in its grader, beside the checks."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

# {"kernel": (D, M), "bias": (M,)}, from the input to the output.
Layers = Sequence[Mapping[str, Any]]


def softmax(z: np.ndarray) -> np.ndarray:
    """Softmax over the last axis, of the shape of z."""
    weights: np.ndarray = np.exp(z - z.max(axis=-1, keepdims=True))
    shares: np.ndarray = weights / weights.sum(axis=-1, keepdims=True)
    return shares


def slopes(f: Callable[[], float], w: np.ndarray, h: float = 1e-6) -> np.ndarray:
    """Central differences of f, which reads w, by each element of w, in the shape of w. w is restored afterwards."""
    found = np.zeros_like(w)
    for i in np.ndindex(w.shape):
        kept = w[i]
        w[i] = kept + h
        above = f()
        w[i] = kept - h
        found[i] = (above - f()) / (2 * h)
        w[i] = kept
    return found


def relu_network(layers: Layers, x: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """(the input of every layer, the logits) of dense layers with ReLU between them. x: (N, D)."""
    inputs = [x]
    for layer in layers[:-1]:
        inputs.append(np.maximum(inputs[-1] @ layer["kernel"] + layer["bias"], 0))
    return inputs, inputs[-1] @ layers[-1]["kernel"] + layers[-1]["bias"]


def relu_network_gradients(layers: Layers, x: np.ndarray, y: np.ndarray) -> list[dict[str, Any]]:
    """d mean cross-entropy / d (kernel, bias), layer by layer. y: (N,) class numbers."""
    inputs, z = relu_network(layers, x)
    signal = (softmax(z) - np.eye(z.shape[1])[y]) / len(y)
    found: list[dict[str, Any]] = []
    for layer, a in zip(layers[::-1], inputs[::-1], strict=True):
        found.insert(0, {"kernel": a.T @ signal, "bias": signal.sum(0)})
        signal = (signal @ layer["kernel"].T) * (a > 0)
    return found


def trained_network(
    widths: Sequence[int],
    x: np.ndarray,
    y: np.ndarray,
    rng: np.random.Generator,
    epochs: int = 15,
    lr: float = 0.3,
) -> list[dict[str, Any]]:
    """Dense layers with ReLU between them, trained on x (N, D) and class numbers y (N,) in batches of about 32.

    Weights start as He et al. (2015) propose, and are rounded to float32 in the end.
    """
    layers: list[dict[str, Any]] = [
        {"kernel": rng.normal(0, math.sqrt(2 / a), (a, b)), "bias": np.zeros(b)}
        for a, b in pairwise(widths)
    ]
    for _ in range(epochs):
        for rows in np.array_split(rng.permutation(len(x)), -(-len(x) // 32)):
            for layer, g in zip(
                layers, relu_network_gradients(layers, x[rows], y[rows]), strict=True
            ):
                for key in layer:
                    layer[key] = layer[key] - lr * g[key]
    return [{k: v.astype(np.float32).astype(float) for k, v in layer.items()} for layer in layers]


# PyTorch and the paper add epsilon to the corrected root, Keras to the uncorrected one: at the first step, where the
# correction is sqrt(0.001), 1e-7 there weighs as much as 3e-6 here.
EPSILON, OTHER_EPSILON = 1e-7, 3e-6
# Where the two epsilons lead to weights further apart than this, epsilon decides the weight.
UNDECIDED = 2e-3


class Adam:
    """Adam on parameters by name, in float64, with beta 0.9 and 0.999 (Kingma and Ba, arXiv:1412.6980, algorithm 1).

    corrected: epsilon is added to the root after its correction for the start, as in PyTorch; False: before it, as in
    Keras and at the end of section 2 of the paper.
    """

    def __init__(self, lr: float, epsilon: float = EPSILON, corrected: bool = True) -> None:
        self.lr, self.epsilon, self.corrected = lr, epsilon, corrected
        self.state: dict[Hashable, tuple[Any, Any, int]] = {}

    def moved(self, name: Hashable, value: np.ndarray, g: np.ndarray) -> np.ndarray:
        """The parameter `name` after one more step by its gradient `g`, both of the shape of `value`."""
        m, v, t = self.state.get(name, (0.0, 0.0, 0))
        m, v, t = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2, t + 1
        self.state[name] = m, v, t
        root = np.sqrt(1 - 0.999**t)
        epsilon = self.epsilon if self.corrected else self.epsilon / root
        moved: np.ndarray = value - self.lr * (m / (1 - 0.9**t)) / (np.sqrt(v) / root + epsilon)
        return moved


def settled(found: np.ndarray, run: Callable[[float], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(found, expected) weights, made equal where a gradient is so small that epsilon decides Adam's step.

    found: the weights of a submission, flat. run(epsilon): those of the oracle.
    """
    expected, other = run(EPSILON), run(OTHER_EPSILON)
    return np.where(np.abs(expected - other) > UNDECIDED, expected, found), expected
