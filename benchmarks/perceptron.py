"""Time exercises/perceptron.py: one epoch of the learning rule, row by row, and the step rule on all rows."""

import pytest

SIZES = {"small": (100, 2), "digits": (1_347, 64)}  # (samples, inputs)
ROWS = {
    "small": (10_000, 16),
    "digits": (100_000, 64),
}  # of a prediction, which takes them all at once


@pytest.mark.parametrize("size", SIZES)
def bench_perceptron_fit(bench, size):
    samples, inputs = SIZES[size]
    x, y = bench.normal(samples, inputs), bench.integers(2, samples)
    # A product and a sum for each input, and at a mistake the same again for the step.
    flops = 2 * samples * inputs
    moved = samples * (4 * inputs + 8)
    bench.time(
        "perceptron_fit", x, y, epochs=1,
        items=samples, unit="samples", flops=flops, bytes=moved,
    )  # fmt: skip


@pytest.mark.parametrize("size", ROWS)
def bench_predict(bench, size):
    samples, inputs = ROWS[size]
    x, w, b = bench.normal(samples, inputs), bench.normal(inputs), bench.normal()
    # x is read, classes of 8 bytes are written.
    flops, moved = 2 * samples * inputs, samples * (4 * inputs + 8)
    bench.time("predict", x, w, b, items=samples, unit="samples", flops=flops, bytes=moved)
