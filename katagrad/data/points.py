"""Points in the plane, drawn from a NumPy Generator: what a linear model cannot separate.

Every function returns `(x, y)`, float64 (n, 2) and int64 (n,). Classes are as equal in number
as n allows and the rows are shuffled; the same generator state gives the same points.
"""

from __future__ import annotations

import numpy as np

from katagrad.data.split import Floats, Integers

RING8_RADIUS = 2.0


def moons(n: int, rng: np.random.Generator, noise: float = 0.2) -> tuple[Floats, Integers]:
    """Return n points on two interleaved half circles of radius 1, in 2 classes.

    noise: standard deviation added to both coordinates. At 0.2 a straight line is right for
    about 86 % and a good curve for about 97 %.
    """
    y = _balanced(n, 2, rng)
    angle = rng.uniform(0.0, np.pi, n)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)  # (n, 2)
    lower = np.stack([1.0 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    x = np.where(y[:, None] == 0, upper, lower)
    return x + noise * rng.standard_normal((n, 2)), y


def spirals(
    n: int, rng: np.random.Generator, noise: float = 0.05, *, arms: int = 2
) -> tuple[Floats, Integers]:
    """Return n points on `arms` spiral arms about the origin, one class an arm.

    An arm makes one full turn while its radius grows from 0.1 to 1. noise: standard deviation
    added to both coordinates.
    """
    y = _balanced(n, arms, rng)
    along = rng.uniform(0.0, 1.0, n)
    angle = 2 * np.pi * (along + y / arms)
    radius = 0.1 + 0.9 * along
    x = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)  # (n, 2)
    return x + noise * rng.standard_normal((n, 2)), y


def xor(n: int, rng: np.random.Generator, noise: float = 0.1) -> tuple[Floats, Integers]:
    """Return n points about the corners of the unit square; class 1 where the corner's bits differ.

    noise: standard deviation about the corner, on both coordinates. With n=4 and noise=0 the
    rows are the truth table of exclusive or, in some order.
    """
    corner = _balanced(n, 4, rng)
    bits = np.stack([corner // 2, corner % 2], axis=1)  # (n, 2)
    return bits + noise * rng.standard_normal((n, 2)), bits[:, 0] ^ bits[:, 1]


def ring8(n: int, rng: np.random.Generator, noise: float = 0.05) -> tuple[Floats, Integers]:
    """Return n points about the 8 centres of `ring8_centres`, and each point's centre, 0 to 7.

    noise: standard deviation about the centre. Neighbouring centres lie 1.53 apart. The mixture
    on which generative models are seen to lose modes: Metz et al. (2017), arXiv:1611.02163.
    """
    y = _balanced(n, 8, rng)
    return ring8_centres()[y] + noise * rng.standard_normal((n, 2)), y


def ring8_centres() -> Floats:
    """Return the 8 centres (8, 2), evenly spaced on a circle of radius 2 from angle 0."""
    angle = np.arange(8) * np.pi / 4
    return RING8_RADIUS * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _balanced(n: int, classes: int, rng: np.random.Generator) -> Integers:
    return rng.permutation(np.arange(n, dtype=np.int64) % classes)
