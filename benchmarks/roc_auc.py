"""Time exercises/roc_auc.py on a test set and on a million impressions."""

import pytest

SIZES = {"small": (1_000, 10), "impressions": (1_000_000, 3)}  # (samples, classes)


@pytest.mark.parametrize("size", SIZES)
def bench_roc_curve(bench, size):
    samples, _ = SIZES[size]
    labels, scores = bench.integers(2, samples), bench.normal(samples)
    # One int64 and one float32 a sample must be read once; sorting reads them more often. How often it compares depends
    # on the order that it finds, so no operations are claimed.
    bench.time("roc_curve", labels, scores, items=samples, unit="samples", bytes=12 * samples)


@pytest.mark.parametrize("size", SIZES)
def bench_multiclass_auc(bench, size):
    samples, classes = SIZES[size]
    labels, probabilities = bench.integers(classes, samples), bench.uniform(samples, classes)
    moved = samples * (8 + 4 * classes)
    bench.time("multiclass_auc", labels, probabilities, items=samples, unit="samples", bytes=moved)
