"""Time exercises/attention.py on a short sequence and on a layer of GPT-2."""

import pytest

SIZES = {
    "small": (2, 4, 64, 32),
    "gpt2": (1, 12, 1_024, 64),
}  # (batch, heads, tokens, width of a head)


@pytest.mark.parametrize("size", SIZES)
def bench_attention(bench, size):
    batch, heads, tokens, width = shape = SIZES[size]
    q, k, v = (bench.normal(*shape) for _ in range(3))
    # Two products of (tokens, tokens, width) a head; one multiplication and one addition each.
    flops = 2 * 2 * batch * heads * tokens**2 * width
    # q, k and v are read; the result and the weights, which the topic returns, too, are written. In float32.
    moved = 4 * batch * heads * tokens * (4 * width + tokens)
    bench.time("attention", q, k, v, items=batch * tokens, unit="tokens", flops=flops, bytes=moved)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "gradient"])
def bench_multi_head(bench, size, backward):
    batch, heads, tokens, width = SIZES[size]
    features = heads * width
    params = {name: bench.normal(features, features) for name in ("wq", "wk", "wv", "wo")}
    # Four projections and two products a head; the gradient by x takes four projections and four products more.
    projections, products = (8, 6) if backward else (4, 2)
    flops = 2 * batch * tokens * features * (projections * features + products * tokens)
    # x and the four matrices are read, the result (or the gradient by x) is written.
    moved = 4 * (2 * batch * tokens * features + 4 * features**2)
    bench.time(
        "multi_head",
        bench.normal(batch, tokens, features),
        params,
        heads,
        items=batch * tokens,
        unit="tokens",
        flops=flops,
        bytes=moved,
        backward=backward,
    )
