"""Expectations of the weights that the frameworks' own layers start with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from katagrad.errors import Failure


def default_dense(framework: str, layers: Sequence[Mapping[str, Any]], of: str) -> None:
    """Expect dense layers (`impl.layers` of a new model) to start as the framework starts them by default.

    PyTorch draws kernel and bias evenly from (-a, a) with a = 1 / sqrt(n_in); Keras draws the kernel with
    a = sqrt(6 / (n_in + n_out)), and its bias is zero. Deviations are judged at six standard errors: take layers of
    1,000 weights or more.
    """
    for i, layer in enumerate(layers):
        kernel = np.asarray(layer["kernel"], np.float64)
        n_in, n_out = kernel.shape
        torch = framework == "torch"
        limit = n_in**-0.5 if torch else (6 / (n_in + n_out)) ** 0.5
        subject = f"the kernel ({n_in}, {n_out}) of dense layer {i} of {of}"
        _even(kernel, limit, subject)
        bias = layer.get("bias")
        if bias is None:
            continue
        subject = f"the bias of dense layer {i} of {of}"
        if torch:
            _even(np.asarray(bias, np.float64), limit, subject)
        elif np.any(bias):
            raise Failure(f"{subject} starts at {float(np.ravel(bias)[0]):.3g}, but should be 0")


def _even(values: np.ndarray, limit: float, subject: str) -> None:
    largest, wanted = float(np.abs(values).max()), limit / 3**0.5
    found = float(np.sqrt((values**2).mean()))
    # The square of an even draw has the relative variance 4 / 5.
    room = 6 * (0.2 / values.size) ** 0.5
    if largest > limit * (1 + 1e-5) or abs(found / wanted - 1) > room:
        raise Failure(
            f"{subject} has values of up to {largest:.3g} and the root mean square {found:.3g}, but by the "
            f"framework's default should have values of up to {limit:.3g} and {wanted:.3g} within {room * wanted:.2g}"
        )
