"""A small convolutional network in NumPy, for graders: blocks of convolution and pooling, then dense layers.

Images are (N, H, W, C), kernels (3, 3, in, out), matrices (in, out), all float64. Layers are dicts as
`impl.layers(model)` gives them: {"kernel", "bias"}, and after a convolution perhaps {"scale", "offset", "mean",
"variance"}, which normalises.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from katagrad.authoring.draws import generator
from katagrad.authoring.oracle import softmax
from katagrad.data import Split

Layer = Mapping[str, Any]
# What every contract names for batch normalisation.
EPSILON = 1e-5


def sample(split: Split, rows: int) -> Split:
    """`rows` of the training images, drawn anew for each run, and all test images; float32 from 0 to 1, (N, H, W, C).

    split: images of bytes, grey (N, H, W) as `data.mnist()` gives them, or (N, H, W, C).
    """
    chosen = generator().choice(len(split.train_x), rows, replace=False)
    train_x, test_x = (
        (x[..., None] if x.ndim == 3 else x) / np.float32(255)
        for x in (split.train_x[chosen], split.test_x)
    )
    return Split(train_x, split.train_y[chosen], test_x, split.test_y, split.name, split.classes)


def in_blocks(layers: Sequence[Layer]) -> list[Layer]:
    """Layers of `impl.layers` in the order of computing: a model may hold all convolutions before all normalisations.

    Convolution and normalisation of each block in turn, then dense layers. Layers of other types are left out.
    """
    dense = [layer for layer in layers if np.ndim(layer.get("kernel", 0)) == 2]
    convolutions = [layer for layer in layers if np.ndim(layer.get("kernel", 0)) == 4]
    norms = [layer for layer in layers if "variance" in layer]
    if len(norms) != len(convolutions):
        return [layer for layer in layers if "kernel" in layer or "variance" in layer]
    return [layer for block in zip(convolutions, norms, strict=True) for layer in block] + dense


def windows(x: np.ndarray) -> np.ndarray:
    """The 3 by 3 surroundings of each pixel, zeros beyond the border: (N, H, W, C, 3, 3)."""
    around = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return np.lib.stride_tricks.sliding_window_view(around, (3, 3), axis=(1, 2))


def convolution(x: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Stride 1, zeros around: (N, H, W, F)."""
    found: np.ndarray = np.tensordot(windows(x), k, axes=([3, 4, 5], [2, 0, 1]))
    return found


def split(x: np.ndarray) -> np.ndarray:
    """2 by 2 windows without the rest that fills none: (N, H // 2, 2, W // 2, 2, C)."""
    n, h, w, c = x.shape
    return x[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, c)


def row(x: np.ndarray, framework: str) -> np.ndarray:
    """The feature maps of each image in a row, in the order of the framework's layout."""
    flat = x.transpose(0, 3, 1, 2) if framework == "torch" else x
    return flat.reshape(len(x), math.prod(x.shape[1:]))


def normalised(x: np.ndarray, layer: Layer, batch: bool = False) -> np.ndarray:
    """Batch normalisation by the running statistics, or by those of x."""
    axes = tuple(range(x.ndim - 1))
    mean, variance = (x.mean(axes), x.var(axes)) if batch else (layer["mean"], layer["variance"])
    scaled: np.ndarray = (x - mean) / np.sqrt(variance + EPSILON) * layer["scale"] + layer["offset"]
    return scaled


def forward(
    layers: Sequence[Layer],
    x: np.ndarray,
    framework: str,
    *,
    kept: Any = 1.0,
    batch: bool = False,
    frozen: int = 0,
    pool: Callable[..., np.ndarray] = np.max,
    relu: Callable[[np.ndarray], np.ndarray] = lambda z: np.maximum(z, 0),
) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """(logits, the input and the sum of each layer with a kernel).

    kept: what the inputs of the last layer are multiplied by. batch: normalise by the statistics of x, but for the
    first `frozen` blocks. pool, relu: other functions than maximum and ReLU, for wrong answers by name.
    """
    trace = []
    convolutions = [layer for layer in layers if np.ndim(layer.get("kernel", 0)) == 4]
    norms = [layer for layer in layers if "variance" in layer]
    for i, layer in enumerate(convolutions):
        z = convolution(x, layer["kernel"]) + layer["bias"]
        trace.append((x, z))
        z = normalised(z, norms[i], batch and i >= frozen) if norms else z
        x = pool(split(relu(z)), (2, 4))
    flat = row(x, framework) if convolutions else x
    dense = [layer for layer in layers if np.ndim(layer.get("kernel", 0)) == 2]
    for i, layer in enumerate(dense):
        flat = flat * kept if i and i == len(dense) - 1 else flat
        z = flat @ layer["kernel"] + layer["bias"]
        trace.append((flat, z))
        flat = relu(z)
    return z, trace


