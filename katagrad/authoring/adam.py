"""Whether a training takes the steps of Adam with the numbers that its stub names, seen on a single parameter.

Only one parameter has a gradient: the bias of a last layer that has zero weights and gets zeros. Its way is known in
float64, all numbers of Adam show in it within thirty steps, and rounding does not grow on it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from katagrad.authoring.expect import close
from katagrad.authoring.oracle import EPSILON, Adam
from katagrad.errors import Failure

# With these, beta2 0.99 for 0.999 moves a parameter whose first gradient is about 1 by 0.006 to 0.02, beta1 0.85 by
# more than 0.02, and the place of epsilon by less than 0.0005.
RATE, STEPS = 0.2, 30
# A gradient near EPSILON, in which EPSILON decides the step.
SMALL = 3e-7


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


def expect_epsilon(found: np.ndarray, start: np.ndarray, gradient: np.ndarray, of: str) -> None:
    """Expect of the parameter `found` what one step of Adam with learning rate 1 and EPSILON makes of `start`.

    gradient: by the parameter, about SMALL. of: the call.
    """
    moved = np.reshape(found, start.shape) - start
    # Epsilon beside the corrected root, as in the paper, or beside the uncorrected one, as in older forms.
    right = [
        -gradient / (np.abs(gradient) + epsilon) for epsilon in (EPSILON, EPSILON / np.sqrt(1e-3))
    ]
    if any(np.allclose(moved, one, rtol=0.02, atol=0.005) for one in right):
        return
    at = int(np.argmin(np.abs(np.abs(gradient) - SMALL)))
    step, g, *should = (float(np.ravel(v)[at]) for v in (moved, gradient, *right))
    raise Failure(
        f"after {of}, one step of Adam with lr=1 and a gradient of {g:.3g}, the bias has moved by {step:.4g}, but "
        f"should have by {should[0]:.4g}, where epsilon {EPSILON:g} is added to the corrected root, or "
        f"{should[1]:.4g}, where it is added to the uncorrected one"
    )
