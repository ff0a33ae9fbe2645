"""Time exercises/batch_norm.py on a small batch and on layers of a residual network and a transformer."""

import pytest

from katagrad.expect import image

SIZES = {"small": (32, 8, 8, 16), "resnet": (64, 56, 56, 64)}  # (N, H, W, C)
ROWS = {"small": (256, 64), "gpt2": (8_192, 768)}  # (tokens, features)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("training", [True, False])
def bench_batch_norm(bench, size, training):
    n, height, width, channels = SIZES[size]
    x = image(bench.normal(n, height, width, channels))
    gamma, variance = bench.uniform(channels), bench.uniform(channels)
    beta, mean = bench.normal(channels), bench.normal(channels)
    pixels = n * height * width
    # Read once for the statistics in training, read and written once for the result, in float32.
    passes = 3 if training else 2
    bench.time(
        "batch_norm",
        x,
        gamma,
        beta,
        (mean, variance),
        training=training,
        items=pixels * channels,
        unit="elements",
        bytes=passes * 4 * pixels * channels,
    )


@pytest.mark.parametrize("size", SIZES)
def bench_batch_norm_backward(bench, size):
    shape = SIZES[size]
    dy, x = image(bench.normal(*shape)), image(bench.normal(*shape))
    elements = shape[0] * shape[1] * shape[2] * shape[3]
    gamma = bench.uniform(shape[-1])
    bench.time("batch_norm_backward", dy, x, gamma, items=elements, unit="elements")


@pytest.mark.parametrize("size", ROWS)
def bench_layer_norm(bench, size):
    rows, features = ROWS[size]
    x, gamma, beta = bench.normal(rows, features), bench.uniform(features), bench.normal(features)
    moved = 2 * 4 * rows * features  # read once, written once, in float32
    bench.time("layer_norm", x, gamma, beta, items=rows, unit="rows", bytes=moved)
