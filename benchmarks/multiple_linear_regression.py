"""Time exercises/multiple_linear_regression.py: a fit in closed form, and one by descent."""

import pytest

from katagrad.bench import work

SIZES = {"small": (331, 10), "large": (20_000, 200)}  # (rows, features); diabetes is the small one


@pytest.mark.parametrize("size", SIZES)
def bench_fit_closed_form(bench, size):
    rows, features = SIZES[size]
    x, y = bench.normal(rows, features), bench.normal(rows)
    # Operations depend on the method (normal equations, QR, singular values), so none are claimed.
    bench.time("fit_closed_form", x, y, l2=0.1, items=1, unit="fits", bytes=4 * rows * features)


@pytest.mark.parametrize("size", SIZES)
def bench_fit_gd(bench, size):
    rows, features = SIZES[size]
    x, y, epochs = bench.normal(rows, features), bench.normal(rows), 10
    # An epoch multiplies x with w, and its transpose with the errors: two operations a number each.
    flops = 4 * rows * features * epochs
    moved = 4 * rows * (features + 1) * epochs  # x and y are read in each
    bench.time(
        "fit_gd", x, y, lr=0.01, epochs=epochs, items=1, unit="fits", flops=flops, bytes=moved
    )


@pytest.mark.parametrize("size", SIZES)
def bench_standardize(bench, size):
    rows, features = SIZES[size]
    x = bench.normal(rows, features)
    # A sum; a difference, a square and a sum; a difference and a quotient. Read once and written once.
    counted = work.elementwise(rows * features, 6, 2)
    bench.time("standardize", x, items=rows, unit="rows", **counted)
