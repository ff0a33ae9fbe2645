"""Expectations of the weights that the frameworks' own layers start with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from katagrad.errors import Failure


def default_dense(
    framework: str,
    layers: Sequence[Mapping[str, Any]],
    of: str,
    again: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Expect dense layers (`impl.layers` of a new model) to start as the framework starts them by default.

    PyTorch draws kernel and bias evenly from (-a, a) with a = 1 / sqrt(n_in); Keras draws the kernel with
    a = sqrt(6 / (n_in + n_out)), and its bias is zero. Deviations are judged at six standard errors: take layers of
    1,000 weights or more. Two layers of one shape have to draw their own weights. again: the layers of a second model
    of the same call, which has to draw its own, too.
    """
    if again and np.allclose(layers[0]["kernel"], again[0]["kernel"]):
        raise Failure(
            f"two models of {of} have the same first kernel, but each should draw its own"
        )
    _own([layer["kernel"] for layer in layers], "dense layers", of)
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
            # Of a few numbers, the root mean square says little; but an even draw is not 0.
            if not np.any(bias):
                raise Failure(f"{subject} starts at 0, but PyTorch's layers draw it at random")
            _even(np.asarray(bias, np.float64), limit, subject)
        elif np.any(bias):
            raise Failure(f"{subject} starts at {float(np.ravel(bias)[0]):.3g}, but should be 0")


def default_embedding(framework: str, table: np.ndarray, of: str) -> None:
    """Expect the table (V, D) of a new Embedding layer to start as the framework starts it by default.

    PyTorch draws standard normal numbers, and Keras draws evenly from (-0.05, 0.05). Row 0 is not looked at, since
    PyTorch leaves it 0 if it is for padding. Take tables of 1,000 numbers or more.
    """
    values = np.asarray(table, np.float64)[1:]
    subject = f"the table {np.shape(table)} of the Embedding layer of {of}"
    if framework == "torch":
        _spread(values, 1.0, 2.0, np.inf, subject)
    else:
        _even(values, 0.05, subject)


def default_lstm(framework: str, layers: Sequence[Mapping[str, np.ndarray]], of: str) -> None:
    """Expect LSTM layers (`lstm_layers` of a new model) to start as the framework starts them by default.

    PyTorch draws all from (-a, a), a = 1 / sqrt(H), evenly, and each bias is the sum of two. In Keras the kernel is
    even up to sqrt(6 / (D + 4H)), the recurrent kernel has orthonormal rows, and the bias is 1 for the forget gate
    and 0 for the others. Two layers of one shape have to draw their own weights.
    """
    _own([layer["recurrent"] for layer in layers], "LSTM layers", of)
    for i, layer in enumerate(layers):
        kernel, recurrent, bias = (
            np.asarray(layer[key], np.float64) for key in ("kernel", "recurrent", "bias")
        )
        units = len(recurrent)
        where = f"of LSTM layer {i} of {of}"
        if framework == "torch":
            limit = units**-0.5
            _even(kernel, limit, f"the input weights {where}")
            _even(recurrent, limit, f"the recurrent weights {where}")
            # The square of a sum of two even draws has the relative variance 7 / 5.
            _spread(bias, limit * (2 / 3) ** 0.5, 1.4, 2 * limit, f"the bias {where}")
            continue
        _even(kernel, (6 / sum(kernel.shape)) ** 0.5, f"the kernel {where}")
        apart = float(np.abs(recurrent @ recurrent.T - np.eye(units)).max())
        if apart > 1e-3:
            raise Failure(
                f"the rows of the recurrent kernel {where} are not orthonormal, but should be by the framework's "
                f"default: their products are off by up to {apart:.3g}"
            )
        wanted = np.repeat([0.0, 1.0, 0.0, 0.0], units)
        if (bias != wanted).any():
            at = int(np.flatnonzero(bias != wanted)[0])
            raise Failure(
                f"the bias {where} starts at {bias[at]:.3g} in place {at}, but should be {wanted[at]:.0f}: by the "
                "framework's default, it is 1 for the forget gate and 0 for the others"
            )


def _own(kernels: Sequence[np.ndarray], kind: str, of: str) -> None:
    for j, one in enumerate(kernels):
        for i, other in enumerate(kernels[:j]):
            if np.shape(one) == np.shape(other) and np.allclose(one, other):
                raise Failure(
                    f"{kind} {i} and {j} of {of} start with the same weights, but each should draw its own"
                )


def _even(values: np.ndarray, limit: float, subject: str) -> None:
    # The square of an even draw has the relative variance 4 / 5.
    _spread(values, limit / 3**0.5, 0.8, limit, subject)


def _spread(values: np.ndarray, wanted: float, variance: float, limit: float, subject: str) -> None:
    """Expect the root mean square `wanted`, and nothing beyond `limit`. variance: the relative one of a square."""
    largest = float(np.abs(values).max())
    found = float(np.sqrt((values**2).mean()))
    room = 6 * (variance / 4 / values.size) ** 0.5
    if largest > limit * (1 + 1e-5) or abs(found / wanted - 1) > room:
        bound = f" and no value beyond {limit:.3g}" if np.isfinite(limit) else ""
        raise Failure(
            f"{subject} has the root mean square {found:.3g} and a largest absolute value of {largest:.3g}, but "
            f"should have, as the framework's layers draw it, the root mean square {wanted:.3g} within "
            f"{room * wanted:.2g}{bound}"
        )
