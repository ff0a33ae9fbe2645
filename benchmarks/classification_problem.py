"""Time exercises/classification_problem.py: an epoch of training, an evaluation, and the scaling of images."""

from itertools import pairwise

import pytest

# (height and width, hidden widths, rows, batch size); ten classes
SIZES = {"small": (8, (64,), 256, 64), "mnist": (28, (256, 128), 8_192, 128)}


def products(n_in, hidden):
    """Floating-point operations of one row's way forward: a multiplication and an addition a weight."""
    return 2 * sum(a * b for a, b in pairwise([n_in, *hidden, 10]))


@pytest.mark.parametrize("size", SIZES)
def bench_train(bench, size):
    side, hidden, rows, batch_size = SIZES[size]
    x, y = bench.normal(rows, side**2), bench.integers(10, rows)
    model = bench.call("build", side**2, hidden, 10)
    # Backward costs twice the forward products. The few validation rows hardly count.
    flops = 3 * rows * products(side**2, hidden)
    few = bench.normal(2, side**2), bench.integers(10, 2)
    bench.time(
        "train", model, x, y, *few, 1, 0.001, batch_size,
        items=rows, unit="samples", flops=flops,
    )  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def bench_evaluate(bench, size):
    side, hidden, rows, _ = SIZES[size]
    model = bench.call("build", side**2, hidden, 10)
    x, y = bench.normal(rows, side**2), bench.integers(10, rows)
    flops = rows * products(side**2, hidden)
    bench.time("evaluate", model, x, y, items=rows, unit="samples", flops=flops)


@pytest.mark.parametrize("size", SIZES)
def bench_scale(bench, size):
    side, _, rows, _ = SIZES[size]
    images = bench.uniform(rows, side, side, high=255.0)
    # Each pixel is read once and written once, 4 bytes either way.
    bench.time("scale", images, 33.3, 78.6, items=rows, unit="images", bytes=2 * 4 * rows * side**2)
