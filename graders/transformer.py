"""Hidden checks of exercises/transformer.py. `impl` takes and returns NumPy arrays."""

import copy
from itertools import product

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_least,
    chance,
    close,
    dtype,
    equal,
    finite,
    generator,
    holds,
    integers,
    normal,
    number,
    shape,
)
from katagrad.authoring.gradients import gradient
from katagrad.authoring.minibatches import expect_new_batches, followed
from katagrad.authoring.structure import every_epoch, keys, losses, pair
from katagrad.authoring.threshold import Threshold
from katagrad.errors import Failure

FUTURE = "The mask of the decoder's attention to its own tokens: the query's position >= the key's."
PADDED = "src > 0, as a mask over the keys of the encoder and of the attention to the memory."
CACHE = "Positions, keys and values go on where the cache ends."
ENDS = "A row that has ended stays as it is, and its 2 counts as a token of its own."
V, D, H, F = 9, 8, 2, 5


# -- oracle ----------------------------------------------------------------------------------------


def norm(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


def code(start, end, width):
    angle = np.arange(start, end)[:, None] / 10000 ** (np.arange(width) // 2 * 2 / width)
    return np.where(np.arange(width) % 2, np.cos(angle), np.sin(angle))


def log_softmax(z):
    z = z - z.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def attend(params, name, x, y, seen, cache=None):
    q = np.einsum("btd,hde->bhte", x, params[f"{name}.q"])
    k, v = (np.einsum("btd,hde->bhte", y, params[f"{name}.{part}"]) for part in "kv")
    if cache is not None:
        k, v = (np.concatenate(both, 2) for both in zip(cache, (k, v), strict=True))
    scores = q @ k.swapaxes(2, 3) / np.sqrt(q.shape[-1])
    shares = np.exp(log_softmax(np.where(seen, scores, -np.inf)))
    return np.einsum("bhte,hed->btd", shares @ v, params[f"{name}.o"]), (k, v)


def feed_forward(params, name, x):
    return np.maximum(norm(x) @ params[f"{name}.in"], 0) @ params[f"{name}.out"]


def encode(params, src):
    x = params["tokens"][src] + code(0, src.shape[1], params["tokens"].shape[1])
    x = x + attend(params, "encoder", norm(x), norm(x), (src > 0)[:, None, None])[0]
    return norm(x + feed_forward(params, "encoder", x))


def decode(params, given, memory=None, src=None, cache=None, causal=True):
    start = 0 if cache is None else cache[0].shape[2]
    end = start + given.shape[1]
    x = params["tokens"][given] + code(start, end, params["tokens"].shape[1])
    seen = np.tri(end, dtype=bool)[start:] | (not causal)
    heard, cache = attend(params, "decoder", norm(x), norm(x), seen, cache)
    x = x + heard
    if memory is not None:
        x = x + attend(params, "cross", norm(x), memory, (src > 0)[:, None, None])[0]
    return norm(x + feed_forward(params, "decoder", x)) @ params["logits"], cache


def shifted(targets):
    return np.concatenate([np.ones_like(targets[:, :1]), targets[:, :-1]], 1)


def token_loss(logits, targets):
    each = -np.take_along_axis(log_softmax(logits), targets[..., None].astype(int), -1)[..., 0]
    return np.float64(each[targets > 0].mean())


def greedy(params, src, steps):
    return beam(params, src, steps, 1)[0]


def total_of(answer):
    return answer[1]


def mean_of(answer):
    return answer[1] / len(answer[0])


def mean_of_words(answer):
    return answer[1] / max(sum(token > 0 for token in answer[0]), 1)


def ended_first(answer):
    return mean_of(answer) + 1e6 * (answer[0][-1] == 2)


def beam_of(
    params, src, steps, width, order=total_of, rank=mean_of, apart=False, ends=(2,), early=False
):
    """(tokens, score, margin) of one source row (1, S). margin: the least difference that decided something.

    order: what the beam is sorted by. rank: what the best answer has most of. apart: answers that have ended take no
    place in the beam. ends: the tokens that end an answer. early: the beam is done once its first answer has ended.
    """
    memory, answers, margin = encode(params, src), [((), 0.0)], np.inf
    for _ in range(steps):
        ended = [answer for answer in answers if answer[0] and answer[0][-1] in ends]
        grown = [] if apart else list(ended)
        for tokens, total in answers:
            if not tokens or tokens[-1] not in ends:
                each = log_softmax(decode(params, np.array([[1, *tokens]]), memory, src)[0][0, -1])
                grown += [((*tokens, i), total + p) for i, p in enumerate(each)]
        grown.sort(key=order, reverse=True)
        if len(grown) > width:
            margin = min(margin, order(grown[width - 1]) - order(grown[width]))
        answers = grown[:width] + (ended if apart else [])
        if early and answers[0][0][-1] in ends:
            break
    ranked = sorted(answers, key=rank, reverse=True)
    if len(ranked) > 1:
        margin = min(margin, rank(ranked[0]) - rank(ranked[1]))
    best, total = ranked[0]
    return np.array(best + (0,) * (steps - len(best))), total / len(best), margin


def beam(params, src, steps, width, **kwargs):
    rows = np.split(src, len(src))
    found = [beam_of(params, row, steps, width, **kwargs) for row in rows]
    return np.stack([tokens for tokens, *_ in found]), np.array([score for _, score, _ in found])


# -- inputs ----------------------------------------------------------------------------------------


def parameters(size=V, width=D, heads=H, inner=F, sharp=1.0):
    """Parameters far from symmetric. sharp: a factor on the logits."""
    depth = width // heads
    found = {"tokens": normal(size, width), "logits": sharp * normal(width, size)}
    for name in ("encoder", "decoder", "cross"):
        found |= {f"{name}.{part}": normal(heads, width, depth, scale=0.6) for part in "qkv"}
        found[f"{name}.o"] = normal(heads, depth, width, scale=0.5)
    for name in ("encoder", "decoder"):
        found |= {f"{name}.in": normal(width, inner), f"{name}.out": normal(inner, width)}
    return found


def sources(rows=5, steps=6, size=V):
    """Tokens (rows, steps), padded: the first row without padding, the second with one token."""
    ids = integers(size, rows, steps, low=1)
    lengths = generator().integers(1, steps + 1, rows)
    lengths[:1], lengths[1:2] = steps, 1
    return np.where(np.arange(steps) < lengths[:, None], ids, 0)


def answers(rows=5, steps=4, size=V):
    """What a decoder is given (rows, steps): 1 and then any tokens but padding."""
    return np.concatenate([np.ones((rows, 1), np.int64), integers(size, rows, steps - 1, low=2)], 1)


def logits_of(impl, *args, **kwargs):
    """The logits of the submission's decode, and its cache."""
    return pair(impl.decode(*args, **kwargs), "decode(...)", ("logits", "cache"))


# -- parameters, targets and loss ------------------------------------------------------------------


@pytest.mark.grade(points=2)
def test_build_draws_its_parameters(impl):
    """shapes, zeros and standard deviations are those asked for, and rng decides alone"""
    params, of = impl.build(23, 24, 4, 40, impl.rng(3)), "build(23, 24, 4, 40, rng)"
    wanted = {name: value.shape for name, value in parameters(23, 24, 4, 40).items()}
    keys(params, of, tuple(wanted))
    for name, size in wanted.items():
        shape(params[name], size, of=f"{of}[{name!r}]")
    close(params["logits"], np.zeros((24, 23)), of=f"{of}['logits']", dtype="float32")
    far = 0.0
    for name in sorted(set(wanted) - {"logits"}):
        z = np.asarray(params[name], float) * wanted[name][-2] ** 0.5
        n, about = z.size, f"{of}[{name!r}] sqrt(m)"
        close(params[name], params[name], of=f"{of}[{name!r}]", dtype="float32")
        # Six standard errors: of the mean, of the mean square, and of the share within one deviation.
        holds(abs(z.mean()) < 6 / n**0.5, f"the mean of {about} is {z.mean():.3g}, but should be 0")
        square = (z**2).mean()
        holds(
            abs(square - 1) < 6 * (2 / n) ** 0.5,
            f"the standard deviation of {about} is {square**0.5:.3g}, but should be 1",
        )
        chance((np.abs(z) < 1).mean(), 0.6827, n, of=f"the share of {about} within 1")
        far = max(far, float(np.abs(z).max()))
    # More than a hundred lie beyond 2.5; of draws that are cut at two deviations and spread out again, none does.
    at_least(far, 2.5, of=f"the largest number of {of}, each times its sqrt(m),")
    drawn = np.concatenate([np.ravel(params[name]) for name in sorted(set(wanted) - {"logits"})])
    share = len(np.unique(drawn)) / drawn.size
    at_least(share, 0.99, of=f"the share of different numbers among all that {of} draws")
    given = [5, 4, 2, 3, impl.rng(5)]
    conform(impl, "build", given, only=["result", "rng", "twice", "settings", "keywords"])


@pytest.mark.grade(points=1)
def test_shifted_puts_the_start_in_front(impl):
    """1 and then all targets but the last, and what docs/contract.md says of every function"""
    conform(impl, "shifted", [sources(4, 6)], expected=shifted, rows=[0], rowwise=True)
    close_to = shifted(sources(3, 1))
    equal(impl.shifted(sources(3, 1)), close_to, of="shifted of one step")


@pytest.mark.grade(points=2)
def test_token_loss_leaves_padding_out(impl):
    """the mean over tokens, not over rows or padding, for logits of any size"""
    logits, targets = normal(4, 5, 7), sources(4, 5, 7)
    mask = targets > 0
    each = -np.take_along_axis(log_softmax(logits), targets[..., None], -1)[..., 0]
    mistakes = {
        "the mean over padding, too": each.mean(),
        "the sum": each[mask].sum(),
        "the mean of the means of rows": ((each * mask).sum(1) / mask.sum(1)).mean(),
    }
    expected = token_loss(logits, targets)
    of = "token_loss(logits, targets)"
    close(impl.token_loss(logits, targets), expected, of=of, mistakes=mistakes)
    large = np.zeros((1, 2, 3))
    large[0, :, 1] = 1e5
    close(
        impl.token_loss(large, np.array([[0, 2]])), np.float64(1e5), of="token_loss of logits 1e5"
    )
    # Tokens that do not fit into 8 bits, and a right one that is so sure that its loss is 0.
    wide, tokens = normal(2, 3, 300), np.array([[299, 256, 0], [1, 44, 2]])
    wide[1, 1, 44] = 500.0
    expected = token_loss(wide, tokens)
    mistakes = {"the mean over the tokens whose loss is not 0": expected * 5 / 4}
    of = "token_loss of 300 tokens and the targets [[299, 256, 0], [1, 44, 2]]"
    close(impl.token_loss(wide, tokens), expected, of=of, mistakes=mistakes)
    sure = 9.0 * np.eye(7)[targets]
    of = "token_loss in float64 of logits that give each target 9 and all others 0"
    close(impl.float64.token_loss(sure, targets), token_loss(sure, targets), of=of)
    conform(impl, "token_loss", [logits, targets], expected=token_loss, rows=[0, 1])
    share = (np.exp(log_softmax(logits)) - np.eye(7)[targets]) * mask[..., None] / mask.sum()
    gradient(impl, "token_loss", [logits, targets], size=(), expected=lambda c: c * share)


# -- the model -------------------------------------------------------------------------------------


def tiny():
    """Parameters of one token, 3, whose features have a variance of 1e-5 at place 0; no layer adds to them."""
    params = parameters()
    params["tokens"] = params["tokens"] * 0.003 - code(0, 1, D)
    for name in ("encoder.o", "decoder.o", "cross.o", "encoder.out", "decoder.out"):
        params[name] = 0 * params[name]
    return params, np.array([[3]])


@pytest.mark.grade(points=1, hint="The epsilon of norm; frameworks have other defaults.")
def test_norm_has_its_epsilon(impl):
    """tokens of a variance of 1e-5 are normalized with the epsilon of the definition, wherever norm stands"""
    params, ids = tiny()
    about = "of a token of variance 1e-5"
    memory = encode(params, ids)
    close(impl.encode(params, ids), memory, of=f"encode {about}", rtol=1e-2, atol=1e-2)
    expected, wanted = decode(params, ids)
    logits, cache = logits_of(impl, params, ids)
    close(logits, expected, of=f"the logits {about}", rtol=1e-2, atol=1e-2)
    for name, value, right in zip("kv", pair(cache, "the cache", ("k", "v")), wanted, strict=True):
        close(value, right, of=f"{name} of the cache {about}", rtol=1e-2, atol=1e-2)


@pytest.mark.grade(points=3, hint=PADDED)
def test_encode_computes_its_definition(impl):
    """the memory is that of the definition, in both precisions, whatever the padding"""
    params, src = parameters(), sources()
    memory = encode(params, src)
    of = "encode(params, src)"
    everywhere = encode({**params, "encoder.o": 0 * params["encoder.o"]}, src)
    mistakes = {"the memory without attention": everywhere}
    close(impl.encode(params, src), memory, of=of, rtol=1e-3, atol=1e-3, mistakes=mistakes)
    conform(impl, "encode", [params, src], expected=encode, rows=[1], rowwise=True, tolerance=1e-3)
    longer = np.concatenate([src, np.zeros((5, 3), np.int64)], 1)
    found = impl.encode(params, longer)
    shape(found, (5, 9, D), of=f"{of} with 3 more zeros")
    close(found[:, :6], memory, of=f"{of}[:, :6] with 3 more zeros", rtol=1e-3, atol=1e-3)


@pytest.mark.grade(points=4, hint=FUTURE)
def test_decode_computes_its_definition(impl):
    """the logits and the cache are those of the definition, with a memory and without one"""
    params, src, given = parameters(), sources(), answers()
    given[2, 2:] = 0
    memory = encode(params, src)
    for args in ((params, given, memory, src), (params, given)):
        of = f"decode({'params, given, memory, src' if len(args) > 2 else 'params, given'})"
        logits, cache = logits_of(impl, *args)
        expected, wanted = decode(*args)
        mistakes = {
            "the logits of a decoder that sees the future": decode(*args, causal=False)[0],
            "the probabilities": np.exp(log_softmax(expected)),
        }
        close(logits, expected, of=f"{of}[0]", rtol=1e-3, atol=2e-3, mistakes=mistakes)
        both = pair(cache, f"the cache of {of}", ("k", "v"))
        for name, value, right in zip("kv", both, wanted, strict=True):
            close(value, right, of=f"{name} of the cache of {of}", rtol=1e-3, atol=1e-3)
    loud = params | {name: 1e6 * params[name] for name in ("decoder.k", "decoder.v", "logits")}
    found = logits_of(impl.float64, loud, given, memory, src)
    of = "decode in float64 of keys, values and logits about 1e6"
    close(found, decode(loud, given, memory, src), of=of, rtol=1e-6, atol=1.0)
    given = [params, given, memory, src]
    conform(impl, "decode", given, expected=decode, rows=[1, 2, 3], rowwise=True, tolerance=1e-3)


@pytest.mark.grade(points=2, hint=FUTURE)
def test_decode_does_not_see_the_future(impl):
    """another token at one place changes nothing before it, and something from there on"""
    params, src, given = parameters(), sources(), answers(steps=6)
    memory = encode(params, src)
    usual, _ = logits_of(impl, params, given, memory, src)
    for place in (1, 3, 5):
        other = given.copy()
        other[:, place] = np.where(given[:, place] == 3, 4, 3)
        found, _ = logits_of(impl, params, other, memory, src)
        of = f"the logits before place {place} after another token there"
        close(found[:, :place], usual[:, :place], of=of, rtol=1e-4, atol=1e-4)
        moved = np.abs(found[:, place:] - usual[:, place:]).max((1, 2)).min()
        holds(moved > 1e-3, f"another token at place {place} does not change the logits there")


@pytest.mark.grade(points=2, hint=PADDED)
def test_decode_does_not_see_padding(impl):
    """what the memory holds where the source is padding, and how much of that there is, changes nothing"""
    params, src, given = parameters(), sources(), answers()
    memory = encode(params, src)
    usual = decode(params, given, memory, src)[0]
    other = np.where((src > 0)[..., None], memory, 5.0)
    found, _ = logits_of(impl, params, given, other, src)
    of = "the logits after another memory of padding"
    close(found, usual, of=of, rtol=1e-3, atol=2e-3)
    longer = [np.concatenate([x, 0 * x[:, :2]], 1) for x in (memory, src)]
    found, _ = logits_of(impl, params, given, *longer)
    close(found, usual, of="the logits with 2 more zeros in src", rtol=1e-3, atol=2e-3)


@pytest.mark.grade(points=1, hint="Hide a key by -inf or the lowest number of the dtype.")
def test_hidden_keys_have_no_weight_whatever_the_scores(impl):
    """where the scores of all keys that are seen are far below 0, what is hidden has no weight either"""
    params, src, given = parameters(), sources(), answers()
    for name in ("encoder", "decoder"):  # The score of a token with itself is negative.
        params[f"{name}.q"] = 1e6 * params[f"{name}.q"]
        params[f"{name}.k"] = -params[f"{name}.q"]
    params |= {name: 1e6 * params[name] for name in ("cross.q", "cross.k")}
    near = {"rtol": 1e-4, "atol": 1e-4}
    of = "{} in float64, where queries and keys are about 1e6"
    found = impl.float64.encode(params, src)
    close(found, encode(params, src), of=of.format("encode(params, src)"), **near)
    found, _ = logits_of(impl.float64, params, given)
    close(found, decode(params, given)[0], of=of.format("decode(params, given)"), **near)
    # The second memory turns the sign of each score.
    memory = normal(*src.shape, D)
    for name, one in (("memory", memory), ("-memory", -memory)):
        found, _ = logits_of(impl.float64, params, given, one, src)
        call = of.format(f"decode(params, given, {name}, src)")
        close(found, decode(params, given, one, src)[0], of=call, **near)


@pytest.mark.grade(points=3, hint=CACHE)
def test_decode_goes_on_from_a_cache(impl):
    """token by token with the cache, or in two parts, the logits are those of all tokens at once"""
    params, src, given = parameters(), sources(), answers(steps=6)
    memory = encode(params, src)
    for name, more in (("with a memory", (memory, src)), ("without one", (None, None))):
        whole, wanted = decode(params, given, *more)
        for cuts in ((1, 2, 3, 4, 5), (2,)):
            cache, start = None, 0
            for end in (*cuts, 6):
                part = given[:, start:end]
                found, cache = logits_of(impl, params, part, *more, cache=cache)
                of = f"the logits of tokens {start} to {end - 1} from the cache, {name}"
                alone = decode(params, part, *more)[0]
                mistakes = {"those without the cache": alone} if start else {}
                expected = whole[:, start:end]
                close(found, expected, of=of, rtol=1e-3, atol=2e-3, mistakes=mistakes)
                both = pair(cache, "the cache", ("k", "v"))
                for key, value, right in zip("kv", both, wanted, strict=True):
                    of = f"{key} of the cache after {end} tokens, {name}"
                    close(value, right[:, :, :end], of=of, rtol=1e-3, atol=1e-3)
                start = end
    cache = decode(params, given[:, :3], memory, src)[1]
    args = [params, given[:, 3:], memory, src, cache]
    rules = ["result", "untouched", "shared", "twice", "float64", "views"]
    conform(impl, "decode", args, expected=decode, only=rules, tolerance=1e-3)


@pytest.mark.grade(points=2)
def test_gradients_reach_all_parameters(impl):
    """the gradient of the logits, and of the memory, is that of the definition along random directions"""
    params, src, given = parameters(), sources(3, 4), answers(3, 3)
    memory = encode(params, src)
    for name, args, f in (
        ("decode", [params, given, memory, src], lambda p: decode(p, given, memory, src)[0]),
        ("encode", [params, src], lambda p: encode(p, src)),
    ):
        c = normal(*f(params).shape)
        more = {"output": 0} if name == "decode" else {}
        slopes = impl.float64.grad(name, *args, wrt=0, cotangent=c, **more)
        for key, value in params.items():
            move = normal(*value.shape)
            # So short a step that no kink of relu lies in it: the chance is 5 in a million.
            ends = [f({**params, key: value + s * move}) for s in (1e-8, -1e-8)]
            expected = float((c * (ends[0] - ends[1])).sum() / 2e-8)
            slope = slopes.get(key)
            found = 0.0 if slope is None else float((np.asarray(slope) * move).sum())
            of = f"d sum(c * {name}(...)) / d params[{key!r}], along a random direction"
            number(found, expected, of=of, rtol=1e-3, atol=1e-3)


# -- training --------------------------------------------------------------------------------------


def idle():
    """Parameters whose attentions and feed-forward networks are 0, and stay 0: their gradients are 0."""
    usual = parameters()
    return {
        name: value if name in ("tokens", "logits") else 0 * value for name, value in usual.items()
    }


def adam_step(targets, lr, sparse, late):
    """(state, row numbers) -> (state, loss): a step of Adam on `idle` parameters.

    Adam of Keras differs in two ways. sparse: of the embedding, it takes the sum of squares and not the square of the
    sum. late: epsilon is added before the correction of the second moment, and betas are rounded to float32.
    """
    first, second = (float(np.float32(beta)) if late else beta for beta in (0.9, 0.999))

    def step(state, rows):
        params, moments, count = copy.deepcopy(state)
        wanted = targets[rows]
        given, mask = shifted(wanted), (wanted > 0)[..., None]
        x = params["tokens"][given] + code(0, given.shape[1], D)
        y = norm(x)
        logits = y @ params["logits"]
        loss = token_loss(logits, wanted)
        dz = (np.exp(log_softmax(logits)) - np.eye(V)[wanted]) * mask / mask.sum()
        dy = dz @ params["logits"].T
        back = dy - dy.mean(-1, keepdims=True) - y * (dy * y).mean(-1, keepdims=True)
        dx = back / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        slope, squares = np.zeros((V, D)), np.zeros((V, D))
        np.add.at(slope, given, dx)
        np.add.at(squares, given, dx**2)
        out = np.einsum("btd,btv->dv", y, dz)
        count += 1
        for name, g, g2 in (
            ("tokens", slope, squares if sparse else slope**2),
            ("logits", out, out**2),
        ):
            m, v = moments.get(name, (0.0, 0.0))
            moments[name] = m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g2
            m, v = m / (1 - first**count), v / (1 - second**count)
            epsilon = 1e-7 / (np.sqrt(1 - second**count) if late else 1)
            params[name] = params[name] - lr * m / (np.sqrt(v) + epsilon)
        return (params, moments, count), loss

    return step


def traced(history, params, targets, lr, of):
    """What `followed` finds, with Adam in any of its forms."""
    reason = None
    for sparse, late in product((False, True), repeat=2):
        try:
            step = adam_step(targets, lr, sparse, late)
            return followed(history, (params, {}, 0), step, 5, 2, of)
        except Failure as failure:
            reason = reason or failure
    raise reason


@pytest.mark.grade(points=3, seconds=120, hint="Draw rng.permutation inside the loop over epochs.")
def test_fit_takes_steps_of_adam_in_new_orders(impl):
    """each epoch takes each row once, in new batches of the size asked for, and each batch makes a step of Adam"""
    params, src, targets = idle(), sources(5, 4), sources(5, 4)
    # A power of 2, which Keras keeps in float32 without an error.
    lr, epochs, batch, seed = 0.03125, 24, 2, int(integers(1000))
    of = f"fit on 5 rows with {lr=}, {epochs=}, {batch=}"
    histories = []
    for draw, count in ((seed, 6), (seed, 6), (seed + 1, epochs)):
        result = impl.float64.fit(params, src, targets, count, lr, batch, impl.rng(draw))
        trained, history = pair(result, of, ("params", "losses"))
        histories.append(losses(history, count, of, "float"))
    first, again, other = histories
    order, state = traced(other, params, targets, lr, of)
    expect_new_batches(order, of)
    keys(trained, f"the parameters of {of}", tuple(params))
    for name, value in state[0].items():
        close(trained[name], value, of=f"{name!r} after {of}", rtol=1e-3, atol=1e-4)
    holds(np.allclose(first, again, rtol=1e-6), f"{of} gave two histories for rngs of one seed")
    holds(
        not np.allclose(first, other[:6], rtol=1e-6),
        f"{of} gave the same history for rngs of different seeds, but should draw from rng",
    )
    starts = [first[0], other[0]]
    for draw in range(seed + 2, seed + 6):
        result = impl.float64.fit(params, src, targets, 1, lr, batch, impl.rng(draw))
        starts += losses(pair(result, of, ("params", "losses"))[1], 1, of, "float")
    # There are 30 ways to cut 5 rows into batches: that six rngs choose the same has a chance of 4e-8.
    holds(
        not np.allclose(starts, first[0], rtol=1e-6),
        f"the first epoch of {of} took the same batches for six rngs, but should draw them, too",
    )
    # Whatever token is given, it is the same large pattern, from which only the logit of token 4 comes.
    pattern = np.resize([1.0, -1.0], D)
    sure = np.zeros((D, V))
    sure[:, 4] = 1000 * pattern
    params |= {"tokens": np.tile(1000 * pattern, (V, 1)), "logits": sure}
    result = impl.float64.fit(params, src, np.full((5, 4), 4), 4, lr, batch, impl.rng())
    of = f"fit(params, src, targets, 4, {lr}, {batch}, rng), where the model is sure of every token"
    every_epoch(pair(result, of, ("params", "losses"))[1], 4, of)


@pytest.mark.grade(points=2, seconds=90)
def test_fit_moves_all_parameters_down(impl):
    """the first step moves each parameter by lr against its gradient, and the loss is that of shifted targets"""
    params, src, targets = parameters(), sources(4, 5), sources(4, 4)
    targets[:, 1] = 4
    given = shifted(targets)
    for name, source in (("fit(params, src, ...)", src), ("fit(params, None, ...)", None)):
        if source is None:  # These parameters learn nothing, so any size of theirs is kept.
            idle_ones = [key for key in params if key.split(".")[0] in ("encoder", "cross")]
            params |= {key: 1e6 * params[key] for key in idle_ones}

        def loss(p, source=source):
            more = () if source is None else (encode(p, source), source)
            return token_loss(decode(p, given, *more)[0], targets)

        result = impl.float64.fit(params, source, targets, 1, 1e-4, 8, impl.rng())
        trained, history = pair(result, name, ("params", "losses"))
        (found,) = losses(history, 1, name, "float")
        more = () if source is None else (encode(params, source), source)
        mistakes = {
            "that of targets that are not shifted": token_loss(
                decode(params, targets, *more)[0], targets
            ),
            "that of another source or none": token_loss(decode(params, given)[0], targets),
        }
        if source is None:
            mistakes.popitem()
        number(found, loss(params), of=f"the loss of {name}", rtol=1e-4, mistakes=mistakes)
        keys(trained, f"the parameters of {name}", tuple(params))
        for key, value in params.items():
            dtype(trained[key], "float64", of=f"{key!r} after {name} of float64 parameters")
            if source is None and key in idle_ones:
                close(trained[key], value, of=f"{key!r} after {name}", rtol=1e-6)
                continue
            at = np.unravel_index(np.abs(trained[key] - value).argmax(), value.shape)
            step = np.zeros_like(value)
            step[at] = 1e-7
            slope = (
                loss({**params, key: value + step}) - loss({**params, key: value - step})
            ) / 2e-7
            moved = float((trained[key] - value)[at])
            if abs(slope) > 1e-4:
                of = f"the step of params[{key!r}]{[int(i) for i in at]} in {name}"
                most = 1.01e-4 if key != "tokens" else np.inf
                holds(
                    moved * slope < 0 and abs(moved) < most,
                    f"{of} is {moved:.3g}, but should be {-np.sign(slope) * 1e-4:.3g}",
                )
            holds(moved != 0, f"{name} leaves params[{key!r}] as it was")


@pytest.mark.grade(points=1, seconds=120)
def test_fit_keeps_the_contracts_words(impl):
    """fit leaves its arguments as they were, and answers alike"""
    params, src, targets = parameters(), sources(8, 3), sources(8, 4)
    given = [params, src, targets, 1, 0.01, 4, impl.rng(1)]
    rules = ["result", "untouched", "twice", "settings", "gradients"]
    conform(impl, "fit", given, only=rules, gives="anything", tolerance=1e-2)


# -- decoding --------------------------------------------------------------------------------------


def decided(steps, width, count, mistakes=(), sharp=1.5):
    """Parameters and sources for which no difference below 1e-3 decides: 100 times the error of float32.

    mistakes: settings of beam_of, each of which gives other tokens for one of the sources at least.
    """
    for _ in range(100):
        params, rows, missing = parameters(sharp=sharp), [], list(mistakes)
        for row in np.split(sources(5 * count, 4), 5 * count):
            right, _, margin = beam_of(params, row, steps, width)
            if margin < 1e-3:
                continue
            same = [
                mistake
                for mistake in missing
                if np.array_equal(
                    beam_of(params, row, steps, **{"width": width, **mistake})[0], right
                )
            ]
            # The last places are for rows that tell a mistake.
            if len(same) < len(missing) or len(rows) + len(missing) < count:
                rows.append(row)
            missing = same
            if len(rows) == count:
                if not missing:
                    return params, np.concatenate(rows)
                break
    raise AssertionError("no parameters decide")


@pytest.mark.grade(points=3, hint=ENDS)
@pytest.mark.parametrize("steps", [1, 6])
def test_greedy_takes_the_most_probable_token(impl, steps):
    """each token is the most probable one behind those before it, and 0 follows the first 2"""
    # With more than one step, a token follows a 0 in one of the rows: padding ends no answer.
    early = {"ends": (0, 2)}
    params, src = decided(steps, 1, 8, [early] if steps > 1 else [])
    found, expected = impl.greedy(params, src, steps), greedy(params, src, steps)
    mistakes = {"the tokens where padding ends a row, too": beam(params, src, steps, 1, **early)[0]}
    equal(found, expected, of=f"greedy(params, src, {steps})", mistakes=mistakes)
    memory = impl.encode(params, src)
    cache, token, tokens = None, np.ones((len(src), 1), np.int64), []
    for _ in range(steps):
        logits, cache = logits_of(impl, params, token, memory, src, cache=cache)
        token = np.asarray(logits).argmax(-1)
        tokens.append(token[:, 0])
    cached = np.stack(tokens, 1)
    cached[np.cumsum(cached == 2, 1) - (cached == 2) > 0] = 0
    equal(cached, found, of="the most probable tokens one by one from the cache")
    rules = ["result", "untouched", "twice", "settings", "integers", "views", "one row"]
    given = [params, src, steps]
    conform(impl, "greedy", given, expected=greedy, rows=[1], rowwise=True, only=rules)


@pytest.mark.grade(points=2, hint=ENDS)
def test_greedy_ends_at_the_end(impl):
    """a row that says 2 at once is 2 and zeros, and one that never does has all its tokens"""
    params, src, direction = parameters(), sources(), norm(normal(D))
    for favoured in (2, 7, 0):
        logits = params["logits"].copy()
        logits[:, favoured] = 0
        forced = {**params, "logits": logits * 1e-3, "decoder.out": params["decoder.out"].copy()}
        # All features of a normalized token point the same way when the feed-forward network is huge.
        forced |= {
            "tokens": params["tokens"] * 0 + 50 * direction,
            "encoder.out": 0 * params["encoder.out"],
        }
        forced["logits"][:, favoured] = direction
        expected = greedy(forced, src, 5)
        equal(impl.greedy(forced, src, 5), expected, of=f"greedy where {favoured} is always likely")
        tokens, _ = pair(impl.beam(forced, src, 5, 1), "beam(...)", ("tokens", "scores"))
        equal(tokens, expected, of=f"the tokens of beam where {favoured} is always likely")


WRONG_BEAMS = {
    "the answers of the largest sum": {"rank": total_of},
    "the answers of a beam sorted by the mean": {"order": mean_of},
    "the answers of a beam in which those that have ended take no place": {"apart": True},
    "the answers of greedy": {"width": 1},
    "answers that have ended, wherever the beam holds one": {"rank": ended_first},
    "the answers of a beam that is done once its first answer has ended": {"early": True},
}
# The same of what takes padding for no token of an answer, or for its end.
WRONG_WORDS = {
    "the answers of the largest sum by the number of tokens but padding": {"rank": mean_of_words},
    "the answers of a beam in which padding ends an answer, too": {"ends": (0, 2)},
}


@pytest.mark.grade(points=4, seconds=60, hint=ENDS)
@pytest.mark.parametrize(("steps", "width"), [(4, 1), (5, 3), (3, 5), (2, 20)])
def test_beam_finds_the_best_answer(impl, steps, width):
    """the tokens and scores are those of the definition; a beam of width 1 is greedy"""
    wrong = {3: WRONG_BEAMS, 5: WRONG_WORDS}.get(width, {})
    # Mistakes tell where the probabilities are near to each other.
    params, src = decided(steps, width, 6, wrong.values(), sharp=0.5 if wrong else 1.5)
    of = f"beam(params, src, {steps}, {width})"
    result = pair(impl.beam(params, src, steps, width), of, ("tokens", "scores"))
    expected, scores = beam(params, src, steps, width)
    mistakes = {
        name: beam(params, src, steps, **{"width": width, **mistake})[0]
        for name, mistake in wrong.items()
    }
    equal(result[0], expected, of=f"the tokens of {of}", mistakes=mistakes)
    lengths = (np.cumsum(expected == 2, 1) - (expected == 2) == 0).sum(1)
    mistakes = {"the sums": scores * lengths}
    close(result[1], scores, of=f"the scores of {of}", rtol=1e-3, atol=1e-3, mistakes=mistakes)
    if width == 1:
        equal(result[0], impl.greedy(params, src, steps), of=f"the tokens of {of}, beside greedy")


@pytest.mark.grade(points=1, seconds=60)
def test_beam_keeps_the_contracts_words(impl):
    """beam follows the rules of docs/contract.md"""
    params, src = decided(2, 2, 3)
    rules = ["result", "untouched", "twice", "settings", "integers", "float64", "one row"]
    more = {"rows": [1], "rowwise": True, "only": rules, "tolerance": 1e-3}
    conform(impl, "beam", [params, src, 2, 2], expected=beam, **more)
    _, scores = pair(impl.float64.beam(params, src, 2, 2), "beam(...)", ("tokens", "scores"))
    close(scores, beam(params, src, 2, 2)[1], of="the scores of beam(params, src, 2, 2) in float64")


# -- outcomes --------------------------------------------------------------------------------------

REVERSED = Threshold(
    "share of right tokens of a transformer that reverses (by chance: 0.1)",
    at_least=0.95,
    torch=[1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    tensorflow=[1, 0.9989, 1, 0.9989, 1, 1, 1, 1, 1, 1],
)

REPEATED = Threshold(
    "loss of a language model on rows that repeat their first 3 symbols (pairs alone: 2.3)",
    at_most=1.0,
    torch=[0.61, 0.6198, 0.6566, 0.6728, 0.6141, 0.6058, 0.6271, 0.7809, 0.698, 0.618],
    tensorflow=[0.61, 0.6198, 0.657, 0.6728, 0.6146, 0.6059, 0.6273, 0.782, 0.6995, 0.6185],
)


def trained(impl, seed, src, targets, epochs):
    rng = impl.rng(seed)
    params = impl.build(13, 32, 4, 64, rng)
    return pair(impl.fit(params, src, targets, epochs, 0.005, 25, rng), "fit", ("params", "losses"))


@REVERSED.measured_by
def reversing(impl, seed):
    x, y = data.reverse(1100, np.random.default_rng(seed))
    y = np.concatenate([y, np.full((1100, 1), 2)], 1)
    params, _ = trained(impl, seed, x[:1000], y[:1000], 7)
    finite(params["logits"], of="params['logits'] after training")
    found = impl.greedy(params, x[1000:], 9)
    shape(found, (100, 9), of="greedy of the trained parameters")
    for row in range(10):
        wanted, _, margin = beam_of(params, x[1000 + row : 1001 + row], 9, 1)
        if margin > 1e-3:
            equal(found[row], wanted, of=f"greedy of the trained parameters, row {row}")
    return float((found == y[1000:]).mean())


@REPEATED.measured_by
def repeating(impl, seed):
    rng = np.random.default_rng(seed)
    y = np.tile(rng.integers(3, 13, (1100, 3)), 4)
    params, _ = trained(impl, seed, None, y[:1000], 3)
    return float(token_loss(decode(params, shifted(y[1000:]))[0], y[1000:]))


@pytest.mark.grade(points=2, seconds=300)
def test_transformer_learns_to_reverse(impl):
    """the median share of right tokens is at least 0.95, where chance reaches 0.1"""
    REVERSED.expect(impl)


@pytest.mark.grade(points=1, seconds=300)
def test_language_model_learns_to_repeat(impl):
    """the median loss on rows that repeat their first 3 symbols is at most 1, where pairs alone give 2.3"""
    REPEATED.expect(impl)
