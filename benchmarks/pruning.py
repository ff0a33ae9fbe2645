"""Time exercises/pruning.py: masks over a network, a masked step, and clusters of weights."""

import itertools
import math

import numpy as np
import pytest

from katagrad.bench import work

# The widths of dense layers.
SIZES = {"small": (64, 128, 10), "wide": (784, 1_024, 1_024, 10)}
VALUES, ITERATIONS = 16, 5


def network(bench, size):
    shapes = itertools.pairwise(SIZES[size])
    return {f"w{i}": bench.normal(*shape) for i, shape in enumerate(shapes)}


@pytest.mark.parametrize("size", SIZES)
def bench_magnitude_masks(bench, size):
    count = work.weights(SIZES[size])
    # An absolute value each, and the comparisons of a sort. Floats are read, a byte each is written.
    counted = {"flops": count * (1 + math.log2(count)), "bytes": (work.FLOAT + 1) * count}
    given = network(bench, size), 0.75, "global"
    bench.time("magnitude_masks", *given, items=count, unit="weights", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_masked_step(bench, size):
    count = work.weights(SIZES[size])
    params, grads, velocity = (network(bench, size) for _ in range(3))
    shapes = itertools.pairwise(SIZES[size])
    masks = {f"w{i}": np.indices(shape).sum(0) % 4 == 0 for i, shape in enumerate(shapes)}
    # Two products, a sum, a difference and two choices; three tensors and a mask are read, two are written.
    counted = {"flops": 6 * count, "bytes": (5 * work.FLOAT + 1) * count}
    given = params, grads, velocity, masks, 0.1
    bench.time("masked_step", *given, items=count, unit="weights", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_cluster(bench, size):
    rows, columns = SIZES[size][:2]
    count = rows * columns // 8
    # A difference, an absolute value and a comparison for each pair, once more than there are iterations, and a sum.
    flops = count * (3 * VALUES * (ITERATIONS + 1) + ITERATIONS)
    moved = (work.FLOAT + work.LABEL) * count + work.FLOAT * VALUES
    given = bench.normal(count), VALUES, ITERATIONS
    bench.time("cluster", *given, items=count, unit="weights", flops=flops, bytes=moved)
