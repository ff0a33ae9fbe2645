"""A network from tensors against one from layers; forward, against itself compiled and on all threads."""

from itertools import pairwise

import pytest

from katagrad.bench.pairs import own

SIZES = {"small": (32, (64, 64, 10)), "mnist": (128, (784, 512, 256, 10))}  # (batch, widths)


def network(bench, widths):
    return [(bench.normal(n, m) / n**0.5, bench.normal(m)) for n, m in pairwise(widths)]


@pytest.mark.parametrize("size", SIZES)
def bench_train_step(bench, size):
    batch, widths = SIZES[size]
    x, y = bench.normal(batch, widths[0]), bench.integers(widths[-1], batch)
    params, layers = network(bench, widths), own("layers", made=(widths,))
    bench.time("train_step", params, x, y, lr=0.1, items=batch, unit="samples", against=layers)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("against", ["compiled", "threads"])
def bench_forward(bench, size, against):
    batch, widths = SIZES[size]
    params, x = network(bench, widths), bench.normal(batch, widths[0])
    bench.time("forward", params, x, items=batch, unit="samples", against=against)