def cross_entropy(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(N,) in nats. y: class numbers."""
    apart = z - z[np.arange(len(y)), y][:, None]
    most = apart.max(-1)
    found: np.ndarray = most + np.log(np.exp(apart - most[:, None]).sum(-1))
    return found


def gradients(
    layers: Sequence[Layer], x: np.ndarray, y: np.ndarray, framework: str, frozen: int = 0
) -> tuple[float, list[dict[str, np.ndarray]]]:
    """(mean cross-entropy, its gradients layer by layer) in training, without dropout.

    Where there is normalisation, the first `frozen` blocks use the running statistics, the others those of x, which
    the gradients of these layers hold beside the others, as "mean" and "variance".
    """
    z, trace = forward(layers, x, framework, batch=True, frozen=frozen)
    loss = float(cross_entropy(z, y).mean())
    d = (softmax(z) - np.eye(z.shape[1])[y]) / len(y)
    found: list[dict[str, np.ndarray]] = [{} for _ in layers]
    kernels = [i for i, layer in enumerate(layers) if "kernel" in layer]
    norms = [i for i, layer in enumerate(layers) if "variance" in layer]
    for place in range(len(kernels) - 1, -1, -1):
        i = kernels[place]
        inputs, sums = trace[place]
        w = layers[i]["kernel"]
        if w.ndim == 2:
            d = d if place == len(kernels) - 1 else d * (sums > 0)
            found[i] = {"kernel": inputs.T @ d, "bias": d.sum(0)}
            d = d @ w.T
            continue
        if d.ndim == 2:
            n, h, across, c = sums.shape
            h, across = h // 2, across // 2
            torch = framework == "torch"
            d = d.reshape((n, c, h, across) if torch else (n, h, across, c))
            d = d.transpose(0, 2, 3, 1) if torch else d
        if norms:
            norm, own = norms[place], place >= frozen
            d = _to_the_largest(d, normalised(sums, layers[norm], own))
            d, found[norm] = _before_normalisation(d, sums, layers[norm], own)
        else:
            d = _to_the_largest(d, sums)
        by_kernel = np.tensordot(windows(inputs), d, axes=([0, 1, 2], [0, 1, 2]))  # (C, 3, 3, F)
        found[i] = {"kernel": by_kernel.transpose(1, 2, 0, 3), "bias": d.sum((0, 1, 2))}
        d = convolution(d, w[::-1, ::-1].transpose(0, 1, 3, 2))
    return loss, found


def _before_normalisation(
    d: np.ndarray, sums: np.ndarray, layer: Layer, batch: bool
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(the gradient by the sums, those of the layer with the statistics of the batch)."""
    axes = (0, 1, 2)
    mean, variance = sums.mean(axes), sums.var(axes)
    center, spread = (mean, variance) if batch else (layer["mean"], layer["variance"])
    deviation = np.sqrt(spread + EPSILON)
    scaled = (sums - center) / deviation
    found = {"scale": (d * scaled).sum(axes), "offset": d.sum(axes)}
    found |= {"mean": mean, "variance": variance}
    d = d * layer["scale"]
    if batch:
        d = d - d.mean(axes) - scaled * (d * scaled).mean(axes)
    return d / deviation, found


def _to_the_largest(d: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """The gradient by the sums before ReLU and pooling. Where several are the largest, all are 0 and pass none on."""
    parts = split(np.maximum(sums, 0))
    top = parts == parts.max((2, 4), keepdims=True)
    spread = (top * d[:, :, None, :, None]).reshape(
        len(d), 2 * parts.shape[1], 2 * parts.shape[3], -1
    )
    found = np.zeros_like(sums)
    found[:, : spread.shape[1], : spread.shape[2]] = spread
    return found * (sums > 0)


def descent(
    layers: Sequence[Layer],
    batches: Sequence[tuple[np.ndarray, np.ndarray]],
    lr: float,
    framework: str,
    momentum: float = 0.9,
    frozen: int = 0,
) -> tuple[list[dict[str, np.ndarray]], list[float]]:
    """(layers, the loss of each step) of gradient descent with momentum on `batches`, pairs (x, y).

    Running statistics move by a tenth towards those of the batch. The first `frozen` blocks stay as they are.
    """
    learned, running = ("kernel", "bias", "scale", "offset"), ("mean", "variance")
    now = [
        {key: np.asarray(layer[key], float) for key in (*learned, *running) if key in layer}
        for layer in layers
    ]
    velocity: list[dict[str, Any]] = [dict.fromkeys(layer, 0.0) for layer in now]
    blocks = [i for i, layer in enumerate(now) if np.ndim(layer.get("kernel", 0)) == 4]
    # Where the first block that learns begins.
    start = blocks[frozen] if frozen < len(blocks) else _head(now)
    losses = []
    for x, y in batches:
        loss, slopes = gradients(now, x, y, framework, frozen)
        losses.append(loss)
        for layer, v, g in list(zip(now, velocity, slopes, strict=True))[start:]:
            for key in layer:
                if key in running:
                    layer[key] = 0.9 * layer[key] + 0.1 * g[key]
                    continue
                v[key] = momentum * v[key] + g[key]
                layer[key] = layer[key] - lr * v[key]
    return now, losses


def _head(layers: Sequence[Layer]) -> int:
    """The place of the first dense layer."""
    return next(i for i, layer in enumerate(layers) if np.ndim(layer.get("kernel", 0)) == 2)
