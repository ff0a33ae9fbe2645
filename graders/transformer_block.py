"""Hidden checks of exercises/transformer_block.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad.authoring.companion import plant
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_least,
    at_most,
    close,
    dtype,
    equal,
    finite,
    from_scratch,
    generator,
    holds,
    normal,
    number,
    opaque,
    raises,
)
from katagrad.authoring.gradients import gradient
from katagrad.authoring.oracle import slopes
from katagrad.authoring.structure import keys

ANGLE = "Columns 2 i and 2 i + 1 share one angle, p / 10000^(2 i / width)."
FEATURES = "Mean and variance are those of x[..., :], over the last axis alone."
SPLIT = "Reshape (B, T, D) to (B, T, H, d), then exchange T and H; undo it in this order, too."
HIDE = "Hide keys before softmax, and set the weights of a query that sees nothing to 0."
RESIDUAL = "pre: x + f(layer_norm(x)). post: layer_norm(x + f(x))."
NORMS = ("pre", "post")


# -- oracle ----------------------------------------------------------------------------------------


def encoding(size, width):
    found = np.zeros((size, width))
    for p in range(size):
        for column in range(width):
            angle = p / 10000 ** (2 * (column // 2) / width)
            found[p, column] = np.cos(angle) if column % 2 else np.sin(angle)
    return found


def layer_norm(x, scale, shift, eps=1e-5):
    deviation = np.sqrt(x.var(-1, keepdims=True) + eps)
    return (x - x.mean(-1, keepdims=True)) / deviation * scale + shift


def feed_forward(x, feed):
    return np.maximum(x @ feed["w1"] + feed["b1"], 0) @ feed["w2"] + feed["b2"]


def attend(x, memory, weights, heads, mask=None):
    width = x.shape[-1] // heads
    q, k, v = x @ weights["wq"], memory @ weights["wk"], memory @ weights["wv"]
    mask = np.ones((1, 1, 1, 1), bool) if mask is None else mask
    mask = np.broadcast_to(mask, (len(x), heads, x.shape[1], memory.shape[1]))
    found = []
    for h in range(heads):
        own = slice(h * width, (h + 1) * width)
        scores = q[..., own] @ k[..., own].swapaxes(1, 2) / np.sqrt(width)
        scores = np.where(mask[:, h], scores, -np.inf)
        top = scores.max(-1, keepdims=True)
        shares = np.exp(np.where(mask[:, h], scores - np.where(np.isinf(top), 0, top), -np.inf))
        total = shares.sum(-1, keepdims=True)
        found.append(shares / np.where(total > 0, total, 1) @ v[..., own])
    return np.concatenate(found, -1) @ weights["wo"]


def keys_of(padding):
    return None if padding is None else padding[:, None, None]


def blocks(x, layers, norms, norm):
    for f, pair in zip(layers, norms, strict=True):
        x = x + f(layer_norm(x, *pair)) if norm == "pre" else layer_norm(x + f(x), *pair)
    return x


def encoder_block(x, params, heads, padding=None, norm="pre"):
    layers = [
        lambda y: attend(y, y, params["attention"], heads, keys_of(padding)),
        lambda y: feed_forward(y, params["feed"]),
    ]
    return blocks(x, layers, params["norms"], norm)


def decoder_block(
    x, memory, params, heads, padding=None, memory_padding=None, norm="pre", causal=True
):
    seen = np.tri(x.shape[1], dtype=bool) | (not causal)
    seen = seen if padding is None else seen & keys_of(padding)
    layers = [
        lambda y: attend(y, y, params["attention"], heads, seen),
        lambda y: attend(y, memory, params["cross"], heads, keys_of(memory_padding)),
        lambda y: feed_forward(y, params["feed"]),
    ]
    return blocks(x, layers, params["norms"], norm)


# -- inputs ----------------------------------------------------------------------------------------


def single(x):
    """x, as float32 holds it."""
    return x.astype(np.float32).astype(float)


def projections(width):
    return {name: normal(width, width, scale=width**-0.5) for name in ("wq", "wk", "wv", "wo")}


def network(width, inner):
    return {
        "w1": normal(width, inner, scale=width**-0.5),
        "b1": normal(inner),
        "w2": normal(inner, width, scale=inner**-0.5),
        "b2": normal(width),
    }


def parameters(width=6, inner=5, decoder=False):
    """Parameters of a block; no scale is 1, no shift is 0, and no sub-layer is like another."""
    count = 3 if decoder else 2
    norms = [(normal(width, scale=0.3, shift=1.5), normal(width)) for _ in range(count)]
    found = {"attention": projections(width), "norms": norms, "feed": network(width, inner)}
    return {**found, "cross": projections(width)} if decoder else found


def some(*size):
    """A random mask with at least one true in each row, and at least one false."""
    mask = generator().random(size) < 0.5
    mask[..., 0], mask[..., -1] = True, False
    return generator().permuted(mask, axis=-1)


def real(batch, size):
    """A padding mask: the first row whole, the second with one real position."""
    lengths = generator().integers(1, size + 1, batch)
    lengths[0], lengths[1] = size, 1
    return np.arange(size) < lengths[:, None]


# -- positions -------------------------------------------------------------------------------------


@pytest.mark.grade(points=1)
def test_blocks_are_written_from_scratch(impl):
    """no attention and no normalization of the framework"""
    from_scratch(impl, "layer_norm", "attend", "encoder_block", "decoder_block")


@pytest.mark.grade(points=2, hint=ANGLE)
@pytest.mark.parametrize(("size", "width"), [(5, 6), (7, 5), (1, 4), (3, 1), (300, 32)])
def test_positions_have_their_code(impl, size, width):
    """sines stand in the even columns, cosines of the same angles in the odd ones"""
    expected = encoding(size, width)
    order = [*range(0, width, 2), *range(1, width, 2)]
    p, column = np.arange(size)[:, None], np.arange(width)
    own = p / 10000 ** (column / width)
    mistakes = {
        "sines in the first half, cosines in the second": expected[:, order],
        "an angle of its own for each column": np.where(column % 2, np.cos(own), np.sin(own)),
    }
    of = f"positional_encoding({size}, {width})"
    found = impl.positional_encoding(size, width)
    close(found, expected, of=of, rtol=1e-3, atol=1e-4, mistakes=mistakes, dtype="float32")
    if size < 10:
        # In float32, the error of an angle grows with the position.
        close(found, expected, of=of, rtol=1e-5, atol=2e-5)


@pytest.mark.grade(points=1)
def test_positions_stay_exact_far_out(impl):
    """the code of position 20,000 is right, to what float32 leaves of its angle"""
    found = impl.positional_encoding(20_001, 6)
    of = "row 20,000 of positional_encoding(20001, 6)"
    angle = 20_000 / 10000 ** (2 * (np.arange(6) // 2) / 6)
    expected = np.where(np.arange(6) % 2, np.cos(angle), np.sin(angle))
    close(found[-1], expected, of=of, rtol=1e-3, atol=5e-3)
    conform(impl, "positional_encoding", [5, 4], expected=lambda n, d: np.float32(encoding(n, d)))


# -- the parts -------------------------------------------------------------------------------------


@pytest.mark.grade(points=2, hint=FEATURES)
@pytest.mark.parametrize("size", [(5,), (4, 5), (2, 3, 5), (1, 1), (2, 96)], ids=str)
def test_layer_norm_looks_at_each_position(impl, size):
    """each position has the mean and variance of its own features, then scale and shift"""
    x, scale, shift = normal(*size, scale=2.0, shift=1.0), normal(size[-1]), normal(size[-1])
    unbiased = x.var(-1, keepdims=True) * size[-1] / max(size[-1] - 1, 1)
    centred = x - x.mean(-1, keepdims=True)
    mistakes = {
        "the unbiased variance": centred / np.sqrt(unbiased + 1e-5) * scale + shift,
        "the statistics of all numbers": (x - x.mean()) / np.sqrt(x.var() + 1e-5) * scale + shift,
        "the statistics over axis 0": (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5) * scale + shift,
        "scale after shift": (layer_norm(x, 1, 0) + shift) * scale,
    }
    of = f"layer_norm(x, scale, shift), x of shape {size}"
    expected = layer_norm(x, scale, shift)
    close(impl.layer_norm(x, scale, shift), expected, of=of, mistakes=mistakes)


@pytest.mark.grade(
    points=2, hint="eps belongs under the root; subtract the mean before you square."
)
def test_layer_norm_takes_any_scale(impl):
    """small features show eps under the root, large ones keep their digits, equal ones give the shift"""
    scale, shift, x = normal(5), normal(5), normal(3, 5)
    for factor, eps in ((1e-3, 1e-5), (1e-2, 1e-3), (1e3, 1e-5)):
        given = np.float32(factor * x).astype(float)
        plain = (given - given.mean(-1, keepdims=True)) / (given.std(-1, keepdims=True) + eps)
        close(
            impl.layer_norm(given, scale, shift, eps),
            layer_norm(given, scale, shift, eps),
            of=f"layer_norm(x, scale, shift, {eps}), features of size {factor:g}",
            rtol=1e-3,
            atol=1e-4,
            mistakes={"eps outside the root": plain * scale + shift},
        )
    far = np.float32(10_000 + np.array([[0.0, 1, 2, 3, 5]])).astype(float)
    of = "layer_norm of features near 10,000"
    close(
        impl.layer_norm(far, scale, shift),
        layer_norm(far, scale, shift),
        of=of,
        rtol=1e-2,
        atol=1e-2,
    )
    large = single(1e6 * scale)
    of = "layer_norm(x, 1e6 scale, shift)"
    expected = layer_norm(x, large, shift)
    close(impl.layer_norm(x, large, shift), expected, of=of, rtol=1e-4, atol=10.0)
    same = np.full((2, 5), 7.0)
    of = "layer_norm of equal features"
    close(impl.layer_norm(same, scale, shift), np.tile(shift, (2, 1)), of=of)
    finite(impl.grad("layer_norm", same, scale, shift, wrt=0), of=f"d {of} / dx")


@pytest.mark.grade(points=1)
def test_layer_norm_passes_gradients(impl):
    """the gradient by x goes through mean and variance, too"""
    x, scale, shift = normal(2, 3, 4), normal(4), normal(4)

    def expected(c):
        return slopes(lambda: float((layer_norm(x, scale, shift) * c).sum()), x)

    gradient(
        impl, "layer_norm", [x, scale, shift], size=x.shape, expected=expected, rtol=1e-2, atol=1e-3
    )


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("size", [(1, 6), (4, 6), (2, 3, 6)], ids=str)
def test_feed_forward_works_on_each_position(impl, size):
    """two products with ReLU between them and both biases, the same at each position"""
    x, feed = normal(*size), network(6, 5)
    inside = x @ feed["w1"] + feed["b1"]
    mistakes = {
        "the result without ReLU": inside @ feed["w2"] + feed["b2"],
        "ReLU at the end, too": np.maximum(feed_forward(x, feed), 0),
        "the result without b2": feed_forward(x, feed) - feed["b2"],
    }
    of = f"feed_forward(x, feed), x of shape {size}"
    # A dict has no places: the names tell which is which.
    turned = dict(reversed(feed.items()))
    close(impl.feed_forward(x, turned), feed_forward(x, feed), of=of, mistakes=mistakes)
    large = single(1e6 * x)
    expected = feed_forward(large, feed)
    of = f"feed_forward(1e6 x, feed), x of shape {size}"
    close(impl.feed_forward(large, feed), expected, of=of, rtol=1e-4, atol=10.0)


@pytest.mark.grade(points=3, hint=SPLIT)
@pytest.mark.parametrize(("width", "heads"), [(6, 1), (6, 2), (6, 3), (6, 6), (9, 3)])
@pytest.mark.parametrize("masked", [False, True])
def test_attend_reads_from_the_memory(impl, width, heads, masked):
    """queries come from x, keys and values from memory, in heads of d features, scaled by sqrt(d)"""
    x, memory, weights = normal(2, 4, width), normal(2, 5, width), projections(width)
    mask = some(2, 1, 4, 5) if masked else None
    expected = attend(x, memory, weights, heads, mask)
    scaled = {**weights, "wq": weights["wq"] / np.sqrt(heads)}
    mistakes = {
        "heads scaled by sqrt(D)": attend(x, memory, scaled, heads, mask),
        "no scale": attend(
            x, memory, {**weights, "wq": weights["wq"] * np.sqrt(width / heads)}, heads, mask
        ),
        "one head of the whole width": attend(x, memory, weights, 1, mask),
        "the heads without wo": attend(x, memory, {**weights, "wo": np.eye(width)}, heads, mask),
        "the mask ignored": attend(x, memory, weights, heads),
        "keys and values exchanged": attend(
            x, memory, {**weights, "wk": weights["wv"], "wv": weights["wk"]}, heads, mask
        ),
    }
    given = (mask,) if masked else ()
    of = f"attend(x, memory, weights, {heads}{', mask' * masked})"
    # A dict has no places: the names tell which is which.
    turned = dict(reversed(weights.items()))
    placed = dict(zip(weights, turned.values(), strict=True))
    mistakes["the weights taken by their place"] = attend(x, memory, placed, heads, mask)
    close(impl.attend(x, memory, turned, heads, *given), expected, of=of, mistakes=mistakes)
    weights["wv"] = single(1e6 * weights["wv"])
    expected = attend(x, memory, weights, heads, mask)
    of = f"attend(x, memory, weights, {heads}{', mask' * masked}), wv 1e6 times as large,"
    found = impl.attend(x, memory, weights, heads, *given)
    close(found, expected, of=of, rtol=1e-4, atol=10.0)


@pytest.mark.grade(points=2, hint=HIDE)
def test_attend_hides_what_the_mask_hides(impl):
    """hidden keys have no weight, however large their scores; a query without keys reads 0"""
    x, memory, weights = normal(2, 4, 6), normal(2, 5, 6), projections(6)
    # Three axes are (H, T, S), also where there are as many rows as heads.
    for size, heads in (((2, 1, 1, 5), 3), ((4, 5), 3), ((2, 3, 4, 5), 3), ((2, 4, 5), 2)):
        mask = some(*size)
        of = f"attend(x, memory, weights, {heads}, mask of shape {size})"
        expected = attend(x, memory, weights, heads, mask)
        close(impl.attend(x, memory, weights, heads, mask), expected, of=of)
    # Two axes are (T, S), also where there are as many rows as queries.
    many, longer, mask = normal(4, 4, 6), normal(4, 5, 6), some(4, 5)
    mistakes = {"the mask as one of (B, S)": attend(many, longer, weights, 3, keys_of(mask))}
    close(
        impl.attend(many, longer, weights, 3, mask),
        attend(many, longer, weights, 3, mask),
        of="attend(x, memory, weights, 3, mask of shape (4, 5)), B = T = 4",
        mistakes=mistakes,
    )
    mask = some(2, 1, 4, 5)
    mask[:, :, 1] = False
    expected = attend(x, memory, weights, 2, mask)
    found = impl.attend(x, memory, weights, 2, mask)
    close(found, expected, of="attend where the second query may look at no key")
    mask = some(2, 2, 4, 5)
    mask[1, 0, 2] = False
    expected = attend(x, memory, weights, 2, mask)
    found = impl.attend(x, memory, weights, 2, mask)
    close(found, expected, of="attend where the first head of one query may look at no key")
    seen = some(2, 5)
    expected = attend(x, np.where(seen[..., None], memory, 0), weights, 2, keys_of(seen))
    for size in (1e4, 1e12):
        large = np.where(seen[..., None], memory, size)
        found = impl.attend(x, large, weights, 2, keys_of(seen))
        close(found, expected, of=f"attend where hidden keys are {size:g}")
    # Below any number that may stand for "hidden", but for the lowest of the dtype.
    same = dict.fromkeys(("wq", "wk", "wv", "wo"), np.eye(6))
    x, memory = np.full((1, 2, 6), 1e6), np.full((1, 3, 6), -1e6)
    memory[0, 1] = 1e6
    seen = np.array([[True, False, True]])
    expected = attend(x, memory, same, 2, keys_of(seen))
    found = impl.attend(x, memory, same, 2, keys_of(seen))
    close(found, expected, of="attend where visible scores are about -10^12")


@pytest.mark.grade(points=2)
def test_parts_keep_the_contracts_words(impl):
    """layer_norm, feed_forward and attend keep what docs/contract.md says of every function"""
    options = {"rowwise": True}
    x = normal(3, 4, 6)
    conform(impl, "layer_norm", [x, normal(6), normal(6)], expected=layer_norm, rows=[0], **options)
    conform(impl, "feed_forward", [x, network(6, 5)], expected=feed_forward, rows=[0], **options)
    given = [x, normal(3, 5, 6), projections(6), 2]
    conform(impl, "attend", given, expected=attend, rows=[0, 1], **options)
    mask = {"mask": some(3, 1, 4, 5)}
    conform(impl, "attend", given, mask, expected=attend, rows=[0, 1, "mask"], **options)


# -- the blocks ------------------------------------------------------------------------------------


@pytest.mark.grade(points=3, hint=RESIDUAL)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("padded", [False, True])
def test_encoder_block_follows_its_definition(impl, norm, padded):
    """attention, then feed-forward, each with its own norm and residual, before or after"""
    width, heads = (9, 3) if padded else (6, 2)
    x, params = normal(3, 5, width), parameters(width)
    padding = real(3, 5) if padded else None
    expected = encoder_block(x, params, heads, padding, norm)
    swapped = {**params, "norms": params["norms"][::-1]}
    normed = layer_norm(x, *params["norms"][0])
    mistakes = {
        f"the block with norm={other!r}": encoder_block(x, params, heads, padding, other)
        for other in NORMS
        if other != norm
    }
    mistakes |= {
        "the norms exchanged": encoder_block(x, swapped, heads, padding, norm),
        "one norm for both": encoder_block(
            x, {**params, "norms": params["norms"][:1] * 2}, heads, padding, norm
        ),
        "padding ignored": encoder_block(x, params, heads, None, norm),
        "the residual of the normalized x": encoder_block(x, params, heads, padding, norm)
        - x
        + normed,
        "no residual": expected - x,
    }
    options = {"norm": norm} if norm == "post" else {}
    given = (padding,) if padded else ()
    of = f"encoder_block(x, params, {heads}{', padding' * padded}, norm={norm!r})"
    close(
        impl.encoder_block(x, params, heads, *given, **options), expected, of=of, mistakes=mistakes
    )


@pytest.mark.grade(points=3, hint=RESIDUAL)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("padded", [False, True])
def test_decoder_block_follows_its_definition(impl, norm, padded):
    """causal attention, attention to the memory, feed-forward, each with its own norm and residual"""
    width, heads = (9, 3) if padded else (6, 2)
    x, memory, params = normal(3, 4, width), normal(3, 5, width), parameters(width, decoder=True)
    padding, hidden = (real(3, 4), real(3, 5)[::-1].copy()) if padded else (None, None)
    expected = decoder_block(x, memory, params, heads, padding, hidden, norm)
    crossed = {**params, "cross": params["attention"], "attention": params["cross"]}
    swapped = {**params, "norms": [params["norms"][i] for i in (1, 0, 2)]}
    mistakes = {
        "the future seen": decoder_block(
            x, memory, params, heads, padding, hidden, norm, causal=False
        ),
        "the memory's padding ignored": decoder_block(
            x, memory, params, heads, padding, None, norm
        ),
        "the padding of x ignored": decoder_block(x, memory, params, heads, None, hidden, norm),
        "the weights of the two attentions exchanged": decoder_block(
            x, memory, crossed, heads, padding, hidden, norm
        ),
        "the first two norms exchanged": decoder_block(
            x, memory, swapped, heads, padding, hidden, norm
        ),
    }
    for other in NORMS:
        if other != norm:
            block = decoder_block(x, memory, params, heads, padding, hidden, other)
            mistakes[f"the block with norm={other!r}"] = block
    options = {"norm": norm} if norm == "post" else {}
    given = {"padding": padding, "memory_padding": hidden} if padded else {}
    of = f"decoder_block(x, memory, params, {heads}{', padding, memory_padding' * padded}, norm={norm!r})"
    found = impl.decoder_block(x, memory, params, heads, **given, **options)
    close(found, expected, of=of, mistakes=mistakes)
    if padded:
        # One padding mask is that of one sequence, also where the other one is as long.
        even = normal(3, 4, width)
        for name, masks in (("padding", (padding, None)), ("memory_padding", (None, padding))):
            expected = decoder_block(x, even, params, heads, *masks, norm)
            both = decoder_block(x, even, params, heads, padding, padding, norm)
            of = f"decoder_block(x, memory, params, {heads}, {name}={name}, norm={norm!r}), T = S"
            found = impl.decoder_block(x, even, params, heads, **{name: padding}, norm=norm)
            close(found, expected, of=of, mistakes={f"the block with {name} for both": both})


@pytest.mark.grade(points=2, hint="Only what comes before a position, and itself, may reach it.")
def test_decoder_does_not_see_the_future(impl):
    """a change of one position changes no earlier one, and each later one"""
    x, memory, params = normal(2, 5, 6), normal(2, 3, 6), parameters(decoder=True)
    other = x.copy()
    # Not the same for all features: a norm takes that away.
    other[:, 3] = normal(2, 6)
    first = impl.decoder_block(x, memory, params, 2)
    second = impl.decoder_block(other, memory, params, 2)
    of = "decoder_block before a position that changed"
    close(second[:, :3], first[:, :3], of=of, rtol=1e-5, atol=1e-6)
    moved = np.abs(second - first).max((0, 2))
    holds(bool((moved[3:] > 1e-3).all()), "a position of decoder_block does not read earlier ones")


@pytest.mark.grade(points=1, hint=RESIDUAL)
def test_silent_sub_layers_leave_x_as_it_is(impl):
    """with pre, and sub-layers that give 0, x goes through unchanged"""
    x, memory = normal(2, 4, 6), normal(2, 5, 6)
    for decoder in (False, True):
        params = parameters(decoder=decoder)
        for name in ("attention", "cross")[: 1 + decoder]:
            params[name]["wo"] = np.zeros((6, 6))
        params["feed"] |= {"w2": np.zeros((5, 6)), "b2": np.zeros(6)}
        name = "decoder_block" if decoder else "encoder_block"
        for rows in (x, single(1e6 * x)):
            given = (rows, memory, params, 2) if decoder else (rows, params, 2)
            close(getattr(impl, name)(*given), rows, of=f"{name} with wo, w2 and b2 of 0")


@pytest.mark.grade(points=1)
def test_other_norms_are_refused(impl):
    """another norm than pre and post raises ValueError"""
    x = normal(2, 4, 6)
    for norm in ("none", "PRE", "prenorm", ""):
        with raises("ValueError", of=f"encoder_block(..., norm={norm!r})"):
            impl.encoder_block(x, parameters(), 2, norm=norm)
        with raises("ValueError", of=f"decoder_block(..., norm={norm!r})"):
            impl.decoder_block(x, x, parameters(decoder=True), 2, norm=norm)


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("norm", NORMS)
def test_blocks_keep_the_contracts_words(impl, norm):
    """both blocks keep what docs/contract.md says of every function"""
    x, memory = normal(3, 4, 6), normal(3, 5, 6)
    options = {"rowwise": True, "tolerance": 1e-3}
    given = {"padding": real(3, 4), "norm": norm}
    rows = [0, "padding"]
    conform(
        impl,
        "encoder_block",
        [x, parameters(), 2],
        given,
        expected=encoder_block,
        rows=rows,
        **options,
    )
    given = {**given, "memory_padding": real(3, 5)}
    args = [x, memory, parameters(decoder=True), 2]
    rows = [0, 1, "padding", "memory_padding"]
    conform(impl, "decoder_block", args, given, expected=decoder_block, rows=rows, **options)


@pytest.mark.grade(points=2)
def test_gradients_reach_every_parameter(impl):
    """the gradient of a decoder block by each of its parameters, by x and by memory"""
    x, memory, params = normal(2, 3, 4), normal(2, 2, 4), parameters(4, 3, decoder=True)
    c = normal(2, 3, 4)
    loss = lambda: float((decoder_block(x, memory, params, 2) * c).sum())  # noqa: E731
    dx, dmemory, dparams = impl.float64.grad(
        "decoder_block", x, memory, params, 2, wrt=[0, 1, 2], cotangent=c
    )
    of = "d sum(c * decoder_block(x, memory, params, 2)) / d"
    close(dx, slopes(loss, x), of=f"{of}x", rtol=1e-4, atol=1e-6)
    close(dmemory, slopes(loss, memory), of=f"{of}memory", rtol=1e-4, atol=1e-6)
    for part in ("attention", "cross", "feed"):
        for name, value in params[part].items():
            close(
                dparams[part][name],
                slopes(loss, value),
                of=f"{of}{part}.{name}",
                rtol=1e-4,
                atol=1e-6,
            )
    for i, pair in enumerate(params["norms"]):
        for found, value in zip(dparams["norms"][i], pair, strict=True):
            close(found, slopes(loss, value), of=f"{of}norms[{i}]", rtol=1e-4, atol=1e-6)


# -- parameters ------------------------------------------------------------------------------------


# How many tensors begin in the memory where another one does, of those that can be changed in place.
MEMORY = """
def tensors(one):
    if hasattr(one, "shape"):
        return [one] if hasattr(one, "data_ptr") or hasattr(one, "assign") else []
    return [t for item in (one.values() if isinstance(one, dict) else one) for t in tensors(item)]


