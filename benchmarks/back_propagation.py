"""Time exercises/back_propagation.py: the gradients of a two-layer network, and of a long formula."""

import pytest

from katagrad.bench import work

SIZES = {
    "small": (32, 20, 16, 5),
    "mnist": (1_024, 784, 256, 10),
}  # (samples, inputs, hidden, classes)
FORMULAS = {
    "small": 100,
    "long": 2_000,
}  # numbers in a formula; no path through it is 300 operations long


@pytest.mark.parametrize("size", SIZES)
def bench_two_layer_loss(bench, size):
    samples, inputs, hidden, classes = SIZES[size]
    params = {
        "w1": bench.normal(inputs, hidden),
        "b1": bench.normal(hidden),
        "w2": bench.normal(hidden, classes),
        "b2": bench.normal(classes),
    }
    x, y = bench.normal(samples, inputs), bench.integers(classes, samples)
    counted = work.gradient([inputs, hidden, classes], samples)
    bench.time("two_layer_loss", params, x, y, items=samples, unit="samples", **counted)


def formula(solution, numbers):
    """A sum of products with a turn every ten numbers: four operations a number, each gone through both ways."""
    result = solution.Value(0.0)
    for place in range(0, len(numbers), 10):
        term = solution.Value(0.0)
        for number in numbers[place : place + 10]:
            x = solution.Value(number)
            term = term + (x * x - 0.5) * x
        result = result + term.relu()
    result.backward()
    return result.data


@pytest.mark.parametrize("size", FORMULAS)
def bench_formula(bench, size):
    count = FORMULAS[size]
    bench.time(bench.drive(formula), bench.normal(count).tolist(), items=count, unit="numbers")
