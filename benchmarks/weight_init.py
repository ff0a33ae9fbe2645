"""Time the draws of exercises/weight_init.py for a small layer and for one of a transformer."""

import pytest

SIZES = {"small": (128, 128), "transformer": (2_048, 2_048)}  # square, so the same in both layouts


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["xavier_uniform", "he_normal"])
def bench_draw(bench, size, name):
    rows, columns = SIZES[size]
    count = rows * columns
    # What is written once in float32; NumPy draws in float64 on the way, with operations on integers mostly.
    bench.time(name, SIZES[size], bench.rng(0), items=count, unit="weights", bytes=4 * count)