def again(params):
    found = [id(t) if hasattr(t, "assign") else t.data_ptr() for t in tensors(params)]
    return len(found) - len(set(found))
"""


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("decoder", [False, True])
def test_params_have_their_form_and_bounds(impl, decoder):
    """matrices are uniform within sqrt(6 / (m + n)), from rng; scales are 1, shifts and biases 0"""
    call = f"init_params(30, 50, rng, decoder={decoder})"
    found = impl.init_params(30, 50, impl.rng(), **({"decoder": True} if decoder else {}))
    parts = ("attention", "cross")[: 1 + decoder]
    keys(found, call, ("norms", "feed", *parts))
    for part in parts:
        keys(found[part], f"{part} of {call}", ("wq", "wk", "wv", "wo"))
    keys(found["feed"], f"feed of {call}", ("w1", "b1", "w2", "b2"))
    equal(len(found["norms"]), 2 + decoder, of=f"the number of norms of {call}")
    for i, (scale, shift) in enumerate(found["norms"]):
        close(scale, np.ones(30), of=f"the scale of norms[{i}] of {call}", dtype="float32")
        close(shift, np.zeros(30), of=f"the shift of norms[{i}] of {call}", dtype="float32")
    close(found["feed"]["b1"], np.zeros(50), of=f"b1 of {call}", dtype="float32")
    close(found["feed"]["b2"], np.zeros(30), of=f"b2 of {call}", dtype="float32")
    matrices = {f"{part}.{name}": w for part in parts for name, w in found[part].items()}
    matrices |= {name: found["feed"][name] for name in ("w1", "w2")}
    for name, w in matrices.items():
        of = f"{name} of {call}"
        size = {"w1": (30, 50), "w2": (50, 30)}.get(name, (30, 30))
        equal(w.shape, size, of=f"the shape of {of}")
        dtype(w, "float32", of=of)
        bound = np.sqrt(6 / sum(size))
        at_most(np.abs(w).max() / bound, 1.0001, of=f"the largest of {of}, over its bound,")
        at_least(np.abs(w).max() / bound, 0.97, of=f"the largest of {of}, over its bound,")
        # That of n uniform draws scatters by 0.45 / sqrt(n) of itself.
        spread = 5 * 0.45 / np.sqrt(w.size)
        number(w.std(), bound / np.sqrt(3), of=f"the deviation of {of}", rtol=spread)
        of = f"the share of different numbers in {of}"
        at_least(len(np.unique(w)) / w.size, 0.98, of=of)
    flat = [w.ravel()[:900] for w in matrices.values()]
    for i, one in enumerate(flat):
        for other in flat[:i]:
            holds(
                abs(float(np.corrcoef(one, other)[0, 1])) < 0.25,
                f"two matrices of {call} are the same draws",
            )
    held = impl.init_params(30, 50, impl.rng(), decoder, returns=opaque)
    again = plant(impl, "memory.py", MEMORY).again(held)
    equal(again, 0, of=f"the number of tensors of {call} that share the memory of another one")
    call = f"init_params(20, 10, rng, {decoder}) after a call with other sizes"
    found = impl.init_params(20, 10, impl.rng(), decoder)
    for part in (*parts, "feed"):
        for name, value in found[part].items():
            size = {"w1": (20, 10), "b1": (10,), "w2": (10, 20), "b2": (20,)}.get(name, (20, 20))
            equal(value.shape, size, of=f"the shape of {part}.{name} of {call}")
    again = impl.init_params(20, 10, impl.rng(), decoder)
    for part, name in [(part, "wq") for part in parts] + [("feed", "w1"), ("feed", "w2")]:
        of = f"{part}.{name} of init_params(20, 10, rng, {decoder})"
        same = np.array_equal(found[part][name], again[part][name])
        holds(not same, f"{of} is the same for another rng")
    conform(
        impl,
        "init_params",
        [4, 3, impl.rng(3)],
        {"decoder": decoder},
        only=["rng", "twice", "settings", "shared"],
    )
