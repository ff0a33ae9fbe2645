"""Time exercises/datasets.py: a pass of a loader over small items held in memory."""

import pytest

SIZES = {"small": (256, 16, 32), "table": (10_000, 64, 128)}  # (items, features, batch)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("shuffle", [False, True])
def bench_loader(bench, size, shuffle):
    count, features, batch = SIZES[size]
    x, y = bench.normal(count, features), bench.integers(10, count)
    loader = bench.call(
        "make_loader", list(zip(x, y, strict=True)), batch, shuffle=shuffle, rng=bench.rng(0)
    )
    moved = (
        2 * 4 * count * (features + 2)
    )  # labels of 8 bytes; read and written. It computes nothing
    bench.time((loader, "__iter__"), items=count, unit="samples", bytes=moved, exhaust=True)
