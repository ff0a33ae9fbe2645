"""Time exercises/transformer.py: the encoder, and one more token with a cache of those before it and without one."""

import pytest

from katagrad.bench import work

# (sequences, tokens, vocabulary, features, inner features, heads)
SIZES = {"small": (4, 32, 64, 64, 256, 4), "base": (8, 256, 8_000, 512, 2_048, 8)}


def attention(queries, seen, width):
    """Operations of scores and of the sums of values, for each sequence."""
    return 2 * 2 * queries * seen * width


def problem(bench, size):
    batch, steps, vocabulary, width, inner, heads = SIZES[size]
    params = bench.call("build", vocabulary, width, heads, inner, bench.rng(1))
    return params, 2 + bench.integers(vocabulary - 2, batch, steps)


@pytest.mark.parametrize("size", SIZES)
def bench_encode(bench, size):
    batch, steps, _, width, inner, _ = SIZES[size]
    params, src = problem(bench, size)
    # Four products of the attention and two of the feed-forward network for each token.
    weights = 4 * width * width + 2 * width * inner
    flops = 2 * batch * steps * weights + batch * attention(steps, steps, width)
    tokens = batch * steps
    # An id and a row of the embedding are read, and a row of the memory is written.
    moved = work.FLOAT * weights + tokens * (work.LABEL + 2 * work.FLOAT * width)
    bench.time("encode", params, src, items=tokens, unit="tokens", flops=flops, bytes=moved)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("cached", [True, False], ids=["cached", "whole"])
def bench_decode(bench, size, cached):
    batch, steps, vocabulary, width, inner, heads = SIZES[size]
    params, given = problem(bench, size)
    # Of a language model: one token behind steps - 1 others. Without a cache, all of them are computed.
    new = 1 if cached else steps
    weights = 4 * width * width + 2 * width * inner + width * vocabulary
    flops = 2 * batch * new * weights + batch * attention(new, steps, width)
    kept = 2 * batch * (steps - 1) * width * cached
    # A token's row of the embedding is read; its key, its value and its logits are written.
    moved = work.FLOAT * (weights + 2 * kept + batch * new * (3 * width + vocabulary))
    args = [params, given[:, -new:]]
    if cached:
        shape = (batch, heads, steps - 1, width // heads)
        args += [None, None, (bench.normal(*shape), bench.normal(*shape))]
    counted = {"flops": flops, "bytes": moved + work.LABEL * batch * new}
    bench.time("decode", *args, items=batch, unit="tokens", **counted)
