"""Cross-entropy by hand against the framework's own, forward and with its gradient."""

import pytest

from katagrad.bench.pairs import own

SIZES = {"small": (256, 1_000), "gpt2": (1_024, 50_257)}  # (tokens, vocabulary)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "gradient"])
def bench_cross_entropy(bench, size, backward):
    tokens, vocabulary = SIZES[size]
    logits, labels = bench.normal(tokens, vocabulary), bench.integers(vocabulary, tokens)
    bench.time(
        "cross_entropy", logits, labels,
        items=tokens, unit="tokens", backward=backward, against=own("cross_entropy"),
    )  # fmt: skip
