"""Time exercises/classification_problem.py: an epoch of training, an evaluation, and the scaling of images."""

import pytest

from katagrad.bench import work

# (height and width, hidden widths, rows, batch size); ten classes
SIZES = {"small": (8, (64,), 256, 64), "mnist": (28, (256, 128), 8_192, 128)}


@pytest.mark.parametrize("size", SIZES)
def bench_train(bench, size):
    side, hidden, rows, batch_size = SIZES[size]
    x, y = bench.normal(rows, side**2), bench.integers(10, rows)
    model = bench.call("build", side**2, hidden, 10)
    # The few validation rows hardly count.
    counted = work.training([side**2, *hidden, 10], rows, batch_size, work.ADAM)
    few = bench.normal(2, side**2), bench.integers(10, 2)
    bench.time(
        "train", model, x, y, *few, 1, 0.001, batch_size,
        items=rows, unit="samples", **counted,
    )  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def bench_evaluate(bench, size):
    side, hidden, rows, _ = SIZES[size]
    model = bench.call("build", side**2, hidden, 10)
    x, y = bench.normal(rows, side**2), bench.integers(10, rows)
    # Sums are its result; labels of 8 bytes are read in place of logits that are written.
    widths = [side**2, *hidden, 10]
    counted = work.forward(widths, rows)
    counted["bytes"] += (work.LABEL - 10 * work.FLOAT) * rows
    bench.time("evaluate", model, x, y, items=rows, unit="samples", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_scale(bench, size):
    side, _, rows, _ = SIZES[size]
    images = bench.uniform(rows, side, side, high=255.0)
    counted = work.elementwise(rows * side**2, 2, 2)  # minus the mean, by the deviation
    bench.time("scale", images, 33.3, 78.6, items=rows, unit="images", **counted)
