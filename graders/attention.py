"""Hidden checks of exercises/attention.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_least,
    close,
    dtype,
    equal,
    finite,
    from_scratch,
    generator,
    holds,
    integers,
    normal,
    raises,
    shape,
)
from katagrad.authoring.oracle import slopes

SCALE = (
    "Divide q k^T by the square root of the length of one query, then take softmax over the keys."
)
HIDE = "Take the hidden keys out before softmax, so that the others share the whole weight."
NOBODY = "Where a row of the mask is False throughout, set its weights to 0 yourself."
HEADS = "Reshape (B, T, D) to (B, T, H, d) first; then exchange T and H."
OUT_AND_WEIGHTS = "attention(q, k, v)"


def softmax(x, axis=-1):
    weights = np.exp(x - x.max(axis=axis, keepdims=True))
    return weights / weights.sum(axis=axis, keepdims=True)


def attention(q, k, v, mask=True, scale=None):
    scores = np.einsum("...id,...jd->...ij", q, k) / (scale or np.sqrt(q.shape[-1]))
    mask = np.broadcast_to(mask, scores.shape)
    raised = np.where(mask, scores, -np.inf).max(-1, keepdims=True, initial=-1e300)
    weights = np.exp(np.minimum(scores - raised, 0)) * mask
    weights = weights / np.maximum(weights.sum(-1, keepdims=True), 1e-300)
    return weights @ v, weights


def split_heads(x, heads):
    return np.stack(np.split(x, heads, axis=-1), axis=1)


def merge_heads(x):
    return np.concatenate([x[:, h] for h in range(x.shape[1])], axis=-1)


def multi_head(x, params, heads, mask=True, scale=None, merge=merge_heads):
    q, k, v = (split_heads(x @ params[name], heads) for name in ("wq", "wk", "wv"))
    return merge(attention(q, k, v, mask, scale)[0]) @ params["wo"]


def inputs(*batch, queries=3, keys=5, width=4, values=2):
    """Random (q, k, v) whose scores are small, so that no weight is near 0 or 1."""
    return normal(*batch, queries, width), normal(*batch, keys, width), normal(*batch, keys, values)


def weights_of_layer(width):
    return {name: normal(width, width, scale=width**-0.5) for name in ("wq", "wk", "wv", "wo")}


def some(*size):
    """A random mask in which each query sees at least one key, and at least one is hidden."""
    mask = integers(2, *size).astype(bool)
    mask[..., 0], mask[..., -1] = True, False
    return generator().permuted(mask, axis=-1)


def attend(impl, *args, call=OUT_AND_WEIGHTS, **kwargs):
    """What the submission returns, which must be two things."""
    result = impl.attention(*args, **kwargs)
    holds(
        isinstance(result, (tuple, list)) and len(result) == 2,
        f"{call} does not return two tensors, but should return (output, weights)",
    )
    return result


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("batch", [(), (1,), (2, 3)])
def test_attention_keeps_shape_and_dtype(impl, batch):
    """attention returns an output per query and a weight per query and key, in the dtype of its inputs"""
    q, k, v = inputs(*batch)
    attend(impl, q, k, v)
    out, weights = attend(impl, q, k, v, some(3, 5))
    shape(out, (*batch, 3, 2), of="the output of attention")
    shape(weights, (*batch, 3, 5), of="the weights of attention")
    dtype(out, "float32", of="the output of attention for float32")
    out, weights = impl.float64.attention(q, k, v, mask=some(3, 5))
    dtype(out, "float64", of="the output of attention for float64")
    dtype(weights, "float64", of="the weights of attention for float64")


@pytest.mark.grade(points=2, hint=SCALE)
@pytest.mark.parametrize("batch", [(), (2,), (2, 3), (2, 1, 2)])
def test_attention_follows_its_definition(impl, batch):
    """weights are softmax(q k^T / sqrt(d)) over the keys, and the output is their mean of the values"""
    q, k, v = inputs(*batch)
    out, weights = attend(impl, q, k, v)
    scores = np.einsum("...id,...jd->...ij", q, k)
    expected, shares = attention(q, k, v)
    close(
        weights,
        shares,
        of="weights of attention(q, k, v)",
        mistakes={
            "the weights without a scale": softmax(scores),
            "the weights of scores divided by d instead of sqrt(d)": softmax(scores / 4),
            "the weights of scores multiplied by sqrt(d)": softmax(scores * 2),
            "softmax over the queries": softmax(scores / 2, axis=-2),
            "the scores themselves": scores / 2,
        },
    )
    close(
        out,
        expected,
        of="output of attention(q, k, v)",
        mistakes={"the sum of the values, unweighted": lambda: np.ones_like(shares) @ v},
    )


@pytest.mark.grade(points=2, hint=HIDE)
@pytest.mark.parametrize("size", [(3, 5), (2, 1, 1, 5), (2, 3, 3, 5), (2, 1, 3, 5)])
def test_attention_hides_what_the_mask_hides(impl, size):
    """a hidden key has the weight 0 exactly, and the others are as if it were not there"""
    (q, k, v), mask = inputs(2, 3), some(*size)
    out, weights = attend(impl, q, k, v, mask=mask)
    expected, shares = attention(q, k, v, mask)
    unmasked = attention(q, k, v)[1]
    close(
        weights,
        shares,
        of=f"weights of attention with a mask {size}",
        mistakes={
            "the weights without the mask": unmasked,
            "the weights with the mask inverted": attention(q, k, v, ~mask)[1],
            "weights hidden after softmax, which no longer sum to 1": unmasked * mask,
        },
    )
    hidden = weights[~np.broadcast_to(mask, weights.shape)]
    equal(hidden, np.zeros_like(hidden), of="the weights of the hidden keys")
    close(out, expected, of=f"output of attention with a mask {size}")


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("masked", [False, True])
def test_attention_keeps_the_contracts_words(impl, masked):
    """attention follows the rules of docs/contract.md, with a mask and without"""
    given = {"mask": some(3, 5)} if masked else {}
    options = {"rows": [0, 1, 2], "rowwise": True, "large": [2]}
    conform(impl, "attention", [*inputs(2)], given, expected=attention, **options)


@pytest.mark.grade(points=1)
def test_masks_keep_the_contracts_words(impl):
    """causal_mask and padding_mask follow the rules of docs/contract.md; a size beyond 8 bits fits, too"""
    conform(impl, "causal_mask", [4], expected=lambda size: np.tri(size, dtype=bool))

    def padding_mask(lengths, size):
        return np.arange(size) < lengths.astype(int)[:, None, None, None]

    given = [np.array([3, 0, 127, 100]), 300]
    conform(impl, "padding_mask", given, expected=padding_mask, rows=[0], rowwise=True)


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("kind", ["floats", "integers"])
def test_heads_keep_the_contracts_words(impl, kind):
    """split_heads and merge_heads follow the rules of docs/contract.md, for tensors of any dtype"""
    # No narrower integers hold the others.
    x = normal(2, 5, 6) if kind == "floats" else 2**40 + integers(100, 2, 5, 6)
    large = [0] if kind == "floats" else []
    # A result that is a view of x is as good as a copy. TensorFlow's einsum has no int8.
    options = {"rows": [0], "rowwise": True, "large": large, "without": ["shared", "integers"]}
    conform(impl, "split_heads", [x, 3], expected=split_heads, **options)
    parted = np.ascontiguousarray(split_heads(x, 3))
    conform(impl, "merge_heads", [parted], expected=merge_heads, **options)


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("masked", [False, True])
def test_multi_head_keeps_the_contracts_words(impl, masked):
    """multi_head follows the rules of docs/contract.md, with a mask and without"""
    given = {"mask": some(5, 5)} if masked else {}
    args = [normal(2, 5, 6), weights_of_layer(6), 3]
    options = {"rows": [0], "rowwise": True, "large": [0]}
    conform(impl, "multi_head", args, given, expected=multi_head, **options)


@pytest.mark.grade(
    points=2, hint="Hide a key by the lowest number of the dtype or by -inf, not by -1e9."
)
@pytest.mark.parametrize("scale", [1e2, 2e6, 1e18])
def test_attention_hides_keys_whatever_the_scores(impl, scale):
    """visible scores far below a hidden one, or below those of other queries, keep their weights"""
    mask = np.array([[True, True, False, False], [True, False, True, True]])
    v = normal(4, 3)
    # float64 has room for scores that float32 cannot hold.
    for precision, size, kind in ((impl, scale, "float32"), (impl.float64, scale**4, "float64")):
        q = np.array([[size, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
        k = np.array([[-size, 0, 0, 0], [-size, 0, 0, 0], [size, 0, 0, 0], [0, 1.0, 0, 0]])
        out, weights = attend(precision, q, k, v, mask=mask)
        expected, shares = attention(q, k, v, mask)
        of = (
            f"attention in {kind} where visible scores are {-(size**2) / 2:g} "
            f"and a hidden one is {size**2 / 2:g}"
        )
        close(weights, shares, of=f"weights of {of}")
        close(out, expected, of=f"output of {of}")


@pytest.mark.grade(points=1, hint=NOBODY)
def test_attention_of_nobody_is_zero(impl):
    """a query without visible keys has weights, output and gradients 0, and other queries are not affected"""
    (q, k, v), mask = inputs(2), some(3, 5)
    mask[1] = False
    out, weights = attend(impl, q, k, v, mask=mask)
    expected, shares = attention(q, k, v, mask)
    close(
        weights,
        shares,
        of="weights of attention with a query that sees nothing",
        mistakes={
            "the weight 1 / 5 for every key of that query": np.where(
                mask.any(-1)[:, None], shares, 0.2
            )
        },
    )
    close(out, expected, of="output of attention with a query that sees nothing")
    gradient = impl.grad("attention", q, k, v, mask, wrt=0, output=0)
    finite(gradient, of="d output / d q with a query that sees nothing")
    close(gradient[:, 1], np.zeros((2, 4)), of="d output / d q, for the query that sees nothing")


@pytest.mark.grade(points=2, hint="Subtract the largest visible score before you exponentiate.")
def test_attention_stays_finite(impl):
    """scores of 10,000, hidden or visible, do not overflow and do not change other weights"""
    q = np.array([[100.0, 0.0], [0.0, 100.0], [-100.0, 0.0]])
    k = np.array([[140.0, 0.0], [139.99, 0.02], [0.01, -0.02], [0.0, 0.01]])
    v = normal(4, 3)
    hide_the_large = np.array([False, False, True, True])
    for mask, name in ((np.ones(4, bool), "large scores"), (hide_the_large, "large hidden scores")):
        out, weights = attend(impl, q, k, v, mask=mask[None])
        expected, shares = attention(q, k, v, mask)
        finite(weights, of=f"weights of attention with {name}")
        close(weights, shares, of=f"weights of attention with {name}", rtol=5e-3, atol=1e-4)
        close(out, expected, of=f"output of attention with {name}", rtol=2e-2, atol=1e-3)


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("masked", [False, True])
def test_attention_passes_gradients(impl, masked):
    """gradients flow from the output to queries, keys and values"""
    (q, k, v), c = inputs(2), normal(2, 3, 2)
    mask = some(3, 5) if masked else np.ones((3, 5), bool)
    _, a = attention(q, k, v, mask)
    da = c @ v.swapaxes(-1, -2)
    ds = a * (da - (da * a).sum(-1, keepdims=True)) / np.sqrt(4)
    given = (mask,) if masked else ()
    dq, dk, dv = impl.float64.grad(
        "attention", q, k, v, *given, wrt=[0, 1, 2], output=0, cotangent=c
    )
    of = "output of attention with a mask" if masked else "output of attention"
    close(dq, ds @ k, of=f"d {of} / d q")
    close(dk, ds.swapaxes(-1, -2) @ q, of=f"d {of} / d k")
    close(dv, a.swapaxes(-1, -2) @ c, of=f"d {of} / d v")


@pytest.mark.grade(points=1, hint="Query i sees key j where j <= i.")
@pytest.mark.parametrize("size", [1, 2, 5, 300])
def test_causal_mask_hides_the_future(impl, size):
    """causal_mask lets each position see itself and earlier ones"""
    result = impl.causal_mask(size)
    seen = np.tri(size, dtype=bool)
    dtype(result, "bool", of=f"causal_mask({size})")
    equal(
        result,
        seen,
        of=f"causal_mask({size})",
        mistakes={
            "a mask that hides the past": seen.T,
            "a mask that hides the position itself": np.tri(size, k=-1, dtype=bool),
            "the mask inverted: True is what may be seen": ~seen,
        },
    )


@pytest.mark.grade(points=1, hint="Compare the positions 0 to size - 1 with each length.")
@pytest.mark.parametrize("size", [4, 6])
def test_padding_mask_hides_what_fills_up(impl, size):
    """padding_mask shows the first lengths[b] positions, and broadcasts over heads and queries"""
    lengths = np.array([2, 0, 4, 1, 3])
    seen = np.arange(size) < lengths[:, None]
    result = impl.padding_mask(lengths, size)
    dtype(result, "bool", of="padding_mask(lengths, size)")
    shape(result, (5, 1, 1, size), of=f"padding_mask(lengths, {size})")
    equal(
        result,
        seen[:, None, None],
        of=f"padding_mask({lengths.tolist()}, {size})",
        mistakes={
            "a mask that shows one position more": np.arange(size) <= lengths[:, None, None, None],
            "the mask inverted: True is what may be seen": ~seen[:, None, None],
        },
    )


@pytest.mark.grade(points=1, hint=HEADS)
@pytest.mark.parametrize("heads", [1, 2, 3, 6])
def test_split_heads_parts_the_features(impl, heads):
    """split_heads gives each head its features at every position, and refuses uneven shares"""
    x = normal(2, 5, 6)
    close(
        impl.split_heads(x, heads),
        split_heads(x, heads),
        of=f"split_heads(x, {heads})",
        mistakes={
            "a plain reshape, which mixes positions": x.reshape(2, heads, 5, -1),
            "heads that take every H-th feature": np.moveaxis(x.reshape(2, 5, -1, heads), 3, 1),
        },
    )
    odd = normal(2, 5, 3 * heads)
    of = f"split_heads(x, {heads}) of {3 * heads} features"
    close(impl.split_heads(odd, heads), split_heads(odd, heads), of=of)
    for wrong in (4, 5, 12):
        with raises("ValueError", of=f"split_heads of 6 features among {wrong} heads"):
            impl.split_heads(x, wrong)


@pytest.mark.grade(points=1, hint="Exchange H and T before you reshape.")
@pytest.mark.parametrize("heads", [1, 2, 3])
def test_merge_heads_undoes_split_heads(impl, heads):
    """merge_heads puts the heads' features side by side again"""
    x = normal(2, heads, 5, 4)
    close(
        impl.merge_heads(x),
        merge_heads(x),
        of="merge_heads(x)",
        mistakes={"a plain reshape, which mixes positions": x.reshape(2, 5, -1)},
    )
    short = normal(2, heads, 1, 3)
    close(impl.merge_heads(short), merge_heads(short), of="merge_heads(x) of one position")


