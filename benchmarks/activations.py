"""Time exercises/activations.py on the hidden layer of a small and of a wide network."""

import pytest

SIZES = {"small": (64, 256), "wide": (1_024, 4_096)}  # (samples, units)
NAMES = ["sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "softplus"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def bench_activation(bench, size, name):
    x = bench.normal(*SIZES[size])
    # Read once and written once, in float32.
    bench.time(name, x, items=x.size, unit="elements", bytes=2 * 4 * x.size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def bench_derivative(bench, size, name):
    x = bench.normal(*SIZES[size])
    bench.time(f"{name}_grad", x, items=x.size, unit="elements", bytes=2 * 4 * x.size)
