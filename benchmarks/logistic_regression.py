"""Time exercises/logistic_regression.py: one gradient, and one pass of predictions."""

import pytest

SIZES = {
    "small": (426, 30),
    "large": (100_000, 200),
}  # (rows, features); breast cancer is the small one


@pytest.mark.parametrize("size", SIZES)
def bench_loss_and_grads(bench, size):
    rows, features = SIZES[size]
    x, y = bench.normal(rows, features), bench.integers(2, rows)
    w, b = bench.normal(features), bench.normal()
    # x times w, and its transpose times the errors: two operations a number each.
    flops = 4 * rows * features
    moved = 4 * rows * features + 8 * rows + 2 * 4 * features
    bench.time(
        "loss_and_grads", x, y, w, b, l2=0.1,
        items=rows, unit="samples", flops=flops, bytes=moved,
    )  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def bench_predict(bench, size):
    rows, features = SIZES[size]
    x, w, b = bench.normal(rows, features), bench.normal(features), bench.normal()
    # x is read, classes of 8 bytes are written.
    flops, moved = 2 * rows * features, 4 * rows * features + 8 * rows
    bench.time("predict", x, w, b, items=rows, unit="samples", flops=flops, bytes=moved)
