"""Time exercises/linear_regression.py: what a step costs when there is little, or much, to compute."""

import pytest

SIZES = {"small": 64, "large": 1_000_000}  # points


@pytest.mark.parametrize("size", SIZES)
def bench_fit(bench, size):
    points, epochs = SIZES[size], 10
    x, y = bench.normal(points), bench.normal(points)
    # For each point: 3 operations for w x + b - y, its square, its product with x, and three sums.
    flops = 8 * points * epochs
    moved = 2 * 4 * points * epochs  # x and y are read in each
    bench.time(
        "fit", x, y, lr=0.1, epochs=epochs,
        items=epochs, unit="epochs", flops=flops, bytes=moved,
    )  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def bench_mse_gradients(bench, size):
    points = SIZES[size]
    x, y, w, b = bench.normal(points), bench.normal(points), bench.normal(), bench.normal()
    # x and y are read once; 6 operations a point: w x + b - y, times x, and the two sums.
    bench.time(
        "mse_gradients", x, y, w, b,
        items=points, unit="points", flops=6 * points, bytes=2 * 4 * points,
    )  # fmt: skip
