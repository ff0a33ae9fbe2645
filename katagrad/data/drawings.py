"""Drawn pictures of five shapes: a stand-in for photographs that needs no download."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from katagrad.data.split import Floats, Integers

SHAPES5_CLASSES = ("disc", "ring", "square", "triangle", "cross")
SHAPES5_SIZE = 32


def shapes5(
    n: int, rng: np.random.Generator, noise: float = 0.05
) -> tuple[NDArray[np.uint8], Integers]:
    """Return n images (n, 32, 32, 3), uint8 RGB, and their classes (n,), 0 to 4.

    One shape an image, named by `SHAPES5_CLASSES`, at a random place, size (radius 7 to 12
    pixels), turn and colour, on a background at least 0.35 brighter or darker. noise: standard
    deviation of every colour value, on the scale 0 to 1.
    """
    labels = rng.permutation(np.arange(n, dtype=np.int64) % len(SHAPES5_CLASSES))
    radius = rng.uniform(7.0, 12.0, (n, 1, 1))
    centre = rng.uniform(radius[:, :, 0], SHAPES5_SIZE - radius[:, :, 0], (n, 2))
    turn = rng.uniform(0.0, 2 * np.pi, (n, 1, 1))
    u, v = _own_coordinates(centre, radius, turn)

    inside = np.empty(u.shape)  # signed distance to the outline, in radii; positive inside
    for label, distance in enumerate((_disc, _ring, _square, _triangle, _cross)):
        chosen = labels == label
        inside[chosen] = distance(u[chosen], v[chosen])
    # One pixel of blur along the outline, as a camera gives.
    ink = np.clip(inside * radius + 0.5, 0.0, 1.0)[..., None]  # (n, 32, 32, 1)

    shape_colour, ground_colour = _contrasting(n, rng)
    images = ink * shape_colour + (1.0 - ink) * ground_colour  # (n, 32, 32, 3)
    images += noise * rng.standard_normal(images.shape)
    return np.rint(255.0 * np.clip(images, 0.0, 1.0)).astype(np.uint8), labels


def _own_coordinates(centre: Floats, radius: Floats, turn: Floats) -> tuple[Floats, Floats]:
    pixel = np.arange(SHAPES5_SIZE) + 0.5
    down = pixel[None, :, None] - centre[:, 0, None, None]  # (n, 32, 1)
    right = pixel[None, None, :] - centre[:, 1, None, None]  # (n, 1, 32)
    cos, sin = np.cos(turn), np.sin(turn)
    return (cos * right + sin * down) / radius, (cos * down - sin * right) / radius


def _contrasting(n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return two colours an image, (n, 1, 1, 3) each, whose mean brightness differs by 0.35."""
    dark = rng.uniform(0.0, 0.45, (n, 1, 1, 1))
    bright = rng.uniform(dark + 0.35, 1.0)
    # A tint whose channels sum to 0 leaves the mean brightness as it is.
    tint = rng.uniform(-0.2, 0.2, (2, n, 1, 1, 3))
    tint -= tint.mean(axis=-1, keepdims=True)
    swap = rng.random((n, 1, 1, 1)) < 0.5
    return np.where(swap, dark, bright) + tint[0], np.where(swap, bright, dark) + tint[1]


def _disc(u: Floats, v: Floats) -> Floats:
    return 0.9 - np.hypot(u, v)


def _ring(u: Floats, v: Floats) -> Floats:
    return 0.2 - np.abs(np.hypot(u, v) - 0.75)


def _square(u: Floats, v: Floats) -> Floats:
    return 0.7 - np.maximum(np.abs(u), np.abs(v))


def _triangle(u: Floats, v: Floats) -> Floats:
    # Three half-planes at distance 1/2 from the centre: corners at distance 1.
    edges = [u * np.cos(a) + v * np.sin(a) for a in 2 * np.pi * np.arange(3) / 3]
    outermost: Floats = np.maximum.reduce(edges)
    return 0.5 - outermost


def _cross(u: Floats, v: Floats) -> Floats:
    arms = [np.maximum(np.abs(a) - 0.95, np.abs(b) - 0.25) for a, b in ((u, v), (v, u))]
    return -np.minimum(*arms)
