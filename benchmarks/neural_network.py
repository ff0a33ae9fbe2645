"""Time exercises/neural_network.py: training and prediction of a small network and of MNIST's usual one."""

import pytest

from katagrad.bench import work

# (inputs, hidden widths, classes, rows, batch size)
SIZES = {"small": (64, (64,), 10, 256, 32), "mnist": (784, (128, 64), 10, 8_192, 128)}


@pytest.mark.parametrize("size", SIZES)
def bench_train(bench, size):
    n_in, hidden, n_classes, rows, batch_size = SIZES[size]
    x, y = bench.normal(rows, n_in), bench.integers(n_classes, rows)
    model = bench.call("build", n_in, hidden, n_classes)
    counted = work.training([n_in, *hidden, n_classes], rows, batch_size, work.SGD)
    # The rate is 0, so that every round does the same work on the same weights.
    bench.time("train", model, x, y, 1, 0.0, batch_size, items=rows, unit="samples", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_predict(bench, size):
    n_in, hidden, n_classes, rows, _ = SIZES[size]
    model = bench.call("build", n_in, hidden, n_classes)
    counted = work.forward([n_in, *hidden, n_classes], rows)
    bench.time("predict", model, bench.normal(rows, n_in), items=rows, unit="samples", **counted)
