"""Time exercises/mlp_scratch.py: forward, and a step of training. neural_network has the same sizes with layers."""

from itertools import pairwise

import pytest

from katagrad.bench import work

SIZES = {"small": (32, (64, 64, 10)), "mnist": (128, (784, 512, 256, 10))}  # (batch, widths)


def network(bench, widths):
    return [(bench.normal(n, m) / n**0.5, bench.normal(m)) for n, m in pairwise(widths)]


@pytest.mark.parametrize("size", SIZES)
def bench_forward(bench, size):
    batch, widths = SIZES[size]
    params, x = network(bench, widths), bench.normal(batch, widths[0])
    counted = work.forward(widths, batch)
    bench.time("forward", params, x, items=batch, unit="samples", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_train_step(bench, size):
    batch, widths = SIZES[size]
    params, x = network(bench, widths), bench.normal(batch, widths[0])
    y = bench.integers(widths[-1], batch)
    counted = work.training(widths, batch, batch, work.SGD)
    bench.time("train_step", params, x, y, lr=0.1, items=batch, unit="samples", **counted)
