"""Time exercises/quantization.py: rounding weights, a layer of integers, and a whole network."""

import itertools

import pytest

from katagrad.bench import work

# (rows, inputs, outputs)
SIZES = {"small": (64, 256, 128), "wide": (256, 1_024, 1_024)}


def quantized(inputs, outputs):
    """Bytes of a layer's weights in int8, and of its scales and biases."""
    return inputs * outputs + work.FLOAT * 2 * outputs


@pytest.mark.parametrize("size", SIZES)
def bench_quantize_weights(bench, size):
    _, inputs, outputs = SIZES[size]
    # The largest |w| of a column, a division and a rounding; floats are read, a byte each is written.
    count = inputs * outputs
    counted = {"flops": 4 * count, "bytes": (work.FLOAT + 1) * count + work.FLOAT * outputs}
    bench.time(
        "quantize_weights", bench.normal(inputs, outputs), items=count, unit="weights", **counted
    )


@pytest.mark.parametrize("size", SIZES)
def bench_logits(bench, size):
    rows, inputs, outputs = SIZES[size]
    widths = (inputs, outputs, 10)
    layers = [(bench.normal(a, b), bench.normal(b)) for a, b in itertools.pairwise(widths)]
    network = bench.call("quantize_network", layers, bench.normal(rows, inputs))
    # Products of integers count as those of floats do.
    moved = sum(quantized(a, b) for a, b in itertools.pairwise(widths))
    moved += work.FLOAT * rows * (inputs + 10)
    counted = {"flops": work.forward(widths, rows)["flops"], "bytes": moved}
    bench.time("logits", network, bench.normal(rows, inputs), items=rows, unit="rows", **counted)
