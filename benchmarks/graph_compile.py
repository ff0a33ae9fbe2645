"""Time exercises/graph_compile.py: updates of a running mean by a graph."""

import pytest

# (rows, width)
SIZES = {"small": (32, 16), "wide": (1_024, 256)}


@pytest.mark.parametrize("size", SIZES)
def bench_update(bench, size):
    rows, width = SIZES[size]
    mean = bench.call("RunningMean", width)
    x = bench.normal(rows, width)
    # One sum for each number; rows are read, sums, count and mean are written.
    counted = {"flops": rows * width, "bytes": 4 * (rows * width + 2 * width + 1)}
    bench.time((mean, "update"), x, items=rows, unit="rows", **counted)
