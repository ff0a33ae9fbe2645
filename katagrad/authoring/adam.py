"""Expectation of Adam's betas, by many steps of a single parameter.

Only one parameter has a gradient: the bias of a last layer that has zero weights and gets zeros. Its way is known in
float64, all numbers of Adam show in it within thirty steps, and rounding does not grow on it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from katagrad.authoring.expect import close
from katagrad.authoring.oracle import Adam

# With these, beta2 0.99 for 0.999 moves a parameter whose first gradient is about 1 by 0.012 or more, beta1 0.85 by
# 0.1 or more, and the place of epsilon by 0.0002 at most.
RATE, STEPS = 0.2, 30


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
