"""Time exercises/activations.py on the hidden layer of a small and of a wide network."""

import pytest

from katagrad.bench import work

SIZES = {"small": (512, 512), "wide": (1_024, 4_096)}  # (samples, units)
# Operations an element, of the function and of its derivative, as they are written in books:
# 1 / (1 + exp(-x)), tanh x, max(x, 0), x / 2 (1 + erf(x / sqrt 2)), log(1 + exp x), ...
NAMES = {
    "sigmoid": (4, 6),
    "tanh": (1, 3),
    "relu": (1, 1),
    "leaky_relu": (2, 1),
    "elu": (4, 3),
    "selu": (5, 4),
    "gelu": (5, 10),
    "softplus": (3, 4),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def bench_activation(bench, size, name):
    x = bench.normal(*SIZES[size])
    bench.time(
        name, x, items=x.size, unit="elements", **work.elementwise(x.size, NAMES[name][0], 2)
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def bench_derivative(bench, size, name):
    x = bench.normal(*SIZES[size])
    counted = work.elementwise(x.size, NAMES[name][1], 2)
    bench.time(f"{name}_grad", x, items=x.size, unit="elements", **counted)
