"""Time exercises/losses.py on a batch of regression targets and on a map of pixels."""

import pytest

from katagrad.bench import work

SIZES = {"small": (1_000, 64), "pixels": (64, 224 * 224)}  # (samples, values of a sample)
# Operations a value, of the loss with its sum, and of the gradient by the prediction: (x - y)^2, |x - y|; Huber's
# compares and halves a square; max(x, 0) - x y + log(1 + exp(-|x|)), and sigmoid(x) - y.
FUNCTIONS = {"mse": (3, 2), "mae": (3, 2), "huber": (6, 3), "bce_with_logits": (9, 5)}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("function", FUNCTIONS)
def bench_losses(bench, size, function):
    samples, values = SIZES[size]
    bench.time(
        function,
        bench.normal(samples, values),
        bench.uniform(samples, values),
        items=samples,
        unit="samples",
        **work.elementwise(samples * values, FUNCTIONS[function][0], 2),
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("function", FUNCTIONS)
def bench_gradient(bench, size, function):
    samples, values = SIZES[size]
    bench.time(
        function,
        bench.normal(samples, values),
        bench.uniform(samples, values),
        items=samples,
        unit="samples",
        # Two inputs are read, one gradient is written.
        **work.elementwise(samples * values, sum(FUNCTIONS[function]), 3),
        backward=True,
    )
