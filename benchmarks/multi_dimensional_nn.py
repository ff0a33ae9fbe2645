"""Time exercises/multi_dimensional_nn.py: a dense layer along one axis, and an epoch of training."""

import pytest

SIZES = {
    "small": (16, 24, 8, 32),
    "sequences": (64, 512, 64, 256),
}  # (batch, time, features, width)
FIELDS = {
    "small": ((4, 3), (2, 5), (16,), 256),
    "images": ((32, 32, 3), (32, 32, 2), (256,), 1_024),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("axis", [-1, 1])
def bench_dense_along(bench, size, axis):
    batch, time, features, width = SIZES[size]
    shape = (batch, time, features) if axis == -1 else (batch, features, time)
    x, w, b = bench.normal(*shape), bench.normal(features, width), bench.normal(width)
    # A multiplication and an addition for each weight at each position.
    flops = 2 * batch * time * features * width
    bench.time("dense_along", x, w, b, axis, items=batch * time, unit="positions", flops=flops)


@pytest.mark.parametrize("size", FIELDS)
def bench_train(bench, size):
    in_shape, out_shape, hidden, rows = FIELDS[size]
    model = bench.call("build", in_shape, out_shape, hidden)
    x, y = bench.normal(rows, *in_shape), bench.normal(rows, *out_shape)
    bench.time("train", model, x, y, 1, 0.001, 32, items=rows, unit="samples")
