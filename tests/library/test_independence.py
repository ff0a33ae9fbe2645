"""Draws that follow from one another are distinguished from new ones."""

import numpy as np
import pytest

from katagrad.authoring.independence import uncorrelated
from katagrad.errors import Failure


def test_new_draws_pass():
    for seed in range(50):
        draws = np.random.default_rng(seed).normal(size=(40, 6, 5))
        for axis in range(3):
            uncorrelated(draws, axis, "two places")


def test_draws_with_other_signs_fall():
    draws = np.random.default_rng(0).normal(size=(40, 6, 5))
    draws[:, 3:] = -draws[:, :3]
    with pytest.raises(Failure, match="two rows, 3 apart, have the correlation -"):
        uncorrelated(draws, 1, "two rows")
    uncorrelated(draws, 0, "two steps")
    uncorrelated(draws, 2, "two numbers")
