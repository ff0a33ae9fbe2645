"""Time exercises/mlp_scratch.py: forward, and a step of training. neural_network has the same sizes with layers."""

from itertools import pairwise

import pytest

SIZES = {"small": (32, (64, 64, 10)), "mnist": (128, (784, 512, 256, 10))}  # (batch, widths)


def network(bench, widths):
    return [(bench.normal(n, m) / n**0.5, bench.normal(m)) for n, m in pairwise(widths)]


def products(widths):
    """Multiplications of one row with all weights."""
    return sum(n * m for n, m in pairwise(widths))


@pytest.mark.parametrize("size", SIZES)
def bench_forward(bench, size):
    batch, widths = SIZES[size]
    params, x = network(bench, widths), bench.normal(batch, widths[0])
    flops = 2 * batch * products(widths)  # a multiplication and an addition each
    bench.time("forward", params, x, items=batch, unit="samples", flops=flops)


@pytest.mark.parametrize("size", SIZES)
def bench_train_step(bench, size):
    batch, widths = SIZES[size]
    params, x = network(bench, widths), bench.normal(batch, widths[0])
    y = bench.integers(widths[-1], batch)
    # Forward, gradients by the weights, and gradients by the inputs of all layers but the first.
    flops = 2 * batch * (3 * products(widths) - widths[0] * widths[1])
    bench.time("train_step", params, x, y, lr=0.1, items=batch, unit="samples", flops=flops)
