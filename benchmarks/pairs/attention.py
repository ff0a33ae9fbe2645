"""Attention by hand against the framework's own, and on all threads."""

import pytest

from katagrad.bench.pairs import own

SIZES = {"small": (2, 4, 64, 32), "gpt2": (1, 12, 1_024, 64)}  # (batch, heads, tokens, width)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("against", [own("attention"), "threads"], ids=str)
def bench_attention(bench, size, against):
    shape = SIZES[size]
    q, k, v = (bench.normal(*shape) for _ in range(3))
    bench.time("attention", q, k, v, items=shape[0] * shape[2], unit="tokens", against=against)
