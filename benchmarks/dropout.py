"""Time exercises/dropout.py on the hidden layer of an MLP and of a transformer."""

import pytest

from katagrad.bench import work

SIZES = {"small": (128, 512), "gpt2": (8_192, 3_072)}  # (rows, features)


@pytest.mark.parametrize("size", SIZES)
def bench_make_mask(bench, size):
    rows, features = SIZES[size]
    rng, elements = bench.rng(0), rows * features
    counted = work.elementwise(
        elements, 1, 1
    )  # a comparison; the draw's own operations are integers
    bench.time("make_mask", (rows, features), 0.1, rng, items=elements, unit="elements", **counted)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("backward", [False, True])
def bench_dropout(bench, size, backward):
    rows, features = SIZES[size]
    x, mask = bench.normal(rows, features), bench.integers(2, rows, features).astype("float32")
    elements = rows * features
    # A product and a quotient, and the same on the way back. x and the mask are read, and a result or gradient written.
    counted = work.elementwise(elements, 4 if backward else 2, 3)
    bench.time(
        "dropout", x, 0.5, mask, items=elements, unit="elements", backward=backward, **counted
    )
