"""Time exercises/multiple_outputs.py: an epoch of training, and the joint loss with its gradient."""

from itertools import pairwise

import pytest

SIZES = {
    "small": (64, (64,), 512, 32),
    "wide": (784, (512, 256), 8_192, 256),
}  # (inputs, hidden, rows, batch)


def products(n_in, hidden):
    """Floating-point operations of one row's way forward: a multiplication and an addition a weight."""
    return 2 * sum(a * b for a, b in pairwise([n_in, *hidden, 10 + 1]))


@pytest.mark.parametrize("size", SIZES)
def bench_train(bench, size):
    n_in, hidden, rows, batch_size = SIZES[size]
    model = bench.call("build", n_in, hidden, 10)
    x, targets = bench.normal(rows, n_in), (bench.integers(10, rows), bench.normal(rows))
    # Backward costs twice the forward products: one for the weights, one for the inputs.
    flops = 3 * rows * products(n_in, hidden)
    bench.time(
        "train", model, x, targets, (1.0, 0.5), 1, 0.001, batch_size,
        items=rows, unit="samples", flops=flops,
    )  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def bench_forward(bench, size):
    n_in, hidden, rows, _ = SIZES[size]
    model = bench.call("build", n_in, hidden, 10)
    flops = rows * products(n_in, hidden)
    bench.time("forward", model, bench.normal(rows, n_in), items=rows, unit="samples", flops=flops)
