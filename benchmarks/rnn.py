"""Time exercises/rnn.py: a sequence forward, and forward and backward through time."""

import pytest

from katagrad.authoring.expect import opaque
from katagrad.bench import work

# (sequences, steps, inputs, units)
SIZES = {"small": (16, 12, 8, 16), "text": (64, 100, 128, 256)}


def arguments(bench, size):
    batch, steps, inputs, units = SIZES[size]
    return (
        bench.normal(batch, steps, inputs),
        bench.normal(batch, units),
        bench.normal(inputs, units, scale=0.1),
        bench.normal(units, units, scale=0.1),
        bench.normal(units, scale=0.1),
    )


@pytest.mark.parametrize("size", SIZES)
def bench_rnn_forward(bench, size):
    batch, steps, inputs, units = SIZES[size]
    # Two products a step; adding and tanh between them do not count.
    one, other = work.product(batch, inputs, units), work.product(batch, units, units)
    counted = {key: steps * (one[key] + other[key]) for key in one}
    bench.time("rnn_forward", *arguments(bench, size), items=batch * steps, unit="steps", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_rnn_backward(bench, size):
    batch, steps, _, units = SIZES[size]
    cache = bench.call("rnn_forward", *arguments(bench, size), returns=(None, opaque))[1]
    bench.time(
        "rnn_backward", bench.normal(batch, steps, units), cache, items=batch * steps, unit="steps"
    )
