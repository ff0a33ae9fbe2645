"""Time exercises/lstm_gru.py: a sequence through an LSTM and through a GRU, and the gradient by its steps."""

import pytest

# (sequences, steps, inputs, units)
SIZES = {"small": (16, 12, 8, 16), "text": (64, 100, 128, 256)}
GATES = {"lstm": 4, "gru": 3}


def arguments(bench, kind, size):
    batch, steps, inputs, units = SIZES[size]
    width = GATES[kind] * units
    params = {
        "wx": bench.normal(inputs, width, scale=0.1),
        "wh": bench.normal(units, width, scale=0.1),
    }
    for name in ("b",) if kind == "lstm" else ("bx", "bh"):
        params[name] = bench.normal(width, scale=0.1)
    return kind, bench.normal(batch, steps, inputs), params


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "gradient"])
def bench_run(bench, kind, size, backward):
    batch, steps, inputs, units = SIZES[size]
    width = GATES[kind] * units
    # Two products a step for all gates at once; backward, two more, by x and by h. Gates and tanh do not count.
    flops = (1 + backward) * 2 * batch * steps * (inputs + units) * width
    # xs and the weights are read once, the states written once; the gradient by xs is written, too.
    moved = batch * steps * ((1 + backward) * inputs + units) + (inputs + units + 1) * width
    bench.time(
        "run",
        *arguments(bench, kind, size),
        items=batch * steps,
        unit="steps",
        flops=flops,
        bytes=4 * moved,
        backward=backward,
        wrt=1,
        output=0,
    )
