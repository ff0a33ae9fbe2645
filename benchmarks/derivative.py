"""Time exercises/derivative.py on a function of many variables."""

import pytest

from katagrad.authoring.functions import exp, function, sin

SIZES = {"small": 10, "thousand": 1_000}  # variables
WAVE = function(lambda x: (sin(x) * exp(x)).sum())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["numerical_grad", "autograd_grad"])
def bench_gradient(bench, size, name):
    variables = SIZES[size]
    # f is sin, exp, a product and a sum for each variable. Central differences evaluate it twice for each variable;
    # a tape once, and goes back by a cosine, four products and a sum. x is read, the gradient is written.
    once = 4 * variables
    flops = 2 * variables * once if name == "numerical_grad" else once + 6 * variables
    x, moved = bench.normal(variables), 2 * 4 * variables
    bench.time(name, WAVE, x, items=1, unit="gradients", flops=flops, bytes=moved)


@pytest.mark.parametrize("size", SIZES)
def bench_jacobian(bench, size):
    variables = SIZES[size]
    f = function(lambda x: sin(x) * x.sum())
    elements = variables**2  # that are written; operations depend on the mode, so none are claimed
    bench.time(
        "jacobian", f, bench.normal(variables), items=elements, unit="elements", bytes=4 * elements
    )
