"""Time exercises/regression_model.py: an epoch of training, and prediction."""

import pytest

from katagrad.bench import work

SIZES = {
    "small": (10, (16,), 512, 32),
    "wide": (64, (256, 256), 16_384, 256),
}  # (inputs, hidden, rows, batch)


@pytest.mark.parametrize("size", SIZES)
def bench_fit(bench, size):
    n_in, hidden, rows, batch_size = SIZES[size]
    model = bench.call("build", n_in, hidden)
    x, y = bench.normal(rows, n_in), bench.normal(rows)
    counted = work.training([n_in, *hidden, 1], rows, batch_size, work.ADAM, target=4)
    bench.time("fit", model, x, y, 1, 0.001, batch_size, items=rows, unit="samples", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_predict(bench, size):
    n_in, hidden, rows, _ = SIZES[size]
    model = bench.call("build", n_in, hidden)
    counted = work.forward([n_in, *hidden, 1], rows)
    bench.time("predict", model, bench.normal(rows, n_in), items=rows, unit="samples", **counted)
