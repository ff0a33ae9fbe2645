"""Hidden checks of exercises/batch_norm.py. `impl` takes and returns NumPy arrays."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_least,
    at_most,
    chance,
    close,
    dtype,
    equal,
    finite,
    from_scratch,
    holds,
    image,
    integers,
    normal,
    number,
    opaque,
    raises,
    same_inputs,
    shape,
    uniform,
)
from katagrad.authoring.oracle import slopes, softmax
from katagrad.authoring.structure import every_epoch, recorded
from katagrad.authoring.threshold import Threshold
from katagrad.errors import Failure

AXES = "A channel has one mean: average over the rows, and over height and width if there are any."
RUNNING = "new = momentum * old + (1 - momentum) * batch, with the batch variance divided by n - 1."
SIZES = [(6, 3), (2, 4), (3, 4, 5, 2), (1, 3, 2, 4)]  # images as (N, H, W, C)


def moments(x, ddof=0):
    axes = tuple(range(x.ndim - 1))
    return x.mean(axis=axes), x.var(axis=axes, ddof=ddof)


def count(x):
    return x.size // x.shape[-1]


def batch_norm(x, gamma, beta, running=None, eps=1e-5):
    mean, variance = moments(x) if running is None else running
    return gamma * (x - mean) / np.sqrt(variance + eps) + beta


def updated(x, running, momentum=0.9, ddof=1):
    return tuple(
        momentum * old + (1 - momentum) * new
        for old, new in zip(running, moments(x, ddof), strict=True)
    )


def backward(dy, x, gamma, eps=1e-5):
    axes = tuple(range(x.ndim - 1))
    mean, variance = moments(x)
    z = (x - mean) / np.sqrt(variance + eps)
    arriving = dy - dy.mean(axis=axes) - z * (dy * z).mean(axis=axes)
    return gamma / np.sqrt(variance + eps) * arriving, (dy * z).sum(axis=axes), dy.sum(axis=axes)


def layer_norm(x, gamma, beta, eps=1e-5):
    variance = x.var(axis=-1, keepdims=True)
    return gamma * (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(variance + eps) + beta


def forward(params, state, x, slope=0.0, training=False):
    after = []
    for layer, running in zip(params[:-1], state, strict=True):
        z = x @ layer["w"]
        after.append(updated(z, running) if training else running)
        z = batch_norm(z, layer["gamma"], layer["beta"], None if training else running)
        x = np.where(z > 0, z, slope * z)
    return x @ params[-1]["w"] + params[-1]["b"], after


def cross_entropy(logits, labels):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()


def statistics(channels):
    """gamma, beta and running statistics, all away from 1 and 0."""
    running = (normal(channels), uniform(channels, low=0.5, high=3.0))
    return uniform(channels, low=0.5, high=2.0), normal(channels), running


def inputs(size):
    """A batch whose channels differ in mean and spread."""
    return normal(*size) * uniform(size[-1], low=0.5, high=3.0) + normal(size[-1], scale=2.0)


def sent(x):
    return image(x) if x.ndim == 4 else x


def layout(x):
    return "image" if x.ndim == 4 else None


def network(*sizes):
    params = [
        {
            "w": normal(i, o),
            "gamma": uniform(o, low=0.5, high=2.0),
            "beta": normal(o),
        }
        for i, o in pairwise(sizes[:-1])
    ]
    params.append({"w": normal(*sizes[-2:]), "b": normal(sizes[-1])})
    state = [(normal(o), uniform(o, low=0.5, high=3.0)) for o in sizes[1:-1]]
    return params, state


@pytest.mark.grade(points=1)
def test_batch_norm_keeps_the_contracts_words(impl):
    """batch_norm keeps what docs/contract.md says of every function, in training and in use"""

    def training(x, gamma, beta, running, momentum=0.9, eps=1e-5):
        return batch_norm(x, gamma, beta, eps=eps), updated(x, running, momentum)

    def use(x, gamma, beta, running, eps=1e-5, **_):
        return batch_norm(x, gamma, beta, running, eps=eps), running

    x = inputs((5, 3))
    given = [x, *statistics(3)]
    options = {"tolerance": 1e-3, "large": [1, 2]}
    conform(impl, "batch_norm", given, {"eps": 0.25}, expected=training, **options)
    options = {"rows": [0], "large": [1, 2], "without": ["shared"]}
    conform(impl, "batch_norm", given, {"training": False}, expected=use, **options)
    x = inputs((2, 3, 4, 5))
    options = {"expected": training, "returns": ("image", None), "tolerance": 1e-3}
    conform(impl, "batch_norm", [image(x), *statistics(5)], **options)


@pytest.mark.grade(points=1)
def test_batch_norm_backward_keeps_the_contracts_words(impl):
    """batch_norm_backward keeps what docs/contract.md says of every function"""
    x, gamma = inputs((5, 3)), statistics(3)[0]
    options = {"tolerance": 1e-3, "large": [0]}
    conform(impl, "batch_norm_backward", [normal(5, 3), x, gamma], expected=backward, **options)


@pytest.mark.grade(points=1)
def test_layer_norm_keeps_the_contracts_words(impl):
    """layer_norm keeps what docs/contract.md says of every function"""
    given = [inputs((5, 3)), *statistics(3)[:2]]
    options = {"rows": [0], "rowwise": True, "large": [1, 2], "tolerance": 1e-3}
    conform(impl, "layer_norm", given, expected=layer_norm, **options)


@pytest.mark.grade(points=1)
def test_init_mlp_keeps_the_contracts_words(impl):
    """init_mlp keeps what docs/contract.md says of every function"""
    conform(impl, "init_mlp", [(4, 5, 3), impl.rng()])


@pytest.mark.grade(points=1)
def test_mlp_forward_keeps_the_contracts_words(impl):
    """mlp_forward keeps what docs/contract.md says of every function, in training and in use"""

    def predict(params, state, x, activation="relu", training=False):
        return forward(params, state, x, 0.01 if activation == "leaky_relu" else 0.0, training)

    given = [*network(4, 5, 6, 3), normal(7, 4)]
    options = {"expected": predict, "tolerance": 1e-3, "large": [0]}
    conform(impl, "mlp_forward", given, {"training": True}, **options)
    given = [*given, "leaky_relu"]
    conform(impl, "mlp_forward", given, rows=[2], without=["shared"], **options)


@pytest.mark.grade(points=1, seconds=120)
def test_train_mlp_keeps_the_contracts_words(impl):
    """train_mlp keeps what docs/contract.md says of every function"""
    given = [*network(4, 5, 3), normal(12, 4), integers(3, 12), 2, 6, 0.1, impl.rng()]
    options = {"gives": "anything", "data": [1, 2], "without": ["digits", "memory"]}
    conform(impl, "train_mlp", given, **options)


@pytest.mark.grade(points=2, hint=AXES)
@pytest.mark.parametrize("size", SIZES)
def test_batch_norm_uses_the_batch_in_training(impl, size):
    """in training, every channel is normalised by the mean and biased variance of the batch"""
    x = inputs(size)
    gamma, beta, running = statistics(size[-1])
    y, _ = impl.batch_norm(sent(x), gamma, beta, running, returns=(layout(x), None))
    mean, variance = moments(x)
    close(
        y,
        batch_norm(x, gamma, beta),
        of="batch_norm(x, gamma, beta, running)[0]",
        rtol=1e-3,
        atol=1e-4,
        mistakes={
            "the result with the running statistics": batch_norm(x, gamma, beta, running),
            "the result with the unbiased variance": batch_norm(x, gamma, beta, moments(x, 1)),
            "the result without gamma and beta": batch_norm(x, 1, 0),
            "the statistics of each row instead of each channel": layer_norm(x, gamma, beta),
            "gamma (x - mean) / variance + beta": gamma * (x - mean) / (variance + 1e-5) + beta,
        },
    )
    plain = impl.batch_norm(sent(x), gamma, beta, running, eps=0.5, returns=(layout(x), None))[0]
    outside = gamma * (x - mean) / (np.sqrt(variance) + 0.5) + beta
    close(
        plain,
        batch_norm(x, gamma, beta, eps=0.5),
        of="batch_norm(x, gamma, beta, running, eps=0.5)[0]",
        rtol=1e-3,
        atol=1e-4,
        mistakes={"sqrt(variance) + eps: eps belongs under the root": outside},
    )


@pytest.mark.grade(
    points=2, hint="In use, normalise by the running statistics, and leave them alone."
)
@pytest.mark.parametrize("size", [*SIZES, (1, 3)])
def test_batch_norm_uses_running_statistics_in_use(impl, size):
    """with training=False, the running statistics take the batch's place, and stay as they were"""
    x = inputs(size)
    gamma, beta, running = statistics(size[-1])
    y, after = impl.batch_norm(
        sent(x), gamma, beta, running, eps=0.25, training=False, returns=(layout(x), None)
    )
    close(
        y,
        batch_norm(x, gamma, beta, running, eps=0.25),
        of="batch_norm(x, gamma, beta, running, eps=0.25, training=False)[0]",
        mistakes={"the result with the batch's statistics": batch_norm(x, gamma, beta, eps=0.25)},
    )
    for name, found, wanted in zip(("mean", "variance"), after, running, strict=True):
        close(found, wanted, of=f"the running {name} after training=False")


