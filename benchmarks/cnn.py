"""Time exercises/cnn.py: prediction and an epoch of training, with the sizes of cnn_scratch."""

import pytest

from katagrad.authoring.expect import image
from katagrad.bench import work

# (images, side, batch); 8 and 16 filters, 32 units and 10 classes, as in cnn_scratch.
SIZES = {"small": (128, 8, 32), "mnist": (1_024, 28, 64)}
FILTERS, UNITS, CLASSES = (8, 16), 32, 10


def network(size):
    return work.ConvNet(SIZES[size][1], FILTERS, UNITS, CLASSES)


def made(bench, size):
    images, side, batch = SIZES[size]
    model = bench.call("build", (side, side, 1), CLASSES, FILTERS, UNITS, 0.1)
    return model, image(bench.normal(images, side, side, 1)), bench.integers(CLASSES, images), batch


@pytest.mark.parametrize("size", SIZES)
def bench_predict(bench, size):
    model, x, _, batch = made(bench, size)
    images = SIZES[size][0]
    counted = network(size).prediction(images)
    bench.time("predict", model, x, batch, items=images, unit="images", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_train(bench, size):
    model, x, y, batch = made(bench, size)
    images = SIZES[size][0]
    bench.time(
        "train", model, x, y, 1, batch, 0.01, bench.rng(1),
        items=images, unit="images", **network(size).training(images, batch, work.MOMENTUM),
    )  # fmt: skip
