"""Time exercises/autoencoder.py: an epoch of denoising, the errors of rows, and their threshold."""

import pytest

from katagrad.bench import work

# (features, hidden widths, code, rows, batch size)
SIZES = {"small": (64, (64,), 16, 512, 32), "mnist": (784, (256, 64), 32, 8_192, 128)}
# Errors of which a quantile is taken.
ERRORS = {"small": 10_000, "mnist": 1_000_000}


def widths(size):
    features, hidden, code, _, _ = SIZES[size]
    return [features, *hidden, code, *hidden[::-1], features]


@pytest.mark.parametrize("size", SIZES)
def bench_train(bench, size):
    features, hidden, code, rows, batch = SIZES[size]
    model = bench.call("build", features, code, hidden)
    # The target is the row itself, which is read once.
    counted = work.training(widths(size), rows, batch, work.ADAM, target=0)
    given = model, bench.uniform(rows, features), 1, batch, 0.001, bench.rng(1), 0.3
    bench.time("train", *given, items=rows, unit="samples", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_reconstruction_error(bench, size):
    features, hidden, code, rows, _ = SIZES[size]
    model = bench.call("build", features, code, hidden)
    layers = widths(size)
    # The rows are read, and one number of each is written.
    moved = work.FLOAT * (rows * (features + 1) + work.parameters(layers))
    counted = {"flops": work.forward(layers, rows)["flops"], "bytes": moved}
    given = model, bench.uniform(rows, features)
    bench.time("reconstruction_error", *given, items=rows, unit="samples", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_fit_threshold(bench, size):
    count = ERRORS[size]
    # How many comparisons a quantile needs depends on the errors.
    moved = work.FLOAT * (count + 1)
    errors = bench.uniform(count)
    bench.time("fit_threshold", errors, 0.95, items=count, unit="errors", bytes=moved)
