"""Time exercises/broadcasting.py on tables of distances, and on stacks of matrices."""

import pytest

from katagrad.bench import work

ROWS = {"small": (100, 16), "table": (2_000, 64)}  # (rows, coordinates)
STACKS = {"small": (16, 64), "stack": (64, 256)}  # (matrices, side)


@pytest.mark.parametrize("size", ROWS)
def bench_pairwise_sqdist(bench, size):
    rows, coordinates = ROWS[size]
    x, y = bench.normal(rows, coordinates), bench.normal(rows, coordinates)
    # The distances follow from the product of x and y transposed; from differences they would take half as much again.
    counted = work.product(rows, coordinates, rows)
    bench.time("pairwise_sqdist", x, y, items=rows * rows, unit="distances", **counted)


@pytest.mark.parametrize("size", STACKS)
def bench_batched_matmul(bench, size):
    matrices, side = STACKS[size]
    a, b = bench.normal(matrices, side, side), bench.normal(side, side)
    # b is the same for all, so this is one product of a tall matrix.
    counted = work.product(matrices * side, side, side)
    bench.time("batched_matmul", a, b, items=matrices, unit="products", **counted)
