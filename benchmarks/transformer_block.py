"""Time exercises/transformer_block.py: layer normalization, and an encoder block, forward and with its gradient."""

import pytest

from katagrad.bench import work

# (sequences, positions, features, inner features, heads)
SIZES = {"small": (4, 32, 64, 256, 4), "base": (8, 512, 768, 3_072, 12)}


def block(bench, size):
    _, _, width, inner, _ = SIZES[size]

    def matrix(m, n):
        return bench.normal(m, n, scale=m**-0.5)

    attention = {name: matrix(width, width) for name in ("wq", "wk", "wv", "wo")}
    norms = [(bench.normal(width), bench.normal(width)) for _ in range(2)]
    feed = {"w1": matrix(width, inner), "b1": bench.normal(inner)}
    feed |= {"w2": matrix(inner, width), "b2": bench.normal(width)}
    return {"attention": attention, "norms": norms, "feed": feed}


@pytest.mark.parametrize("size", SIZES)
def bench_layer_norm(bench, size):
    batch, steps, width, _, _ = SIZES[size]
    # Two sums, a difference, a square, a division, scale and shift for each number, which is read and written once.
    counted = work.elementwise(batch * steps * width, 7, 2)
    x = bench.normal(batch, steps, width)
    given = x, bench.normal(width), bench.normal(width)
    bench.time("layer_norm", *given, items=batch * steps, unit="positions", **counted)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "gradient"])
def bench_encoder_block(bench, size, backward):
    batch, steps, width, inner, heads = SIZES[size]
    # The products alone: four of (D, D), scores and their mean of the values, two of the feed-forward network. The
    # gradient by x needs each product once more, and that of scores, and of values, twice.
    weights = 4 * width * width + 2 * width * inner
    flops = 2 * batch * steps * ((1 + backward) * weights + (1 + 2 * backward) * 2 * steps * width)
    moved = (2 + backward) * batch * steps * width + weights
    x = bench.normal(batch, steps, width)
    bench.time(
        "encoder_block",
        x,
        block(bench, size),
        heads,
        items=batch * steps,
        unit="positions",
        flops=flops,
        bytes=work.FLOAT * moved,
        backward=backward,
    )
