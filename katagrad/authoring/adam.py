"""Expectations of Adam's betas, by many steps of a single parameter, and of its epsilon, by one step.

For the betas, only one parameter has a gradient: the bias of a last layer that has zero weights and gets zeros. Its way
is known in float64, the betas show in it within thirty steps, and rounding does not grow on it. For epsilon, gradients
are as small as epsilon.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from katagrad.authoring import structure
from katagrad.authoring.expect import close, shape
from katagrad.authoring.oracle import EPSILON, Adam

# With these, beta2 0.99 for 0.999 moves a parameter whose first gradient is about 1 by 0.012 or more, beta1 0.85 by
# 0.1 or more, and the place of epsilon by 0.0002 at most.
RATE, STEPS = 0.2, 30
# Keras adds epsilon to the root before it is corrected for the start: at the first step by sqrt(1 - 0.999).
KERAS = EPSILON / float(np.sqrt(1 - 0.999))

Run = TypeVar("Run")


def nearer(
    found: Sequence[float], run: Callable[[bool], tuple[Sequence[float], Run]]
) -> tuple[Sequence[float], Run]:
    """The run of the oracle, (numbers, anything), whose numbers, such as losses, are nearer to those found.

    run(corrected): the run with epsilon where PyTorch adds it, or where Keras does. In a small network the two lead to
    losses more than 0.1 % apart in one draw of some hundreds.
    """
    return min(
        run(True), run(False), key=lambda one: float(np.abs(np.subtract(found, one[0])).max())
    )


def expect_history(
    found: Any,
    run: Callable[[bool], Sequence[float]],
    of: str,
    mistakes: Mapping[str, Any] | None = None,
) -> bool:
    """Expect a history, one loss an epoch, of Adam in the form of PyTorch or of Keras; True if in that of PyTorch.

    run(corrected): the history of the oracle, as in `nearer`.
    """
    forms = {corrected: run(corrected) for corrected in (True, False)}
    values = structure.losses(found, len(forms[True]), of, "float")
    expected, form = nearer(values, lambda corrected: (forms[corrected], corrected))
    structure.recorded(found, expected, of, mistakes=mistakes)
    return form


def expect_betas(
    found: np.ndarray, start: np.ndarray, slope: Callable[[np.ndarray], np.ndarray], of: str
) -> None:
    """Expect of the parameter `found` what STEPS of Adam with learning rate RATE make of `start`.

    slope(value): the gradient by the parameter, where it has that value. of: the call.
    """
    adam, value = Adam(RATE), start
    for _ in range(STEPS):
        value = adam.moved("value", value, slope(value))
    what = f"the bias after {of}, where nothing else has a gradient,"
    close(np.reshape(found, start.shape), value, of=what, atol=2e-3)


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
