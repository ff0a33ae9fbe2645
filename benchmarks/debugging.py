"""Time exercises/debugging.py: a repaired loop, and what its probes add to a step."""

from itertools import pairwise

import pytest

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
    # Forward, and backward by weights and by inputs: three products of 2 N in out each.
    flops = 5 * 3 * 2 * ROWS * sum(i * o for i, o in pairwise(SIZES[size]))
    bench.time("train_full_batch", params, x, y, 5, 0.01, items=5, unit="steps", flops=flops)


@pytest.mark.parametrize("size", SIZES)
def bench_dead_relu_share(bench, size):
    params, x = network(bench, size), bench.normal(ROWS, SIZES[size][0])
    bench.time("dead_relu_share", params, x, items=ROWS, unit="rows")


@pytest.mark.parametrize("size", SIZES)
def bench_nan_guard(bench, size):
    gradients = network(bench, size)
    count = sum(g.size for g in gradients)
    bench.time("nan_guard", 1, bench.normal(), gradients, items=count, unit="parameters")