@pytest.mark.grade(points=2, hint=RUNNING)
@pytest.mark.parametrize("momentum", [0.9, 0.75])
@pytest.mark.parametrize("size", SIZES)
def test_batch_norm_updates_its_running_statistics(impl, size, momentum):
    """running statistics keep the share `momentum`, and take in the mean and unbiased variance"""
    batches = [inputs(size) for _ in range(3)]
    gamma, beta, running = statistics(size[-1])
    found = expected = running
    given = {} if momentum == 0.9 else {"momentum": momentum}
    for step, x in enumerate(batches):
        _, found = impl.batch_norm(sent(x), gamma, beta, found, **given)
        biased = updated(x, expected, momentum, ddof=0)
        swapped = updated(x, expected, 1 - momentum)
        expected = updated(x, expected, momentum)
        for i, name in enumerate(("mean", "variance")):
            close(
                found[i],
                expected[i],
                of=f"the running {name} after batch {step}",
                mistakes={
                    "(1 - momentum) * old + momentum * batch": swapped[i],
                    "the update with the biased variance": biased[i],
                    "the batch's own": moments(x, 1)[i],
                    "the running value before the batch": running[i],
                },
            )


@pytest.mark.grade(points=1)
def test_batch_norm_keeps_its_hands_off(impl):
    """the arguments stay as they were, dtypes are kept, and running statistics carry no gradient"""
    x = inputs((5, 3))
    gamma, beta, running = statistics(3)
    y, after = same_inputs(impl, "batch_norm", x, gamma, beta, running)
    dtype(y, "float32", of="batch_norm of a float32 tensor")
    y, after = impl.float64.batch_norm(x, gamma, beta, running)
    dtype(y, "float64", of="batch_norm of a float64 tensor")
    dtype(after[1], "float64", of="the running variance of a float64 batch")
    for i, name in enumerate(("mean", "variance")):
        gradient = impl.grad("batch_norm", x, gamma, beta, running, wrt=0, output=(1, i))
        none = gradient is None or not np.any(gradient)
        holds(none, f"a gradient flows from the running {name} to x, but it should be a constant")