@pytest.mark.grade(points=2)
@pytest.mark.parametrize(("width", "heads"), [(8, 1), (8, 2), (8, 4), (9, 3), (4, 4)])
@pytest.mark.parametrize("masked", [False, True])
def test_multi_head_follows_its_definition(impl, width, heads, masked):
    """multi_head projects, attends in each head with the scale of one head, merges and projects"""
    x, params = normal(2, 5, width), weights_of_layer(width)
    mask = some(2, 1, 5, 5) if masked else True
    given = {"mask": mask} if masked else {}
    # A dict has no places: the names tell which is which.
    turned = dict(reversed(params.items()))
    result = impl.multi_head(x, turned, heads, **given)

    def unmerged(out):
        return out.reshape(2, 5, width)

    crossed = {**params, "wq": params["wk"], "wk": params["wq"]}
    placed = dict(zip(params, turned.values(), strict=True))
    close(
        result,
        multi_head(x, params, heads, mask),
        of=f"multi_head(x, params, {heads}{', mask' if masked else ''})",
        mistakes={
            "heads scaled by sqrt(D) instead of sqrt(d)": multi_head(
                x, params, heads, mask, np.sqrt(width)
            ),
            "heads merged by a plain reshape": multi_head(x, params, heads, mask, merge=unmerged),
            "one head of the whole width": multi_head(x, params, 1, mask),
            "the result without wo": multi_head(x, {**params, "wo": np.eye(width)}, heads, mask),
            "the result without the mask": multi_head(x, params, heads),
            "queries and keys exchanged": multi_head(x, crossed, heads, mask),
            "the result of weights taken by their place in params": multi_head(
                x, placed, heads, mask
            ),
        },
    )


