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
    # Products alone: x w1 and h w2 forward (6 operations a point and unit), their three gradients backward (8);
    # a tanh and its slope cost some operations more.
    flops = 14 * points * hidden
    bench.time("step", params, x, y, lr=0.1, items=1, unit="steps", flops=flops)
