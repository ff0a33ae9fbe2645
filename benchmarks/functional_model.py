"""Time exercises/functional_model.py: prediction, and an epoch of training."""

import numpy as np
import pytest

from katagrad.bench import work

SIZES = {"small": (256, (8, 8)), "fashion": (4_096, (28, 28))}  # (images, height and width)
WIDTHS = (128, 64)


def widths(in_shape):
    return [
        in_shape[0] * in_shape[1],
        WIDTHS[0],
        *WIDTHS,
        10,
    ]  # the skip connection adds no product


@pytest.mark.parametrize("size", SIZES)
def bench_predict(bench, size):
    count, in_shape = SIZES[size]
    model = bench.call("build", in_shape, 10, WIDTHS)
    images = bench.integers(256, count, *in_shape).astype(np.uint8)
    counted = work.forward(widths(in_shape), count)
    counted["bytes"] -= (work.FLOAT - 1) * images.size  # images of one byte a pixel
    bench.time("predict_proba", model, images, items=count, unit="images", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_train(bench, size):
    count, in_shape = SIZES[size]
    model = bench.call("build", in_shape, 10, WIDTHS)
    images = bench.integers(256, count, *in_shape).astype(np.uint8)
    labels = bench.integers(10, count)
    counted = work.training(widths(in_shape), count, 128, work.ADAM, value=1)  # a byte a pixel
    bench.time("train", model, images, labels, 1, 128, items=count, unit="images", **counted)
