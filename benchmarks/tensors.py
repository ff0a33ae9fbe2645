"""Time exercises/tensors.py: one-hot codes, and rows gathered from a table, as an embedding does."""

import pytest

SIZES = {"small": (256, 10, 64), "embedding": (16_384, 1_000, 256)}  # (labels, classes, width)


@pytest.mark.parametrize("size", SIZES)
def bench_one_hot(bench, size):
    labels, classes, _ = SIZES[size]
    given = bench.integers(classes, labels)
    elements = labels * classes
    # Labels of 8 bytes are read, elements of 4 bytes are written; nothing is computed in floating point.
    moved = 8 * labels + 4 * elements
    bench.time("one_hot", given, classes, items=elements, unit="elements", bytes=moved)


@pytest.mark.parametrize("size", SIZES)
def bench_pick_rows(bench, size):
    labels, classes, width = SIZES[size]
    table, given = bench.normal(classes, width), bench.integers(classes, labels)
    elements = labels * width
    moved = 8 * labels + 2 * 4 * elements
    bench.time("pick_rows", table, given, items=elements, unit="elements", bytes=moved)
