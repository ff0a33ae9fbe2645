"""Time exercises/cross_entropy.py on the last layer of a classifier and of a language model."""

import pytest

SIZES = {"small": (256, 1_000), "gpt2": (1_024, 50_257)}  # (tokens, vocabulary)


@pytest.mark.parametrize("size", SIZES)
def bench_cross_entropy(bench, size):
    tokens, vocabulary = SIZES[size]
    logits, labels = bench.normal(tokens, vocabulary), bench.integers(vocabulary, tokens)
    # The logits must be read once, in float32; the rest is one number a token.
    bench.time(
        "cross_entropy", logits, labels, items=tokens, unit="tokens", bytes=4 * tokens * vocabulary
    )


@pytest.mark.parametrize("size", SIZES)
def bench_cross_entropy_gradient(bench, size):
    tokens, vocabulary = SIZES[size]
    logits, labels = bench.normal(tokens, vocabulary), bench.integers(vocabulary, tokens)
    # Read once, and a gradient of the same size written once.
    bench.time(
        "cross_entropy",
        logits,
        labels,
        items=tokens,
        unit="tokens",
        bytes=2 * 4 * tokens * vocabulary,
        backward=True,
    )
