"""Time exercises/image_project.py: finding near-duplicates, changing images, and an epoch of training."""

from itertools import pairwise

import numpy as np
import pytest

from katagrad.authoring.expect import image
from katagrad.bench import work

# (images, side, batch); 16, 32 and 64 filters and 5 classes.
SIZES = {"small": (64, 16, 16), "photographs": (512, 32, 32)}
FILTERS, CLASSES = (16, 32, 64), 5


def pictures(size):
    count, side, _ = SIZES[size]
    return np.random.default_rng(0).random((count, side, side, 3), np.float32)


@pytest.mark.parametrize("size", SIZES)
def bench_groups(bench, size):
    x = pictures(size)
    # Each pair of images, in one order: a difference, a product and a sum for each number. A row is written.
    flops = 3 * len(x) * (len(x) - 1) / 2 * x[0].size
    moved = work.FLOAT * x.size + work.LABEL * len(x)
    bench.time("groups", image(x), items=len(x), unit="images", flops=flops, bytes=moved)


@pytest.mark.parametrize("size", SIZES)
def bench_augment(bench, size):
    x = pictures(size)
    # It computes nothing: every number is read and written.
    bench.time(
        "augment", image(x), bench.rng(0), items=len(x), unit="images", bytes=2 * work.FLOAT * x.size
    )  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def bench_train(bench, size):
    count, side, batch = SIZES[size]
    model = bench.call("build", (side, side, 3), CLASSES)
    channels = list(pairwise((3, *FILTERS)))
    products = [(side >> k) ** 2 * 9 * a * b for k, (a, b) in enumerate(channels)]
    row = (side >> len(FILTERS)) ** 2 * FILTERS[-1]
    # Forward, by the weights, and by the inputs, which the first layer does not need.
    flops = 2 * count * (3 * (sum(products) + row * CLASSES) - products[0])
    # Kernels; biases, scales and offsets; the head.
    held = sum(9 * a * b + 3 * b for a, b in channels) + (row + 1) * CLASSES
    moved = count * (work.FLOAT * side**2 * 3 + work.LABEL)
    moved += -(-count // batch) * work.FLOAT * 2 * work.ADAM * held
    bench.time(
        "train", model, image(pictures(size)), bench.integers(CLASSES, count), 1, batch, 0.001, bench.rng(1),
        items=count, unit="images", flops=flops, bytes=moved,
    )  # fmt: skip
