"""Time exercises/data_augmentation.py: single changes, and a policy of several, on batches of images."""

import numpy as np
import pytest

from katagrad.authoring.expect import image

# (images, side, channels)
SIZES = {"small": (32, 16, 1), "cifar": (256, 32, 3)}


def batch(size):
    count, side, channels = SIZES[size]
    x = np.random.default_rng(0).random((count, side, side, channels), np.float32)
    return image(x), count


@pytest.mark.parametrize("size", SIZES)
def bench_shift(bench, size):
    x, count = batch(size)
    moves = np.random.default_rng(1).integers(-2, 3, (2, count))
    # It computes nothing: every number is read and written.
    bench.time("shift", x, *moves, items=count, unit="images", bytes=8 * x.array.size)


@pytest.mark.parametrize("size", SIZES)
def bench_rotate(bench, size):
    x, count = batch(size)
    degrees = np.linspace(-30, 30, count)
    # Four neighbours, each a weight (a product), a product and a sum; how they are read is up to the solution.
    bench.time("rotate", x, degrees, items=count, unit="images", flops=12 * x.array.size)


@pytest.mark.parametrize("size", SIZES)
def bench_augment(bench, size):
    x, count = batch(size)
    policy = {"flip": 0.5, "shift": 2, "rotate": 15.0, "noise": 0.05}
    bench.time("augment", x, policy, bench.rng(0), items=count, unit="images")