@pytest.mark.grade(points=1, hint="Raise ValueError where a channel has but one value.")
def test_batch_norm_refuses_a_single_value(impl):
    """training on one value a channel raises ValueError; one image of several pixels is enough"""
    gamma, beta, running = statistics(3)
    y, _ = impl.batch_norm(image(normal(1, 2, 1, 3)), gamma, beta, running, returns=("image", None))
    shape(y, (1, 2, 1, 3), of="batch_norm of one image of 2 by 1 pixels")
    with raises("ValueError", of="batch_norm of one row in training"):
        impl.batch_norm(normal(1, 3), gamma, beta, running)
    with raises("ValueError", of="batch_norm of one image of one pixel in training"):
        impl.batch_norm(image(normal(1, 1, 1, 3)), gamma, beta, running)


@pytest.mark.grade(points=2, hint="Subtract the mean before you square: E[x^2] - E[x]^2 cancels.")
def test_norms_are_stable(impl):
    """a mean of 1,000 does not spoil the variance, and a constant channel gives beta"""
    x = normal(64, 4) + 1000.0
    gamma, beta, running = statistics(4)
    for name, found, expected in (
        ("batch_norm", impl.batch_norm(x, gamma, beta, running)[0], batch_norm(x, gamma, beta)),
        ("layer_norm", impl.layer_norm(x, gamma, beta), layer_norm(x, gamma, beta)),
    ):
        close(found, expected, of=f"{name} of values near 1,000", rtol=2e-2, atol=2e-2)
    dy = normal(64, 4)
    of = "batch_norm_backward(dy, x, gamma), x near 1,000"
    close(
        list(impl.batch_norm_backward(dy, x, gamma)),
        list(backward(dy, x, gamma)),
        of=of,
        rtol=2e-2,
        atol=2e-2,
    )
    y, after = impl.batch_norm(np.full((4, 4), 3.0), gamma, beta, running)
    close(y, np.tile(beta, (4, 1)), of="batch_norm of constant channels")
    for name, found, old, batch in zip(
        ("mean", "variance"), after, running, (3.0, 0.0), strict=True
    ):
        of = f"the running {name} after channels that are 3 throughout"
        close(found, 0.9 * old + 0.1 * batch, of=of)
    tiny = 1e-5 * normal(8, 4)
    for name, found, expected in (
        ("batch_norm", impl.batch_norm(tiny, gamma, beta, running, eps=1e-13)[0], batch_norm),
        ("layer_norm", impl.layer_norm(tiny, gamma, beta, eps=1e-13), layer_norm),
    ):
        of = f"{name} of values near 0.00001 with eps=1e-13"
        close(found, expected(tiny, gamma, beta, eps=1e-13), of=of, rtol=1e-3, atol=1e-3)
    of = "batch_norm of values near 0.00001 in use, running deviations near 0.00001, eps=1e-13"
    low = (running[0] * 2.0**-17, running[1] * 2.0**-34)
    y = impl.batch_norm(tiny, gamma, beta, low, eps=1e-13, training=False)[0]
    close(y, batch_norm(tiny, gamma, beta, low, eps=1e-13), of=of, rtol=1e-3, atol=1e-3)
    y = impl.layer_norm(np.full((2, 4), 3.0), gamma, beta)
    close(y, np.tile(beta, (2, 1)), of="layer_norm of constant rows")


