"""Time exercises/broadcasting.py on tables of distances, and on stacks of matrices."""

import pytest

ROWS = {"small": (100, 16), "table": (2_000, 64)}  # (rows, coordinates)
STACKS = {"small": (4, 16), "stack": (64, 256)}  # (matrices, side)


@pytest.mark.parametrize("size", ROWS)
def bench_pairwise_sqdist(bench, size):
    rows, coordinates = ROWS[size]
    x, y = bench.normal(rows, coordinates), bench.normal(rows, coordinates)
    # A difference, a square and a sum for each coordinate of each pair.
    flops = 3 * rows * rows * coordinates
    bench.time("pairwise_sqdist", x, y, items=rows * rows, unit="distances", flops=flops)


@pytest.mark.parametrize("size", STACKS)
def bench_batched_matmul(bench, size):
    matrices, side = STACKS[size]
    a, b = bench.normal(matrices, side, side), bench.normal(side, side)
    flops = 2 * matrices * side**3
    bench.time("batched_matmul", a, b, items=matrices, unit="products", flops=flops)
