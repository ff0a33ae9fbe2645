"""Time exercises/regularization.py on the weights of a small and of a wide MLP."""

from itertools import pairwise

import pytest

SIZES = {"small": (64, 128, 10), "wide": (784, 4_096, 4_096, 10)}  # widths of the layers


def layers(bench, size):
    widths = SIZES[size]
    pairs = list(pairwise(widths))
    tensors = [t for i, o in pairs for t in (bench.normal(i, o), bench.normal(o))]
    return tensors, sum(t.size for t in tensors)


@pytest.mark.parametrize("size", SIZES)
def bench_penalized_loss(bench, size):
    params, count = layers(bench, size)
    loss = bench.normal()
    bench.time("penalized_loss", loss, params, l1=1e-4, l2=1e-4, items=count, unit="parameters")


@pytest.mark.parametrize("size", SIZES)
def bench_adam_step(bench, size):
    params, count = layers(bench, size)
    grads, zeros = layers(bench, size)[0], [0 * p for p in params]
    # Weights, gradients and two moments are read, and all but the gradients are written, in float32.
    bench.time(
        "adam_step",
        params,
        grads,
        (zeros, zeros),
        10,
        l2=1e-4,
        decay=1e-2,
        items=count,
        unit="parameters",
        bytes=7 * 4 * count,
    )
