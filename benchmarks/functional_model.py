"""Time exercises/functional_model.py: prediction, and an epoch of training."""

import numpy as np
import pytest

SIZES = {"small": (256, (8, 8)), "fashion": (4_096, (28, 28))}  # (images, height and width)
WIDTHS = (128, 64)


def weights(in_shape):
    return in_shape[0] * in_shape[1] * WIDTHS[0] + WIDTHS[0] ** 2 + WIDTHS[0] * WIDTHS[1] + WIDTHS[1] * 10  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def bench_predict(bench, size):
    count, in_shape = SIZES[size]
    model = bench.call("build", in_shape, 10, WIDTHS)
    images = bench.integers(256, count, *in_shape).astype(np.uint8)
    # A multiplication and an addition a weight and image.
    flops = 2 * weights(in_shape) * count
    bench.time("predict_proba", model, images, items=count, unit="images", flops=flops)


@pytest.mark.parametrize("size", SIZES)
def bench_train(bench, size):
    count, in_shape = SIZES[size]
    model = bench.call("build", in_shape, 10, WIDTHS)
    images = bench.integers(256, count, *in_shape).astype(np.uint8)
    labels = bench.integers(10, count)
    # Forward, and twice as much backward: the gradients of the inputs and of the weights.
    flops = 3 * 2 * weights(in_shape) * count
    bench.time("train", model, images, labels, 1, 128, items=count, unit="images", flops=flops)
