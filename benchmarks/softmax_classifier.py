"""Time exercises/softmax_classifier.py: a step of training, and an epoch of small batches."""

import pytest

from katagrad.bench import work

SIZES = {"small": (32, 64, 10), "mnist": (128, 784, 10)}  # (batch, features, classes)


def parameters(bench, features, classes):
    return {"w": 0.01 * bench.normal(features, classes), "b": bench.normal(classes)}


@pytest.mark.parametrize("size", SIZES)
def bench_train_step(bench, size):
    batch, features, classes = SIZES[size]
    params = parameters(bench, features, classes)
    x, y = bench.normal(batch, features), bench.integers(classes, batch)
    counted = work.training([features, classes], batch, batch, work.SGD)
    bench.time("train_step", params, x, y, lr=0.1, items=batch, unit="samples", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_train(bench, size):
    batch, features, classes = SIZES[size]
    rows = 20 * batch
    params = parameters(bench, features, classes)
    x, y = bench.normal(rows, features), bench.integers(classes, rows)
    budget = {"lr": 0.1, "epochs": 1, "batch": batch, "rng": bench.rng(0)}
    counted = work.training([features, classes], rows, batch, work.SGD)
    bench.time("train", params, x, y, **budget, items=rows, unit="samples", **counted)
