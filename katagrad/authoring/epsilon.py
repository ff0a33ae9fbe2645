"""Expectation of Adam's epsilon, by one step on gradients that are as small as epsilon."""

from __future__ import annotations

from typing import Any

import numpy as np

from katagrad.authoring.expect import close, shape

EPSILON = 1e-7
# Keras adds epsilon to the root before it is corrected for the start: at the first step by sqrt(1 - 0.999).
KERAS = EPSILON / float(np.sqrt(1 - 0.999))


def expect_epsilon(found: Any, start: np.ndarray, slopes: np.ndarray, lr: float, of: str) -> None:
    """Expect the weights after the first step of Adam with epsilon 1e-7, in the form of PyTorch or of Keras.

    found: the weights after the step, of a submission. start: those before it. slopes: their gradients, which should be
    near 1e-7, so that epsilon decides the step: lr * g / (|g| + epsilon).
    """

    def step(epsilon: float) -> np.ndarray:
        moved: np.ndarray = start - lr * slopes / (np.abs(slopes) + epsilon)
        return moved

    shape(found, start.shape, of=of)
    right = min((step(EPSILON), step(KERAS)), key=lambda one: float(np.abs(found - one).max()))
    mistakes = {"an epsilon of 1e-8": step(1e-8), "no epsilon": step(0.0)}
    close(found, right, of=of, rtol=0, atol=0.02 * lr, mistakes=mistakes)