@pytest.mark.grade(points=2, hint="Mean and variance depend on x: let gradients flow through them.")
@pytest.mark.parametrize("size", [(6, 3), (2, 3, 4, 2)])
def test_batch_norm_passes_gradients(impl, size):
    """automatic gradients through batch_norm take the batch's mean and variance into account"""
    x, c = inputs(size), normal(*size)
    gamma, beta, running = statistics(size[-1])
    axes = (0, 3, 1, 2) if impl.framework == "torch" and len(size) == 4 else range(len(size))
    expected = backward(c, x, gamma)
    found = impl.grad(
        "batch_norm",
        sent(x),
        gamma,
        beta,
        running,
        wrt=[0, 1, 2],
        output=0,
        cotangent=c.transpose(*axes),
    )
    constant = gamma * c / np.sqrt(moments(x)[1] + 1e-5)
    for name, f, e in zip(("x", "gamma", "beta"), found, expected, strict=True):
        mistakes = {"the gradient that holds mean and variance constant": constant}
        close(f, e, of=f"d batch_norm / d {name}", rtol=1e-3, atol=1e-4, mistakes=mistakes)


@pytest.mark.grade(
    points=3, hint="Take from dy its mean, and the normalised x times the mean of dy * normalised."
)
@pytest.mark.parametrize("size", [(6, 3), (2, 5), (2, 3, 4, 2)])
@pytest.mark.parametrize("eps", [1e-5, 0.5])
def test_batch_norm_backward_is_the_gradient(impl, size, eps):
    """batch_norm_backward gives the gradients by x, gamma and beta for a random dy"""
    x, dy = inputs(size), normal(*size)
    gamma = uniform(size[-1], low=0.5, high=2.0)
    expected = backward(dy, x, gamma, eps)
    impl64 = impl.float64  # two rows differ by little, and their gradient by less
    given = {} if eps == 1e-5 else {"eps": eps}
    found = impl64.batch_norm_backward(
        sent(dy), sent(x), gamma, **given, returns=(layout(x), None, None)
    )
    mean, variance = moments(x)
    z = (x - mean) / np.sqrt(variance + eps)
    scale = gamma / np.sqrt(variance + eps)
    axes = tuple(range(x.ndim - 1))
    named = {
        "the gradient that holds mean and variance constant": scale * dy,
        "the gradient that holds the variance constant": scale * (dy - dy.mean(axis=axes)),
        "the gradient without gamma": expected[0] / gamma,
        "the gradient with sums for means": scale
        * (dy - dy.sum(axis=axes) - z * (dy * z).sum(axis=axes)),
    }
    close(found[0], expected[0], of="batch_norm_backward(...)[0], dx", rtol=1e-6, mistakes=named)
    named = {"the mean over the batch": expected[1] / count(x), "the gradient by beta": expected[2]}
    # Of two rows that are near to each other, eps is most of the variance, and float32 rounds 1e-5 by 2.5e-13.
    of = "batch_norm_backward(...)[1], dgamma"
    close(found[1], expected[1], of=of, rtol=1e-7, atol=1e-7, mistakes=named)
    named = {"the mean over the batch": expected[2] / count(x)}
    close(found[2], expected[2], of="batch_norm_backward(...)[2], dbeta", mistakes=named)


@pytest.mark.grade(points=2, hint="Mean and biased variance along the last axis, row by row.")
@pytest.mark.parametrize("size", [(4, 5), (1, 3), (2, 3, 4), (6,)])
def test_layer_norm_follows_its_definition(impl, size):
    """layer_norm normalises every row by itself, then scales and shifts by feature"""
    x = inputs(size)
    gamma, beta, _ = statistics(size[-1])
    row = {"the statistics of each column over the rows": batch_norm(x, gamma, beta)}
    close(
        same_inputs(impl, "layer_norm", x, gamma, beta),
        layer_norm(x, gamma, beta),
        of="layer_norm(x, gamma, beta)",
        rtol=1e-3,
        atol=1e-4,
        mistakes=row | {"no gamma and beta": layer_norm(x, 1, 0)},
    )
    small = 3e-3 * normal(*size)  # so that the default eps shows
    of = "layer_norm of values near 0.003"
    close(impl.layer_norm(small, gamma, beta), layer_norm(small, gamma, beta), of=of, rtol=1e-3)
    close(
        impl.layer_norm(x, gamma, beta, eps=0.5),
        layer_norm(x, gamma, beta, eps=0.5),
        of="layer_norm(x, gamma, beta, eps=0.5)",
        rtol=1e-3,
        atol=1e-4,
    )


