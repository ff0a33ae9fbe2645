"""Time exercises/debugging.py: a repaired loop, and what its probes add to a step."""

from itertools import pairwise

import pytest

from katagrad.bench import work

SIZES = {"small": (64, 64, 10), "mnist": (784, 512, 512, 10)}  # widths of the layers
ROWS = 256


def network(bench, size):
    return [
        t for i, o in pairwise(SIZES[size]) for t in (0.05 * bench.normal(i, o), bench.normal(o))
    ]


@pytest.mark.parametrize("size", SIZES)
def bench_train_full_batch(bench, size):
    params, x = network(bench, size), bench.normal(ROWS, SIZES[size][0])
    y = bench.integers(10, ROWS)
    counted = work.training(SIZES[size], 5 * ROWS, ROWS, work.SGD)
    bench.time("train_full_batch", params, x, y, 5, 0.01, items=5, unit="steps", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_dead_relu_share(bench, size):
    params, x = network(bench, size), bench.normal(ROWS, SIZES[size][0])
    hidden = SIZES[size][:-1]
    counted = work.forward(hidden, ROWS)
    counted["bytes"] -= 4 * ROWS * hidden[-1]  # a share is all that is written
    bench.time("dead_relu_share", params, x, items=ROWS, unit="rows", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_nan_guard(bench, size):
    gradients = network(bench, size)
    count = sum(g.size for g in gradients)
    counted = work.elementwise(count, 1, 1)  # a comparison each
    bench.time("nan_guard", 1, bench.normal(), gradients, items=count, unit="parameters", **counted)
