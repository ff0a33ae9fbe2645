"""Time the classifier: a training step, and inference."""

import pytest
from shop.model import Net, make_step


@pytest.mark.parametrize("width", [64, 256])
def bench_training_step(bench, width):
    step = bench.call(make_step, width)
    bench.time(step, items=64, unit="samples", flops=6 * 64 * (64 + 10) * width)


def bench_inference(bench):
    net = bench.call(Net, 256)
    bench.time(net, bench.normal(64, 64), items=64, unit="samples")
