"""Time the layers of exercises/custom_layers.py, forward."""

import pytest

SIZES = {"small": (32, 64, 32), "wide": (256, 512, 512)}  # (batch, features in, features out)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["Dense", "RBF"])
def bench_layer(bench, size, kind):
    batch, n_in, n_out = SIZES[size]
    layer = bench.call(kind, n_in, n_out)
    # Dense multiplies and adds; RBF subtracts, squares and adds, for each pair of a row and an output.
    flops = (2 if kind == "Dense" else 3) * batch * n_in * n_out
    bench.time(
        (layer, "__call__"), bench.normal(batch, n_in), items=batch, unit="rows", flops=flops
    )