@pytest.mark.grade(points=1)
def test_layer_norm_passes_gradients(impl):
    """gradients through layer_norm take the row's mean and variance into account"""
    x, c = inputs((4, 5)), normal(4, 5)
    gamma, beta, _ = statistics(5)
    found = impl.grad("layer_norm", x, gamma, beta, wrt=[0, 1, 2], cotangent=c)
    z = layer_norm(x, 1, 0)
    dz = c * gamma
    arriving = dz - dz.mean(-1, keepdims=True) - z * (dz * z).mean(-1, keepdims=True)
    dx = arriving / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
    for name, f, e in zip(
        ("x", "gamma", "beta"), found, (dx, (c * z).sum(0), c.sum(0)), strict=True
    ):
        close(f, e, of=f"d layer_norm / d {name}", rtol=1e-3, atol=1e-4)


@pytest.mark.grade(points=1, hint="He: normal draws of standard deviation sqrt(2 / in).")
def test_mlp_starts_as_the_stub_says(impl):
    """init_mlp gives the shapes, constants and spread of the stub, and draws from its rng"""
    sizes = (50, 80, 30, 100)
    params, state = impl.init_mlp(sizes, impl.rng(3))
    equal(len(params), 3, of="the number of layers of init_mlp((50, 80, 30, 100), rng)")
    equal(len(state), 2, of="the number of running statistics")
    for i, layer in enumerate(params):
        last = i == 2
        keys = ["b", "w"] if last else ["beta", "gamma", "w"]
        equal(sorted(layer), keys, of=f"the keys of layer {i}")
        shape(layer["w"], sizes[i : i + 2], of=f"w of layer {i}")
        for key, array in layer.items():
            dtype(array, "float32", of=f"{key} of layer {i}")
        if last:
            close(layer["b"], np.zeros(100), of="b of the last layer")
        else:
            close(layer["gamma"], np.ones(sizes[i + 1]), of=f"gamma of layer {i}")
            close(layer["beta"], np.zeros(sizes[i + 1]), of=f"beta of layer {i}")
            close(state[i][0], np.zeros(sizes[i + 1]), of=f"the running mean of layer {i}")
            close(state[i][1], np.ones(sizes[i + 1]), of=f"the running variance of layer {i}")
        spread, wanted = float(layer["w"].std()), np.sqrt(2 / sizes[i])
        # The standard deviation of n draws scatters by 1 / sqrt(2 n) of itself; five of those are let through.
        room = 5 * wanted / np.sqrt(2 * layer["w"].size)
        number(spread, wanted, of=f"the standard deviation of w of layer {i}", atol=room, rtol=0)
        middle = float(layer["w"].mean())
        number(
            middle, 0.0, of=f"the mean of w of layer {i}", atol=5 * wanted / layer["w"].size ** 0.5
        )
        share = float((np.abs(layer["w"]) > 2 * wanted).mean())
        of = f"the share of w of layer {i} beyond two standard deviations"
        chance(share, 0.0455003, layer["w"].size, of=of)
        # Of 2,400 draws, 30 lie beyond 2.5 deviations; of draws that are cut at two and spread out again, none does.
        of = f"the largest w of layer {i}, in standard deviations"
        at_least(float(np.abs(layer["w"]).max() / wanted), 2.5, of=of)
        # Hardly any two draws are alike in float32; of those of four digits, a fifth are.
        distinct = len(np.unique(layer["w"])) / layer["w"].size
        at_least(distinct, 0.95, of=f"the share of different numbers in w of layer {i}")
    other, _ = impl.init_mlp(sizes, impl.rng(4))
    differ = np.abs(other[0]["w"] - params[0]["w"]).max() > 1e-3
    holds(differ, "init_mlp draws the same weights from two different rngs")
    again, _ = impl.init_mlp(sizes, impl.rng(3))
    close(again[0]["w"], params[0]["w"], of="init_mlp's weights from an rng of the same seed")


@pytest.mark.grade(
    points=2, hint="w, then batch_norm, then the activation; the last layer has neither."
)
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_mlp_forward_computes_the_network(impl, activation, training):
    """mlp_forward gives the network's logits and running statistics from given weights"""
    params, state = network(5, 4, 6, 3)
    x = normal(7, 5)
    slope = 0.01 if activation == "leaky_relu" else 0.0
    call = f"mlp_forward(params, state, x, {activation!r}, {training=})"
    given = {"activation": activation, "training": training}
    logits, after = same_inputs_call(impl, params, state, x, given)
    expected, new_state = forward(params, state, x, slope, training)
    mistakes = {
        "the result of the other mode": forward(params, state, x, slope, not training)[0],
        "the result with the other slope": forward(params, state, x, 0.01 - slope, training)[0],
        "the result with slope 0.2": forward(params, state, x, 0.2, training)[0],
        "the network without an activation": forward(params, state, x, 1.0, training)[0],
    }
    close(logits, expected, of=f"{call}[0]", rtol=1e-3, atol=1e-4, mistakes=mistakes)
    equal(len(after), 2, of="the number of running statistics")
    for i, (f, e) in enumerate(zip(after, new_state, strict=True)):
        close(list(f), list(e), of=f"{call}[1][{i}]", rtol=1e-3, atol=1e-4)


