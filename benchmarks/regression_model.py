"""Time exercises/regression_model.py: an epoch of training, and prediction."""

from itertools import pairwise

import pytest

SIZES = {
    "small": (10, (16,), 512, 32),
    "wide": (64, (256, 256), 16_384, 256),
}  # (inputs, hidden, rows, batch)


def products(n_in, hidden):
    """Floating-point operations of one row's way forward: a multiplication and an addition a weight."""
    return 2 * sum(a * b for a, b in pairwise([n_in, *hidden, 1]))


@pytest.mark.parametrize("size", SIZES)
def bench_fit(bench, size):
    n_in, hidden, rows, batch_size = SIZES[size]
    model = bench.call("build", n_in, hidden)
    x, y = bench.normal(rows, n_in), bench.normal(rows)
    # Backward costs twice the forward products: one for the weights, one for the inputs.
    flops = 3 * rows * products(n_in, hidden)
    bench.time("fit", model, x, y, 1, 0.001, batch_size, items=rows, unit="samples", flops=flops)


@pytest.mark.parametrize("size", SIZES)
def bench_predict(bench, size):
    n_in, hidden, rows, _ = SIZES[size]
    model = bench.call("build", n_in, hidden)
    flops = rows * products(n_in, hidden)
    bench.time("predict", model, bench.normal(rows, n_in), items=rows, unit="samples", flops=flops)
