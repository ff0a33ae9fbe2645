"""Time exercises/derivative.py on a function of many variables."""

import pytest

from katagrad.expression import exp, function, sin

SIZES = {"small": 10, "thousand": 1_000}  # variables
WAVE = function(lambda x: (sin(x) * exp(x)).sum())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["numerical_grad", "autograd_grad"])
def bench_gradient(bench, size, name):
    variables = SIZES[size]
    # A central difference evaluates f twice for each variable, a tape about thrice in all.
    bench.time(name, WAVE, bench.normal(variables), items=1, unit="gradients")


@pytest.mark.parametrize("size", SIZES)
def bench_jacobian(bench, size):
    variables = SIZES[size]
    f = function(lambda x: sin(x) * x.sum())
    elements = variables**2
    bench.time(
        "jacobian", f, bench.normal(variables), items=elements, unit="elements", bytes=4 * elements
    )
