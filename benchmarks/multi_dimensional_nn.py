"""Time exercises/multi_dimensional_nn.py: a dense layer along one axis, and an epoch of training."""

from math import prod

import pytest

from katagrad.bench import work

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
    counted = work.product(batch * time, features, width)
    bench.time("dense_along", x, w, b, axis, items=batch * time, unit="positions", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_dense_along_gradient(bench, size):
    batch, time, features, width = SIZES[size]
    x, w = bench.normal(batch, time, features), bench.normal(features, width)
    # By x, w and b: the product, and two more on the way back. All three are read, and their gradients written.
    flops = 3 * work.product(batch * time, features, width)["flops"]
    moved = 2 * 4 * (x.size + w.size + width)
    bench.time(
        "dense_along", x, w, bench.normal(width), backward=True, wrt=[0, 1, 2],
        items=batch * time, unit="positions", flops=flops, bytes=moved,
    )  # fmt: skip


@pytest.mark.parametrize("size", FIELDS)
def bench_train(bench, size):
    in_shape, out_shape, hidden, rows = FIELDS[size]
    model = bench.call("build", in_shape, out_shape, hidden)
    x, y = bench.normal(rows, *in_shape), bench.normal(rows, *out_shape)
    widths = [prod(in_shape), *hidden, prod(out_shape)]
    counted = work.training(widths, rows, 32, work.ADAM, target=4 * prod(out_shape))
    bench.time("train", model, x, y, 1, 0.001, 32, items=rows, unit="samples", **counted)
