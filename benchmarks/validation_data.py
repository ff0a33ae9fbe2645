"""Time exercises/validation_data.py on the rows of a small table and of a large one."""

import numpy as np
import pytest

SIZES = {"small": (1_000, 10), "large": (200_000, 50)}  # (rows, features)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("stratified", [False, True])
def bench_split(bench, size, stratified):
    rows, _ = SIZES[size]
    labels = bench.integers(10, rows) if stratified else None
    rng, fractions = bench.rng(0), (0.6, 0.2, 0.2)
    moved = (16 if stratified else 8) * rows  # indices of 8 bytes are written; labels of 8 are read
    bench.time("split", rows, fractions, rng, labels, items=rows, unit="rows", bytes=moved)


@pytest.mark.parametrize("size", SIZES)
def bench_cross_validate(bench, size):
    rows, features = SIZES[size]
    parts = np.array_split(np.random.default_rng(0).permutation(rows), 5)
    folds = [(np.concatenate(parts[:i] + parts[i + 1 :]), parts[i]) for i in range(5)]
    x, y = bench.normal(rows, features), bench.normal(rows)
    # The Gram matrix of four fifths of the rows, in each of five folds; the rest is small beside it.
    flops = 5 * 2 * (4 * rows // 5) * features**2
    moved = 5 * rows * (4 * features + 4 + 8)  # in each fold, all rows and their numbers are read
    bench.time("cross_validate", x, y, folds, 0.1, items=5, unit="fits", flops=flops, bytes=moved)
