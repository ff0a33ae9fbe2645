"""Time exercises/dropout.py on the hidden layer of an MLP and of a transformer."""

import pytest

SIZES = {"small": (128, 512), "gpt2": (8_192, 3_072)}  # (rows, features)


@pytest.mark.parametrize("size", SIZES)
def bench_make_mask(bench, size):
    rows, features = SIZES[size]
    rng, elements = bench.rng(0), rows * features
    bench.time("make_mask", (rows, features), 0.1, rng, items=elements, unit="elements")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("backward", [False, True])
def bench_dropout(bench, size, backward):
    rows, features = SIZES[size]
    x, mask = bench.normal(rows, features), bench.integers(2, rows, features).astype("float32")
    elements = rows * features
    # x and the mask are read once, the result is written once, in float32.
    moved = None if backward else 3 * 4 * elements
    bench.time(
        "dropout", x, 0.5, mask, items=elements, unit="elements", bytes=moved, backward=backward
    )
