"""Time the layers of exercises/custom_layers.py, forward, and with the gradient by their inputs."""

import pytest

from katagrad.bench import work

SIZES = {"small": (32, 64, 32), "wide": (256, 512, 512)}  # (batch, features in, features out)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["Dense", "RBF"])
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "gradient"])
def bench_layer(bench, size, kind, backward):
    batch, n_in, n_out = SIZES[size]
    layer = bench.call(kind, n_in, n_out)
    counted = work.product(batch, n_in, n_out)
    if kind == "RBF":  # it subtracts, squares and adds, for each pair of a row and a centre
        counted["flops"] = 3 * batch * n_in * n_out
    if backward:  # by x: for a Dense one more product, for an RBF a product and a sum for each pair
        counted["flops"] = (4 if kind == "Dense" else 5) * batch * n_in * n_out
        counted["bytes"] = 4 * (2 * batch * n_in + n_in * n_out)
    bench.time(
        (layer, "__call__"),
        bench.normal(batch, n_in),
        items=batch,
        unit="rows",
        backward=backward,
        **counted,
    )
