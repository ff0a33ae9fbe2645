"""Time exercises/softmax.py on the last layer of a classifier and of a language model."""

import pytest

SIZES = {"small": (256, 1_000), "gpt2": (1_024, 50_257)}  # (rows, classes)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("function", ["softmax", "log_softmax"])
def bench_softmax(bench, size, function):
    rows, classes = SIZES[size]
    x = bench.normal(rows, classes)
    # Read once, written once, in float32; what is moved in between is the implementation's affair.
    bench.time(function, x, items=rows, unit="rows", bytes=2 * 4 * rows * classes)


@pytest.mark.parametrize("size", SIZES)
def bench_softmax_gradient(bench, size):
    rows, classes = SIZES[size]
    bench.time("softmax", bench.normal(rows, classes), items=rows, unit="rows", backward=True)
