"""Time exercises/metrics.py on a test set and on the pixels of a segmentation."""

import pytest

from katagrad.bench import work

SIZES = {"small": (1_000, 10), "pixels": (1_000_000, 21)}  # (samples, classes)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("function", ["confusion_matrix", "precision_recall_f1"])
def bench_metrics(bench, size, function):
    samples, classes = SIZES[size]
    labels, predictions = bench.integers(classes, samples), bench.integers(classes, samples)
    # Two int64 tensors must be read once. Counting is done in integers, so no floating-point operations are claimed.
    bench.time(
        function,
        labels,
        predictions,
        classes,
        items=samples,
        unit="samples",
        bytes=2 * 8 * samples,
    )


@pytest.mark.parametrize("size", SIZES)
def bench_r2(bench, size):
    samples, _ = SIZES[size]
    target, prediction = bench.normal(samples), bench.normal(samples)
    # A sum for the mean, and twice a difference, a square and a sum.
    counted = work.elementwise(samples, 7, 2)
    bench.time("r2", target, prediction, items=samples, unit="samples", **counted)
