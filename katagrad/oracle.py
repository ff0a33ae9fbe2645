"""What several graders compute alike. The oracle of a topic itself stays in its grader, beside the checks."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

# Keras adds epsilon 1e-7 to the corrected root, PyTorch and the paper add theirs there, older forms to the uncorrected
# one: at the first step, where the correction is sqrt(0.001), 1e-7 there weighs as much as 3e-6 here.
EPSILON, OTHER_EPSILON = 1e-7, 3e-6
UNDECIDED = 2e-3  # a weight that the two place further apart than this is epsilon's doing


class Adam:
    """Adam on parameters by name, in float64, with beta 0.9 and 0.999 (Kingma and Ba, arXiv:1412.6980, algorithm 1)."""

    def __init__(self, lr: float, epsilon: float = EPSILON) -> None:
        self.lr, self.epsilon = lr, epsilon
        self.state: dict[Hashable, tuple[Any, Any, int]] = {}

    def moved(self, name: Hashable, value: np.ndarray, g: np.ndarray) -> np.ndarray:
        """The parameter `name` after one more step by its gradient `g`, both of the shape of `value`."""
        m, v, t = self.state.get(name, (0.0, 0.0, 0))
        m, v, t = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2, t + 1
        self.state[name] = m, v, t
        moved: np.ndarray = value - self.lr * (m / (1 - 0.9**t)) / (
            np.sqrt(v / (1 - 0.999**t)) + self.epsilon
        )
        return moved


def settled(found: np.ndarray, run: Callable[[float], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(found, expected) weights, made alike where a gradient is so small that epsilon decides Adam's step.

    found: the weights of a submission, flat. run(epsilon): those of the oracle.
    """
    expected, other = run(EPSILON), run(OTHER_EPSILON)
    return np.where(np.abs(expected - other) > UNDECIDED, expected, found), expected
