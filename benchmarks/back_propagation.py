"""Time exercises/back_propagation.py: the gradients of a two-layer network, and of a long formula."""

import pytest

SIZES = {
    "small": (32, 20, 16, 5),
    "mnist": (1_024, 784, 256, 10),
}  # (samples, inputs, hidden, classes)


@pytest.mark.parametrize("size", SIZES)
def bench_two_layer_loss(bench, size):
    samples, inputs, hidden, classes = SIZES[size]
    params = {
        "w1": bench.normal(inputs, hidden),
        "b1": bench.normal(hidden),
        "w2": bench.normal(hidden, classes),
        "b2": bench.normal(classes),
    }
    x, y = bench.normal(samples, inputs), bench.integers(classes, samples)
    # Each layer is three matrix products, forward, dx and dw, of 2 operations per sample and weight.
    flops = 3 * 2 * samples * (inputs * hidden + hidden * classes)
    bench.time("two_layer_loss", params, x, y, items=samples, unit="samples", flops=flops)