def same_inputs_call(impl, params, state, x, given):
    """Call mlp_forward, and expect that what was given stays as it was."""
    kept = [{key: value.copy() for key, value in layer.items()} for layer in params]
    result, (layers, running, _) = impl.after("mlp_forward", params, state, x, **given)
    for i, layer in enumerate(kept):
        close(layers[i], layer, of=f"params[{i}] after mlp_forward")
    equal(len(running), len(state), of="the number of running statistics after mlp_forward")
    for i, pair in enumerate(state):
        close(list(running[i]), list(pair), of=f"the given state[{i}] after mlp_forward")
    return result


@pytest.mark.grade(points=1)
def test_mlp_forward_reads_its_defaults(impl):
    """mlp_forward predicts with ReLU unless told otherwise, and refuses other activations"""
    params, state = network(4, 5, 2)
    x = normal(1, 4)
    close(
        impl.mlp_forward(params, state, x)[0],
        forward(params, state, x)[0],
        of="mlp_forward(params, state, x)[0] of one row",
        rtol=1e-3,
        atol=1e-4,
    )
    with raises("ValueError", of="mlp_forward(params, state, x, 'step')"):
        impl.mlp_forward(params, state, x, "step")
    with raises("ValueError", of="mlp_forward(params, [], x, 'step') without a hidden layer"):
        impl.mlp_forward([{"w": normal(4, 2), "b": normal(2)}], [], x, "step")


@pytest.mark.grade(points=3, hint="One step is w - lr * gradient, of every w, gamma, beta and b.")
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_training_takes_exact_steps(impl, activation):
    """two full-batch steps from given weights give the losses, parameters and statistics of the oracle"""
    params, state = network(4, 5, 3)
    x, y = normal(8, 4), integers(3, 8)
    lr, slope = 0.1, 0.01 if activation == "leaky_relu" else 0.0
    # 12 rows would fit into a batch: all 8 are one.
    given = {"epochs": 2, "batch_size": 12, "lr": lr, "rng": impl.rng(), "activation": activation}
    trained, after, history = impl.float64.train_mlp(params, state, x, y, **given)
    expected, running, losses = params, state, []
    for _ in range(2):
        loss, gradients = loss_and_gradients(expected, running, x, y, slope)
        _, running = forward(expected, running, x, slope, training=True)
        losses.append(loss)
        expected = [
            {key: layer[key] - lr * g[key] for key in layer}
            for layer, g in zip(expected, gradients, strict=True)
        ]
    equal(len(history), 2, of="len(history) after 2 epochs")
    plain = all(isinstance(loss, float) for loss in history)
    holds(plain, f"the history holds {history[0]!r}, but should hold Python floats")
    mistakes = {
        "the loss in use": cross_entropy(forward(params, state, x, slope)[0], y),
        "the sum over the batch": losses[0] * 8,
    }
    number(history[0], losses[0], of="history[0]", rtol=1e-5, mistakes=mistakes)
    for i, layer in enumerate(expected):
        for key, value in layer.items():
            mistakes = {"the value before training": params[i][key]}
            of = f"params[{i}][{key!r}] after 2 steps"
            close(trained[i][key], value, of=of, rtol=1e-5, atol=1e-6, mistakes=mistakes)
    for name, found, wanted in zip(("mean", "variance"), after[0], running[0], strict=True):
        close(found, wanted, of=f"the running {name} after 2 steps", rtol=1e-5, atol=1e-6)
    mistakes = {"the loss of the first epoch again": losses[0]}
    number(history[1], losses[1], of="history[1]", rtol=1e-5, mistakes=mistakes)


def loss_and_gradients(params, state, x, y, slope, h=1e-6):
    """The training loss, and its gradients by central differences."""

    def loss():
        return cross_entropy(forward(params, state, x, slope, training=True)[0], y)

    gradients = [{key: slopes(loss, value, h) for key, value in layer.items()} for layer in params]
    return loss(), gradients


