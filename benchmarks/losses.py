"""Time exercises/losses.py on a batch of regression targets and on a map of pixels."""

import pytest

SIZES = {"small": (1_000, 4), "pixels": (64, 224 * 224)}  # (samples, values of a sample)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("function", ["mse", "mae", "huber", "bce_with_logits"])
def bench_losses(bench, size, function):
    samples, values = SIZES[size]
    # Both inputs must be read once, in float32.
    bench.time(
        function,
        bench.normal(samples, values),
        bench.uniform(samples, values),
        items=samples,
        unit="samples",
        bytes=2 * 4 * samples * values,
    )


@pytest.mark.parametrize("size", SIZES)
def bench_bce_gradient(bench, size):
    samples, values = SIZES[size]
    bench.time(
        "bce_with_logits",
        bench.normal(samples, values),
        bench.uniform(samples, values),
        items=samples,
        unit="samples",
        bytes=3 * 4 * samples * values,  # two inputs read, one gradient written
        backward=True,
    )
