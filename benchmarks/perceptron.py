"""Time exercises/perceptron.py: one epoch of the learning rule, row by row, and the step rule on all rows."""

import pytest

SIZES = {"small": (100, 2), "digits": (1_347, 64)}  # (samples, inputs)


@pytest.mark.parametrize("size", SIZES)
def bench_perceptron_fit(bench, size):
    samples, inputs = SIZES[size]
    x, y = bench.normal(samples, inputs), bench.integers(2, samples)
    # A product and a sum for each input, and at a mistake the same again for the step.
    flops = 2 * samples * inputs
    bench.time("perceptron_fit", x, y, epochs=1, items=samples, unit="samples", flops=flops)


@pytest.mark.parametrize("size", SIZES)
def bench_predict(bench, size):
    samples, inputs = SIZES[size]
    x, w, b = bench.normal(samples, inputs), bench.normal(inputs), bench.normal()
    moved = 4 * samples * (inputs + 2)
    bench.time("predict", x, w, b, items=samples, unit="samples", bytes=moved)
