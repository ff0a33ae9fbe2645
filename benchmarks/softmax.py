"""Time exercises/softmax.py on the last layer of a classifier and of a language model."""

import pytest

from katagrad.bench import work

SIZES = {"small": (256, 1_000), "gpt2": (1_024, 50_257)}  # (rows, classes)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("function", ["softmax", "log_softmax"])
def bench_softmax(bench, size, function):
    rows, classes = SIZES[size]
    x = bench.normal(rows, classes)
    # The largest, the difference from it, an exp, a sum, and a quotient, or the difference from the sum's logarithm.
    counted = work.elementwise(rows * classes, 5, 2)
    bench.time(function, x, items=rows, unit="rows", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_softmax_gradient(bench, size):
    rows, classes = SIZES[size]
    # On the way back p (v - sum(p v)): two products, a sum, a difference. x is read, its gradient is written.
    counted = work.elementwise(rows * classes, 5 + 4, 2)
    x = bench.normal(rows, classes)
    bench.time("softmax", x, items=rows, unit="rows", backward=True, **counted)