@pytest.mark.grade(points=1, hint="Skip a last batch of one row; train on any other.")
def test_training_handles_the_last_batch(impl):
    """a last batch of one row is left out, a longer one is used, and what was given stays as it was"""
    params, state = network(3, 4, 2)
    x, y = normal(9, 3), integers(2, 9)
    rng = impl.rng()
    (_, _, history), (layers, running, *_) = impl.after(
        "train_mlp", params, state, x, y, 3, 8, 0.1, rng
    )
    finite(np.array(history), of="the history with 9 rows in batches of 8")
    close(layers, params, of="the given params after train_mlp")
    close(list(running[0]), list(state[0]), of="the given state[0] after train_mlp")
    # Batches of 4 and 2: two updates an epoch, in any order, leave 0.9^2 of a running mean that is far away.
    far = [(np.full(4, 1e6), np.ones(4))]
    _, after, _ = impl.train_mlp(params, far, x[:6], y[:6], 1, 4, 0.0, rng)
    close(after[0][0] / 1e6, np.full(4, 0.81), of="the share kept of the running mean", rtol=1e-3)
    # Batches of 8 and 1: one update.
    _, after, _ = impl.train_mlp(params, far, x, y, 1, 8, 0.0, rng)
    of = "the share kept of the running mean where the last batch is one row"
    close(after[0][0] / 1e6, np.full(4, 0.9), of=of, rtol=1e-3)
    # Without a hidden layer, and of rows that are all alike, every batch makes the same known step.
    (layer,), _ = network(3, 2)
    row = normal(1, 3)
    found, _, _ = impl.train_mlp([layer], [], np.tile(row, (8, 1)), np.ones(8, int), 2, 3, 0.1, rng)
    for _ in range(6):
        z = row @ layer["w"] + layer["b"]
        slope = np.exp(z) / np.exp(z).sum() - np.eye(2)[[1]]
        layer = {"w": layer["w"] - 0.1 * row.T @ slope, "b": layer["b"] - 0.1 * slope[0]}
    of = "the parameters after two epochs of batches of 3, 3 and 2 rows that are alike"
    close(found, [layer], of=of, rtol=1e-3)
    # One of six rows that are alike is of another class, and a rate of 20 makes the loss rise.
    layer, expected = {"w": np.zeros((3, 2)), "b": np.zeros(2)}, []
    rows, classes = np.tile(row, (6, 1)), np.array([0] * 5 + [1])
    found, _, history = impl.train_mlp([layer], [], rows, classes, 3, 6, 20.0, rng)
    for _ in range(3):
        z = rows @ layer["w"] + layer["b"]
        expected.append(cross_entropy(z, classes))
        slope = softmax(z) - np.eye(2)[classes]
        layer = {"w": layer["w"] - 20 * rows.T @ slope / 6, "b": layer["b"] - 20 * slope.mean(0)}
    of = "train_mlp(params, [], x, y, 3, 6, 20.0, rng), in which the loss rises"
    recorded(history, expected, of, rtol=1e-3)
    close(found, [layer], of=f"the parameters after {of}", rtol=1e-3)


@pytest.mark.grade(points=1, hint="Draw a new permutation of the rows for every epoch.")
def test_training_visits_rows_in_new_orders(impl):
    """each epoch visits every row once, in another order, drawn from rng"""
    params, state = network(2, 3, 2)
    x, y = normal(12, 2), integers(2, 12)

    def losses(seed, epochs=6):
        return np.array(impl.train_mlp(params, state, x, y, epochs, 3, 0.0, impl.rng(seed))[2])

    # At learning rate 0 the loss of an epoch depends on which rows share a batch, and on nothing else.
    once = losses(11)
    of = "the largest minus the smallest loss of 6 epochs, which differ if each epoch has an order of its own,"
    at_least(float(np.ptp(once)), 1e-5, of=of)
    close_lists(once, losses(11), "the history of a second run with the same rng")
    at_least(float(np.abs(once - losses(12)).max()), 1e-5, of="the difference that rng makes")
    # There are 15,400 ways to put 12 rows into batches: that four rngs draw the same has a chance of 3e-13.
    starts = []
    for seed in (21, 22, 23, 24):
        starts += impl.float64.train_mlp(params, state, x, y, 1, 3, 0.0, impl.rng(seed))[2]
    of = "the largest minus the smallest first loss for four rngs, which differ if each rng draws its own order,"
    at_least(float(np.ptp(starts)), 1e-9, of=of)
    expect_whole_epoch(impl)


def expect_whole_epoch(impl):
    """Expect an epoch of two batches to be one of those that six rows allow, whatever rng draws."""
    params, state = network(2, 3, 3)
    x, y = normal(6, 2), np.arange(6) % 3
    for batch in (3, 4, 5):
        given = {"epochs": 1, "batch_size": batch, "lr": 0.0, "rng": impl.rng()}
        _, after, history = impl.float64.train_mlp(params, state, x, y, **given)
        found = np.concatenate([np.ravel(history), np.ravel(after[0][0]), np.ravel(after[0][1])])
        possible = []
        for first in combinations(range(6), batch):
            running, losses = state, []
            rest = [i for i in range(6) if i not in first]
            for rows in (list(first), rest)[: len(rest)]:  # a single row is left out
                logits, running = forward(params, running, x[rows], training=True)
                losses.append(cross_entropy(logits, y[rows]))
            possible.append(np.concatenate([[np.mean(losses)], *running[0]]))
        shape(found, possible[0].shape, of="an epoch's loss and running statistics, together")
        holds(
            any(np.allclose(found, one, rtol=1e-6, atol=1e-8) for one in possible),
            f"an epoch of 6 rows in batches of {batch} has the loss {found[0]:.6g} and the running "
            f"statistics {found[1:].round(4)}; no way to put each row, with its own label, into one of two "
            "batches gives that. Does every row come exactly once (but for a last batch of one row), does its "
            "label come with it, and is the loss the mean of the batches' losses?",
        )


