"""Softmax by hand against the framework's own, against itself compiled, and on all threads."""

import pytest

from katagrad.bench.pairs import own

SIZES = {"small": (256, 1_000), "gpt2": (1_024, 50_257)}  # (rows, classes)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("against", [own("softmax"), "compiled", "threads"], ids=str)
def bench_softmax(bench, size, against):
    rows, classes = SIZES[size]
    bench.time("softmax", bench.normal(rows, classes), items=rows, unit="rows", against=against)


@pytest.mark.parametrize("size", SIZES)
def bench_softmax_gradient(bench, size):
    rows, classes = SIZES[size]
    x = bench.normal(rows, classes)
    bench.time("softmax", x, items=rows, unit="rows", backward=True, against=own("softmax"))
