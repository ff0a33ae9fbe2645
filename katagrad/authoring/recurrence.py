"""The LSTM layers of a model in either framework, read from `impl.layers` and computed in NumPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def lstm_layers(layers: Sequence[Mapping[str, Any]]) -> list[dict[str, np.ndarray]]:
    """The LSTM layers among those of `impl.layers`, in order.

    Of a bidirectional layer, the direction that reads from the first step comes first. Each is
    {"kernel": (D, 4H), "recurrent": (H, 4H), "bias": (4H,)}, with the blocks i, f, g, o.
    """
    found = []
    for layer in layers:
        if "recurrent_kernel" in layer:
            found.append((layer["kernel"], layer["recurrent_kernel"], layer["bias"]))
        for key in layer:
            if key.startswith("weight_ih"):
                end = key.removeprefix("weight_ih")
                both = layer[f"bias_ih{end}"] + layer[f"bias_hh{end}"]
                found.append((layer[key].T, layer[f"weight_hh{end}"].T, both))
    return [
        {"kernel": kernel, "recurrent": recurrent, "bias": bias}
        for kernel, recurrent, bias in found
        if recurrent.shape[1] == 4 * recurrent.shape[0] and kernel.shape[1] == recurrent.shape[1]
    ]


def lstm(
    xs: np.ndarray, layer: Mapping[str, np.ndarray], mask: np.ndarray | None = None
) -> np.ndarray:
    """h after each step, (B, T, H), from a state of zeros. xs: (B, T, D).

    mask: (B, T); where it is false, the state is the one before.
    """
    h = np.zeros((len(xs), len(layer["recurrent"])))
    c, found = h, []
    for t in range(xs.shape[1]):
        sums = xs[:, t] @ layer["kernel"] + h @ layer["recurrent"] + layer["bias"]
        i, f, g, o = np.split(sums, 4, axis=1)
        new_c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        new_h = _sigmoid(o) * np.tanh(new_c)
        here = np.ones((len(xs), 1), bool) if mask is None else mask[:, t, None]
        h, c = np.where(here, new_h, h), np.where(here, new_c, c)
        found.append(h)
    return np.stack(found, axis=1)


def _sigmoid(a: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * a)))
