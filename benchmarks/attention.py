"""Time exercises/attention.py on a short sequence and on a layer of GPT-2."""

import pytest

SIZES = {
    "small": (2, 4, 64, 32),
    "gpt2": (1, 12, 1_024, 64),
}  # (batch, heads, tokens, width of a head)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "gradient"])
def bench_attention(bench, size, backward):
    batch, heads, tokens, width = shape = SIZES[size]
    q, k, v = (bench.normal(*shape) for _ in range(3))
    # Two products of (tokens, tokens, width) a head; the gradient by q takes two more.
    flops = 2 * 2 * batch * heads * tokens**2 * width
    bench.time(
        "attention",
        q,
        k,
        v,
        items=batch * tokens,
        unit="tokens",
        flops=2 * flops if backward else flops,
        backward=backward,
    )


@pytest.mark.parametrize("size", SIZES)
def bench_multi_head(bench, size):
    batch, heads, tokens, width = SIZES[size]
    features = heads * width
    params = {name: bench.normal(features, features) for name in ("wq", "wk", "wv", "wo")}
    # Four projections and two products a head; one product and one sum each.
    flops = 2 * batch * tokens * (4 * features**2 + 2 * tokens * features)
    bench.time(
        "multi_head",
        bench.normal(batch, tokens, features),
        params,
        heads,
        items=batch * tokens,
        unit="tokens",
        flops=flops,
    )