@pytest.mark.grade(points=1)
def test_training_averages_and_goes_on(impl):
    """an epoch's loss is the mean of its batches' losses, and training goes on from its own results"""
    params, state = network(2, 3, 2)
    # Rows that are all alike give every batch the same loss, whatever their order.
    x = np.tile(normal(1, 2), (12, 1))
    z = forward(params, state, x, training=True)[0]
    # The class that scores less: where the loss is next to nothing already, no step could lower it by much.
    y = z.argmin(-1)
    expected = cross_entropy(z, y)
    given = {"epochs": 1, "batch_size": 3, "rng": impl.rng()}
    _, _, history = impl.float64.train_mlp(params, state, x, y, 1, 11, 0.0, impl.rng())
    of = "the loss of an epoch of 12 equal rows in batches of 11, of which the last is left out,"
    halved = {"half of it: a batch that is left out has no loss": expected / 2}
    number(history[0], expected, of=of, rtol=1e-3, mistakes=halved)
    sure = [*params[:-1], params[-1] | {"b": np.array([1000.0, 0.0])}]
    _, _, history = impl.train_mlp(sure, state, x, 0 * y, 4, 3, 0.1, impl.rng())
    of = "train_mlp(params, state, x, y, 4, 3, 0.1, rng), where the network is sure of every class"
    every_epoch(history, 4, of)
    z = forward(sure, state, x, training=True)[0]
    _, _, history = impl.train_mlp(sure, state, x, 0 * y + 1, 1, 3, 0.0, impl.rng())
    of = "the loss of an epoch where the network is sure of a wrong class in every row"
    number(history[0], cross_entropy(z, 0 * y + 1), of=of, rtol=1e-3)
    kept = (opaque, opaque, None)
    params, state, history = impl.train_mlp(params, state, x, y, lr=0.0, **given, returns=kept)
    number(history[0], expected, of="the loss of an epoch of four equal batches", rtol=1e-3)
    params, state, history = impl.train_mlp(params, state, x, y, lr=0.5, **given, returns=kept)
    _, _, history = impl.train_mlp(params, state, x, y, lr=0.0, **given)
    at_most(history[0], 0.99 * expected, of="the loss after training that went on from its results")


def close_lists(found, expected, of):
    at_most(float(np.abs(found - expected).max()), 1e-5, of=f"the difference from {of}")


RELU = Threshold(
    "test accuracy on digits with relu",
    at_least=0.95,
    torch=[0.9756, 0.9711, 0.98, 0.9667, 0.9667, 0.9711, 0.9711, 0.9667, 0.9711, 0.9778],
    tensorflow=[0.9756, 0.9711, 0.98, 0.9667, 0.9667, 0.9711, 0.9711, 0.9667, 0.9711, 0.9778],
)
LEAKY = Threshold(
    "test accuracy on digits with leaky_relu",
    at_least=0.95,
    torch=[0.9689, 0.9667, 0.9756, 0.98, 0.9756, 0.9822, 0.9756, 0.9711, 0.9756, 0.9733],
    tensorflow=[0.9689, 0.9667, 0.9756, 0.98, 0.9756, 0.9822, 0.9756, 0.9711, 0.9756, 0.9733],
)


def accuracy(impl, seed, activation):
    digits = data.digits()
    impl.seed(seed)
    rng = np.random.default_rng(seed)
    start, shuffle = (int(s) for s in rng.integers(2**31, size=2))
    params, state = impl.init_mlp((64, 128, 64, 10), impl.rng(start), returns=(opaque, opaque))
    params, state, _ = impl.train_mlp(
        params,
        state,
        digits.train_x,
        digits.train_y,
        epochs=8,
        batch_size=50,
        lr=0.1,
        rng=impl.rng(shuffle),
        activation=activation,
        returns=(opaque, opaque, None),
    )
    logits, _ = impl.mlp_forward(params, state, digits.test_x, activation)
    return float((np.argmax(logits, -1) == digits.test_y).mean())


@RELU.measured_by
def relu_accuracy(impl, seed):
    return accuracy(impl, seed, "relu")


@LEAKY.measured_by
def leaky_accuracy(impl, seed):
    return accuracy(impl, seed, "leaky_relu")


@pytest.mark.grade(points=2, seconds=60)
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_mlp_learns_digits(impl, activation):
    """the median of three training runs reaches 0.95 on test images"""
    (RELU if activation == "relu" else LEAKY).expect(impl)


@pytest.mark.grade(points=1)
def test_norms_are_written_from_scratch(impl):
    """the normalisations are written from means, squares and roots, and the backward pass in closed form"""
    from_scratch(impl, "batch_norm", "batch_norm_backward", "layer_norm", "mlp_forward")
    for breach in impl.source.uses("batch_norm_backward", "autograd"):
        raise Failure(f"{breach}, but batch_norm_backward should be written in closed form")