@pytest.mark.grade(
    points=1, hint="Axes are matched from the last one; do not guess what an axis of a mask means."
)
@pytest.mark.parametrize(
    ("batch", "size"),
    [
        (2, (5,)),
        (2, (5, 5)),
        (5, (5, 5)),
        (2, (2, 5, 5)),
        (2, (2, 1, 1, 5)),
        (2, (2, 1, 5, 5)),
        (2, (1, 2, 5, 5)),
        (2, (2, 2, 5, 5)),
    ],
)
def test_multi_head_broadcasts_its_mask(impl, batch, size):
    """a mask of any shape that broadcasts to (B, H, T, T) holds for the heads and sequences that it names"""
    x, params, mask = normal(batch, 5, 6), weights_of_layer(6), some(*size)
    # The mask as one of (B, T, T) or of (B, T), if it could be one.
    swapped = {3: mask[:, None], 2: mask[:, None, None]}.get(len(size))
    close(
        impl.multi_head(x, params, 2, mask=mask),
        multi_head(x, params, 2, mask),
        of=f"multi_head(x, params, 2, mask) with B = {batch}, H = 2 and a mask {size}",
        mistakes=None
        if swapped is None or size[0] != batch
        else {
            "the result where the mask's first axis counts sequences": multi_head(
                x, params, 2, swapped
            )
        },
    )


