"""Time exercises/deep_nn.py by depth: an epoch of training, and the gradient norms of one batch."""

import pytest

SIZES = {
    "small": (2, 64, 256),
    "deep": (10, 64, 4_096),
    "wide": (10, 512, 4_096),
}  # (depth, width, rows)


def products(depth, width):
    """Floating-point operations of one row's way forward: a multiplication and an addition a weight."""
    return 2 * (64 * width + (depth - 1) * width**2 + width * 10)


@pytest.mark.parametrize("size", SIZES)
def bench_train(bench, size):
    depth, width, rows = SIZES[size]
    x, y = bench.normal(rows, 64), bench.integers(10, rows)
    model = bench.call("build", 64, (width,) * depth, 10)
    # Backward costs twice the forward products. The rate is 0, so that every round does the same work.
    flops = 3 * rows * products(depth, width)
    bench.time("train", model, x, y, 1, 0.0, 64, items=rows, unit="samples", flops=flops)


@pytest.mark.parametrize("size", SIZES)
def bench_gradient_norms(bench, size):
    depth, width, rows = SIZES[size]
    x, y = bench.normal(rows, 64), bench.integers(10, rows)
    model = bench.call("build", 64, (width,) * depth, 10)
    flops = 3 * rows * products(depth, width)
    bench.time("gradient_norms", model, x, y, items=rows, unit="samples", flops=flops)
