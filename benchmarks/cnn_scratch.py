"""Time exercises/cnn_scratch.py: prediction and an epoch of training, on digits and on MNIST's size."""

import pytest

from katagrad.authoring.expect import image, kernel
from katagrad.bench import work

# (images, side, batch); 8 and 16 filters, 32 units and 10 classes.
SIZES = {"small": (128, 8, 32), "mnist": (1_024, 28, 64)}
FILTERS, UNITS, CLASSES = (8, 16), 32, 10


def network(size):
    return work.ConvNet(SIZES[size][1], FILTERS, UNITS, CLASSES)


def made(bench, size):
    images, side, batch = SIZES[size]
    shapes = {"w3": (network(size).row, UNITS), "w4": (UNITS, CLASSES)}
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
    images = SIZES[size][0]
    counted = network(size).prediction(images)
    bench.time("predict", params, x, batch, items=images, unit="images", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_train(bench, size):
    params, x, y, batch = made(bench, size)
    images = SIZES[size][0]
    bench.time(
        "train", params, x, y, 1, batch, 0.01, 0.1, bench.rng(1),
        items=images, unit="images", **network(size).training(images, batch, work.MOMENTUM),
    )  # fmt: skip
