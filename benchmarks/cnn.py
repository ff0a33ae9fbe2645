"""Time exercises/cnn.py: prediction and an epoch of training, with the sizes of cnn_scratch."""

import pytest

from katagrad.authoring.expect import image
from katagrad.bench import work

# (images, side, batch); 8 and 16 filters, 32 units and 10 classes, as in cnn_scratch.
SIZES = {"small": (128, 8, 32), "mnist": (1_024, 28, 64)}
FILTERS, UNITS, CLASSES, MOMENTUM = (8, 16), 32, 10, 2


def products(side):
    """Products of an image, layer by layer: the two convolutions and the two matrices."""
    return (
        side**2 * 9 * FILTERS[0],
        (side // 2) ** 2 * 9 * FILTERS[0] * FILTERS[1],
        (side // 4) ** 2 * FILTERS[1] * UNITS,
        UNITS * CLASSES,
    )


def weights(side):
    flat = (side // 4) ** 2 * FILTERS[1]
    matrices = (flat + CLASSES) * UNITS
    return 9 * (FILTERS[0] + FILTERS[0] * FILTERS[1]) + matrices + sum(FILTERS) + UNITS + CLASSES


def made(bench, size):
    images, side, batch = SIZES[size]
    model = bench.call("build", (side, side, 1), CLASSES, FILTERS, UNITS, 0.1)
    return model, image(bench.normal(images, side, side, 1)), bench.integers(CLASSES, images), batch


@pytest.mark.parametrize("size", SIZES)
def bench_predict(bench, size):
    model, x, _, batch = made(bench, size)
    images, side, _ = SIZES[size]
    # The images and the weights are read, a class is written.
    moved = work.FLOAT * (images * side**2 + weights(side)) + work.LABEL * images
    flops = 2 * images * sum(products(side))
    bench.time("predict", model, x, batch, items=images, unit="images", flops=flops, bytes=moved)


@pytest.mark.parametrize("size", SIZES)
def bench_train(bench, size):
    model, x, y, batch = made(bench, size)
    images, side, _ = SIZES[size]
    # Forward, by the weights, and by the inputs, which the first layer does not need.
    flops = 2 * images * (3 * sum(products(side)) - products(side)[0])
    steps = -(-images // batch)
    moved = images * (work.FLOAT * side**2 + work.LABEL)
    moved += steps * work.FLOAT * 2 * MOMENTUM * weights(side)
    bench.time(
        "train", model, x, y, 1, batch, 0.01, bench.rng(1),
        items=images, unit="images", flops=flops, bytes=moved,
    )  # fmt: skip
