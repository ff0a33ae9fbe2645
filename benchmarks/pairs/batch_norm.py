"""Batch normalisation by hand against the framework's own, in training and in use."""

import pytest

from katagrad.authoring.expect import image
from katagrad.bench.pairs import own

SIZES = {"small": (32, 8, 8, 16), "resnet": (64, 56, 56, 64)}  # (N, H, W, C)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("training", [True, False], ids=["training", "use"])
def bench_batch_norm(bench, size, training):
    channels = SIZES[size][-1]
    x, gamma, beta = bench.normal(*SIZES[size]), bench.uniform(channels), bench.normal(channels)
    running = (bench.normal(channels), bench.uniform(channels, low=0.5, high=2.0))
    bench.time(
        "batch_norm", image(x), gamma, beta, running, training=training,
        items=x.size, unit="elements", against=own("batch_norm"),
    )  # fmt: skip
