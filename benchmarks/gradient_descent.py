"""Time an epoch of exercises/gradient_descent.py by batch size."""

import pytest

from katagrad.authoring.functions import function

SIZES = {"small": (256, 16), "tall": (8_192, 256)}  # (rows, features)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("batch", [32, 256])
def bench_fit(bench, size, batch):
    rows, features = SIZES[size]
    loss = function(lambda params, x, y: ((x @ params["w"] - y) ** 2).mean())
    params = {"w": bench.normal(features, 1)}
    x, y = bench.normal(rows, features), bench.normal(rows, 1)
    # x @ w in the step, x^T @ residual in its gradient, and x @ w once more for the history.
    flops = 3 * 2 * rows * features
    # x and y are read in the steps and for the history; w is read and written in each step.
    moved = 4 * (2 * rows * (features + 1) + 2 * features * -(-rows // batch))
    bench.time(
        "fit", loss, params, x, y, batch, 1e-4, 1, bench.rng(0),
        items=rows, unit="samples", flops=flops, bytes=moved,
    )  # fmt: skip
