"""Time exercises/regularization.py on the weights of a small and of a wide MLP."""

from itertools import pairwise

import pytest

from katagrad.bench import work

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
    # An absolute value, a square, and the sums of both, over the matrices, which alone are penalised.
    counted = work.elementwise(work.weights(SIZES[size]), 4, 1)
    bench.time(
        "penalized_loss", loss, params, l1=1e-4, l2=1e-4,
        items=count, unit="parameters", **counted,
    )  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def bench_adam_step(bench, size):
    params, count = layers(bench, size)
    grads, zeros = layers(bench, size)[0], [0 * p for p in params]
    # Adam's 14 operations (see optimizers), and two each for the penalty and the decay. Weights, gradients and two
    # moments are read, and all but the gradients are written.
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
        **work.elementwise(count, 18, 7),
    )