@pytest.mark.grade(points=1, hint="Pass the mask on to attention; it broadcasts over the heads.")
def test_multi_head_keeps_the_future_secret(impl):
    """with a causal mask, a change at position 3 leaves positions 0 to 2 as they were"""
    x, params = normal(2, 6, 4), weights_of_layer(4)
    later = x.copy()
    later[:, 3:] += normal(2, 3, 4)
    mask = np.tri(6, dtype=bool)
    before = impl.multi_head(x, params, 2, mask=mask)
    after = impl.multi_head(later, params, 2, mask=mask)
    shape(after, (2, 6, 4), of="multi_head(x, params, 2, mask)")
    close(after[:, :3], before[:, :3], of="multi_head with a causal mask, after a later change,")
    at_least(
        np.abs(after[:, 3:] - before[:, 3:]).max(axis=-1).min(),
        1e-3,
        of="what a change at position 3 does to the later positions",
    )


@pytest.mark.grade(points=1)
def test_multi_head_follows_its_positions(impl):
    """without a mask, reordering the positions reorders the result, and changes nothing else"""
    x, params = normal(2, 5, 6), weights_of_layer(6)
    order = np.array([3, 0, 4, 1, 2])
    result = impl.multi_head(x, params, 3)
    shape(result, (2, 5, 6), of="multi_head(x, params, 3)")
    close(
        impl.multi_head(x[:, order], params, 3),
        result[:, order],
        of="multi_head of reordered positions",
    )


@pytest.mark.grade(points=2)
def test_multi_head_passes_gradients(impl):
    """gradients reach the input and all four weight matrices"""
    x, params, mask, c = normal(2, 3, 4), weights_of_layer(4), some(3, 3), normal(2, 3, 4)

    def loss():
        return (multi_head(x, params, 2, mask) * c).sum()

    dx, dparams = impl.float64.grad("multi_head", x, params, 2, mask, wrt=[0, 1], cotangent=c)
    # The root of d may have been float32, like every constant.
    close(dx, slopes(loss, x, 1e-5), of="d multi_head / d x", rtol=1e-5, atol=1e-6)
    for name in ("wq", "wk", "wv", "wo"):
        expected = slopes(loss, params[name], 1e-5)
        close(dparams[name], expected, of=f"d multi_head / d {name}", rtol=1e-5, atol=1e-6)


@pytest.mark.grade(points=1)
def test_attention_is_written_from_scratch(impl):
    """attention is written without the framework's attention"""
    from_scratch(impl, "attention", "multi_head", "split_heads", "merge_heads")
