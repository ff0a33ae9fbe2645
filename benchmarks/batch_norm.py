"""Time exercises/batch_norm.py on a small batch and on layers of a residual network and a transformer."""

import pytest

from katagrad.authoring.expect import image
from katagrad.bench import work

SIZES = {"small": (32, 8, 8, 16), "resnet": (64, 56, 56, 64)}  # (N, H, W, C)
ROWS = {"small": (256, 64), "gpt2": (8_192, 768)}  # (tokens, features)
# Operations an element. Statistics: a sum, and a difference, a square and a sum; then the difference from the mean,
# the scale and the offset (a product for 1 / s and one for gamma where they differ from element to element).
STATISTICS, AFFINE = 4, 3


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("training", [True, False])
def bench_batch_norm(bench, size, training):
    n, height, width, channels = SIZES[size]
    x = image(bench.normal(n, height, width, channels))
    gamma, variance = bench.uniform(channels), bench.uniform(channels)
    beta, mean = bench.normal(channels), bench.normal(channels)
    pixels = n * height * width
    counted = work.elementwise(pixels * channels, training * STATISTICS + AFFINE, 2)
    bench.time(
        "batch_norm",
        x,
        gamma,
        beta,
        (mean, variance),
        training=training,
        items=pixels * channels,
        unit="elements",
        **counted,
    )


@pytest.mark.parametrize("size", SIZES)
def bench_batch_norm_backward(bench, size):
    shape = SIZES[size]
    dy, x = image(bench.normal(*shape)), image(bench.normal(*shape))
    elements = shape[0] * shape[1] * shape[2] * shape[3]
    gamma = bench.uniform(shape[-1])
    # The statistics, x normalised (2), two sums over dy (3), and dx from them (4). dy and x are read, dx is written.
    counted = work.elementwise(elements, STATISTICS + 9, 3)
    bench.time("batch_norm_backward", dy, x, gamma, items=elements, unit="elements", **counted)


@pytest.mark.parametrize("size", ROWS)
def bench_layer_norm(bench, size):
    rows, features = ROWS[size]
    x, gamma, beta = bench.normal(rows, features), bench.uniform(features), bench.normal(features)
    counted = work.elementwise(rows * features, STATISTICS + AFFINE + 1, 2)
    bench.time("layer_norm", x, gamma, beta, items=rows, unit="rows", **counted)
