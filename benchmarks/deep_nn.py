"""Time exercises/deep_nn.py by depth: an epoch of training, and the gradient norms of one batch."""

import pytest

from katagrad.bench import work

SIZES = {
    "small": (2, 64, 256),
    "deep": (10, 64, 4_096),
    "wide": (10, 512, 4_096),
}  # (depth, width, rows)


@pytest.mark.parametrize("size", SIZES)
def bench_train(bench, size):
    depth, width, rows = SIZES[size]
    x, y = bench.normal(rows, 64), bench.integers(10, rows)
    model = bench.call("build", 64, (width,) * depth, 10)
    counted = work.training([64, *[width] * depth, 10], rows, 64, work.MOMENTUM)
    # The rate is 0, so that every round does the same work.
    bench.time("train", model, x, y, 1, 0.0, 64, items=rows, unit="samples", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_gradient_norms(bench, size):
    depth, width, rows = SIZES[size]
    x, y = bench.normal(rows, 64), bench.integers(10, rows)
    model = bench.call("build", 64, (width,) * depth, 10)
    counted = work.gradient([64, *[width] * depth, 10], rows)
    bench.time("gradient_norms", model, x, y, items=rows, unit="samples", **counted)
