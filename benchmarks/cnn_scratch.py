"""Time exercises/cnn_scratch.py: prediction and an epoch of training, on digits and on MNIST's size."""

import pytest

from katagrad.authoring.expect import image, kernel
from katagrad.bench import work

# (images, side, batch); 8 and 16 filters, 32 units and 10 classes.
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
    return (
        9 * (FILTERS[0] + FILTERS[0] * FILTERS[1])
        + (flat + CLASSES) * UNITS
        + sum(FILTERS)
        + UNITS
        + CLASSES
    )


def made(bench, size):
    images, side, batch = SIZES[size]
    shapes = {"w3": ((side // 4) ** 2 * FILTERS[1], UNITS), "w4": (UNITS, CLASSES)}
    params = {name: bench.normal(*shape, scale=shape[0] ** -0.5) for name, shape in shapes.items()}
    params |= {
        f"b{i}": bench.normal(width) for i, width in enumerate((*FILTERS, UNITS, CLASSES), 1)
    }
    params["k1"] = kernel(bench.normal(3, 3, 1, FILTERS[0], scale=1 / 3))
    params["k2"] = kernel(bench.normal(3, 3, *FILTERS, scale=1 / 9))
    return (
        params,
        image(bench.normal(images, side, side, 1)),
        bench.integers(CLASSES, images),
        batch,
    )


@pytest.mark.parametrize("size", SIZES)
def bench_predict(bench, size):
    params, x, _, batch = made(bench, size)
    images, side, _ = SIZES[size]
    # The images and the weights are read, a class is written.
    moved = work.FLOAT * (images * side**2 + weights(side)) + work.LABEL * images
    flops = 2 * images * sum(products(side))
    bench.time("predict", params, x, batch, items=images, unit="images", flops=flops, bytes=moved)


@pytest.mark.parametrize("size", SIZES)
def bench_train(bench, size):
    params, x, y, batch = made(bench, size)
    images, side, _ = SIZES[size]
    # Forward, by the weights, and by the inputs, which the first layer does not need.
    flops = 2 * images * (3 * sum(products(side)) - products(side)[0])
    steps = -(-images // batch)
    moved = images * (
        work.FLOAT * side**2 + work.LABEL
    ) + steps * work.FLOAT * 2 * MOMENTUM * weights(side)
    bench.time(
        "train", params, x, y, 1, batch, 0.01, 0.1, bench.rng(1),
        items=images, unit="images", flops=flops, bytes=moved,
    )  # fmt: skip
