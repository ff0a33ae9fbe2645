"""Time exercises/one_layer_nn.py: one step of training by hand, on points in the plane."""

import pytest

SIZES = {"small": (300, 16), "large": (20_000, 256)}  # (points, hidden units)


@pytest.mark.parametrize("size", SIZES)
def bench_step(bench, size):
    points, hidden = SIZES[size]
    params = {
        "w1": bench.normal(2, hidden),
        "b1": bench.normal(hidden),
        "w2": bench.normal(hidden),
        "b2": bench.normal(1),
    }
    x, y = bench.normal(points, 2), bench.integers(2, points)
    # Products alone: x w1 and h w2 forward (6 operations a point and unit), and three backward, by w1, w2 and h
    # (4, 2 and 1). x and y are read, the parameters are read and written.
    flops = 13 * points * hidden
    moved = (2 * 4 + 8) * points + 2 * 4 * (4 * hidden + 1)
    bench.time("step", params, x, y, lr=0.1, items=1, unit="steps", flops=flops, bytes=moved)
