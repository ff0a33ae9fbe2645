"""Time exercises/cross_entropy.py on the last layer of a classifier and of a language model."""

import pytest

from katagrad.bench import work

SIZES = {"small": (256, 1_000), "gpt2": (1_024, 50_257)}  # (tokens, vocabulary)


@pytest.mark.parametrize("size", SIZES)
def bench_cross_entropy(bench, size):
    tokens, vocabulary = SIZES[size]
    logits, labels = bench.normal(tokens, vocabulary), bench.integers(vocabulary, tokens)
    # The largest logit, the difference from it, an exp and a sum; the logits are read, the rest is one number a token.
    counted = work.elementwise(tokens * vocabulary, 4, 1)
    bench.time("cross_entropy", logits, labels, items=tokens, unit="tokens", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_cross_entropy_gradient(bench, size):
    tokens, vocabulary = SIZES[size]
    logits, labels = bench.normal(tokens, vocabulary), bench.integers(vocabulary, tokens)
    # Two more, for the softmax and the mean; a gradient of the same size is written.
    counted = work.elementwise(tokens * vocabulary, 6, 2)
    bench.time(
        "cross_entropy",
        logits,
        labels,
        items=tokens,
        unit="tokens",
        **counted,
        backward=True,
    )
