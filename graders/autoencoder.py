"""Hidden checks of exercises/autoencoder.py. A model is a pair (encoder, decoder)."""

from itertools import pairwise

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring.adam import RATE, STEPS, expect_betas, expect_epsilon, expect_history
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.expect import (
    at_least,
    between,
    close,
    dtype,
    equal,
    generator,
    holds,
    normal,
    raises,
    random_seed,
    shape,
    uniform,
)
from katagrad.authoring.independence import uncorrelated
from katagrad.authoring.influence import each_matters
from katagrad.authoring.minibatches import expect_epochs, expect_rng_decides, visited
from katagrad.authoring.oracle import EPSILON, Adam, settled
from katagrad.authoring.states import expect_frozen, old_gradients
from katagrad.authoring.structure import every_epoch, items, pair, recorded
from katagrad.authoring.threshold import Threshold
from katagrad.boundary import probing

PARTS = ("encoder", "decoder")
NEW = (
    "Draw rng.permutation inside the loop over epochs, and the noise inside the loop over batches."
)
MIRROR = "Encoder: D, the widths, K. Decoder: K, the widths in reverse, D, sigmoid."
NORMAL = "The quantile is that of the errors of `normal`, after training."
DIGITS = {"code": 16, "hidden": (64,), "epochs": 12, "batch": 32, "lr": 0.004}


# -- oracle ----------------------------------------------------------------------------------------


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def through(layers, x, linear=False, last=lambda x: x):
    """What dense layers make of x, with ReLU between them and `last` at the end."""
    for layer in layers[:-1]:
        x = x @ layer["kernel"] + layer["bias"]
        x = x if linear else np.maximum(x, 0)
    x = x @ layers[-1]["kernel"] + layers[-1]["bias"]
    return x if linear else last(x)


def restored(layers, x, linear=False):
    """What a model of `build` makes of x. layers: those of the encoder, and those of the decoder."""
    return through(layers[1], through(layers[0], x, linear), linear, sigmoid)


def both(impl, model):
    """The layers of the encoder, and those of the decoder, in float64."""
    found = []
    for part, name in zip(model, PARTS, strict=True):
        layers = impl.layers(part)
        dense = all("kernel" in layer and "bias" in layer for layer in layers)
        holds(layers and dense, f"the {name} should consist of dense layers with bias")
        found.append(
            [{k: np.asarray(layer[k], np.float64) for k in ("kernel", "bias")} for layer in layers]
        )
    return found


def weights(impl, model):
    return [layer[k] for part in both(impl, model) for layer in part for k in ("kernel", "bias")]


def built(impl, features, code, *args, of="", **options):
    """(encoder, decoder)."""
    of = of or f"build{(features, code, *args)}"
    encoder, decoder = pair(impl.build(features, code, *args, **options), of, PARTS)
    return impl.fed(encoder, features), impl.fed(decoder, code)


def own(impl, params):
    """The grader's own model: a dense layer and tanh for the encoder, a dense layer for the decoder."""
    encode, bias, decode, offset = params
    first, second = ({"type": "input", "shape": (len(w),)} for w in (encode, decode))
    encoder = impl.sequential(first, {"type": "dense", "kernel": encode, "bias": bias}, "tanh")
    decoder = impl.sequential(second, {"type": "dense", "kernel": decode, "bias": offset})
    return encoder, decoder


def params_of(features=5, code=2):
    return [
        normal(features, code, scale=0.6),
        normal(code, scale=0.3),
        normal(code, features, scale=0.6),
        normal(features, scale=0.3),
    ]


def output(params, x):
    encode, bias, decode, offset = params
    return np.tanh(x @ encode + bias) @ decode + offset


def gradients(params, noisy, clean):
    encode, bias, decode, _ = params
    code = np.tanh(noisy @ encode + bias)
    signal = 2 * (output(params, noisy) - clean) / clean.size
    inner = (signal @ decode.T) * (1 - code**2)
    return [noisy.T @ inner, inner.sum(0), code.T @ signal, signal.sum(0)]


def descent(params, batches, lr, epsilon=EPSILON, corrected=True):
    """(parameters, losses) after a step of Adam for each (noisy, clean)."""
    adam, found = Adam(lr, epsilon, corrected), []
    for noisy, clean in batches:
        found.append(((output(params, noisy) - clean) ** 2).mean())
        slopes = gradients(params, noisy, clean)
        params = [adam.moved(i, p, g) for i, (p, g) in enumerate(zip(params, slopes, strict=True))]
    return params, found


def flat(arrays):
    return np.concatenate([np.ravel(a) for a in arrays])


# -- build -----------------------------------------------------------------------------------------


@pytest.mark.grade(points=3, hint=MIRROR)
@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("hidden", [(), (7,), (8, 5)])
def test_build_mirrors_the_encoder(impl, hidden, linear):
    """dense layers of the asked widths, mirrored in the decoder, with ReLU and a sigmoid unless linear"""
    of = f"build(6, 3, {hidden}, {linear=})"
    model = built(impl, 6, 3, hidden, of=of, linear=linear)
    layers = both(impl, model)
    for part, name, widths in zip(
        layers, PARTS, ([6, *hidden, 3], [3, *hidden[::-1], 6]), strict=True
    ):
        found = [layer["kernel"].shape for layer in part]
        wanted = list(pairwise(widths))
        equal(found, wanted, of=f"the shapes of the kernels of the {name} of {of}")
    for rows in (4, 1):
        x = normal(rows, 6, scale=3.0)
        code = through(layers[0], x, linear)
        close(model[0](x), code, of=f"encoder(x) of {of} for {rows} rows", rtol=1e-3)
        code = normal(rows, 3, scale=4.0)
        wanted = through(layers[1], code, linear, sigmoid)
        plain = through(layers[1], code, linear)
        mistakes = {} if linear else {"the output without a sigmoid": plain}
        of_code = f"decoder(code) of {of} for {rows} rows"
        close(model[1](code), wanted, of=of_code, mistakes=mistakes, rtol=1e-3)
    of = f"build(6, 5, {hidden}, {linear=})"
    longest, _ = built(impl, 6, 5, hidden, of=of, linear=linear)
    shape(longest(normal(4, 6)), (4, 5), of=f"encoder(x) of {of}")


@pytest.mark.grade(points=2, hint="Nothing may lead around the code.")
@pytest.mark.parametrize("code", [1, 3])
def test_linear_model_has_the_rank_of_its_code(impl, code):
    """the reconstructions of a linear model, about their mean, have as many dimensions as the code"""
    model = built(impl, 9, code, (12,), linear=True)
    x = normal(20, 9)
    found = np.asarray(impl.reconstruct(model, x), np.float64)
    shape(found, (20, 9), of="reconstruct(model, x)")
    sizes = np.linalg.svd(found - found.mean(0), compute_uv=False)
    rank = int((sizes > 1e-5 * max(sizes[0], 1e-9)).sum())
    of = f"the rank of reconstruct(build(9, {code}, (12,), linear=True), x)"
    equal(rank, code, of=of)


@pytest.mark.grade(points=1)
@pytest.mark.parametrize(("features", "code"), [(4, 4), (4, 9), (4, 0), (4, -1), (1, 1)])
def test_build_refuses_what_does_not_squeeze(impl, features, code):
    """a code below 1, or as long as the row or longer, raises ValueError"""
    for options in ({}, {"hidden": (2,)}, {"linear": True}):
        with raises("ValueError", of=f"build({features}, {code}, {options})"):
            impl.build(features, code, **options)


@pytest.mark.grade(points=1)
def test_build_draws_its_weights(impl):
    """each model has weights of its own, the default is one hidden layer of 64, and no setting changes"""
    first, second = (both(impl, built(impl, 5, 2)) for _ in range(2))
    for one, other, name in zip(first, second, PARTS, strict=True):
        apart = np.abs(one[0]["kernel"] - other[0]["kernel"]).max()
        holds(apart > 1e-3, f"the {name}s of two models of build(5, 2) have the same weights")
        spread = one[0]["kernel"].std()
        holds(spread > 1e-3, f"the weights of the {name} of build(5, 2) are all alike")
    equal(
        [len(part) for part in first], [2, 2], of="the layers of encoder and decoder, build(5, 2)"
    )
    equal(first[0][0]["kernel"].shape, (5, 64), of="the first kernel of build(5, 2)")
    rules = ["settings", "shared", "keywords"]
    conform(impl, "build", [5, 2, (3,)], only=rules, gives="anything", seeded=True)


# -- reconstruct and reconstruction_error ----------------------------------------------------------


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("rows", [6, 1])
def test_reconstruct_decodes_the_code(impl, rows):
    """reconstructions are those of the decoder, from the codes of the encoder"""
    params, x = params_of(), normal(rows, 5)
    model = own(impl, params)
    of = "reconstruct(model, x)"
    close(impl.reconstruct(model, x), output(params, x), of=of, mistakes={"x itself": x})
    for size in (1e-3, 1e6):
        sized = [*params[:2], *(size * one for one in params[2:])]
        found, of = impl.reconstruct(own(impl, sized), x), f"reconstruct(model, x), about {size:g}"
        close(found, output(sized, x), of=of, atol=1e-5 * size, dtype="float32")


@pytest.mark.grade(points=2, hint="One number for each row: the mean over its features.")
@pytest.mark.parametrize("rows", [6, 1, 0])
def test_error_is_that_of_each_row(impl, rows):
    """the error of a row is the mean square over its features"""
    params, x = params_of(), normal(rows, 5, scale=2.0)
    squares = (output(params, x) - x) ** 2
    mistakes = {} if rows < 2 else {
        "the mean over all rows": squares.mean(),
        "the mean over the rows of each feature": squares.mean(0),
        "the sum over the features": squares.sum(1),
        "the root of the mean square": np.sqrt(squares.mean(1)),
        "the mean absolute error": np.abs(output(params, x) - x).mean(1),
    }  # fmt: skip
    found = impl.reconstruction_error(own(impl, params), x)
    of = f"reconstruction_error(model, x) of {rows} rows"
    close(found, squares.mean(1), of=of, mistakes=mistakes)
    # A decoder that gives its bias, whatever the code.
    params[2] = 0 * params[2]
    for size in (1e-2, 1e3):
        x = params[3] + size * normal(rows, 5)
        errors = ((params[3] - x) ** 2).mean(1)
        of = f"reconstruction_error(model, x) of {rows} rows that are about {size:g} away"
        found = impl.reconstruction_error(own(impl, params), x)
        close(found, errors, of=of, rtol=1e-3, atol=1e-6 * size**2, dtype="float32")


@pytest.mark.grade(points=1, seconds=60)
def test_reconstructions_keep_the_contracts_words(impl):
    """reconstruct and reconstruction_error keep what docs/contract.md says of every function"""
    rules = {"without": ["float64", "digits", "memory"], "rows": [1], "rowwise": True}
    x = uniform(5, 4, low=0.0, high=1.0)
    conform(impl, "reconstruct", [anew("build", 4, 2, (3,)), x], **rules)
    conform(impl, "reconstruction_error", [anew("build", 4, 2, (3,)), x], empty=True, **rules)


# -- train -----------------------------------------------------------------------------------------


@pytest.mark.grade(points=3, seconds=30)
def test_train_takes_steps_of_adam(impl):
    """with whole batches, losses and weights of both parts are those of Adam"""
    params, x = params_of(), normal(9, 5)
    model = own(impl, params)
    of = "train(model, x, 3, 16, 0.05, rng)"

    def run(corrected):
        return descent(params, [(x, x)] * 3, 0.05, corrected=corrected)[1]

    old_gradients(impl, model[0], x)
    old_gradients(impl, model[1], normal(9, params[2].shape[0]))
    found = impl.train(model, x, 3, 16, 0.05, impl.rng())
    expect_history(found, run, of, {"the sum over features": 5 * run(True)[0]})
    after, expected = settled(
        flat(weights(impl, model)),
        lambda epsilon: flat(descent(params, [(x, x)] * 3, 0.05, epsilon)[0]),
    )
    close(after, expected, of=f"the weights after {of}", rtol=5e-3, atol=2e-3)


@pytest.mark.grade(
    points=1, seconds=30, hint="Frameworks have other defaults for epsilon than 1e-7."
)
def test_train_uses_the_numbers_of_adam(impl):
    """beta1, beta2 and epsilon of Adam are those of the stub"""

    def offset(start, epochs, lr):
        # Nothing but the last bias has a gradient: rows and weights are 0.
        model = own(impl, [np.zeros((3, 2)), np.zeros(2), np.zeros((2, 3)), start])
        impl.train(model, np.zeros((5, 3)), epochs, 5, lr, impl.rng())
        return weights(impl, model)[-1]

    start = np.array([2.0, -1.5, 1.0])[generator().permutation(3)]
    of = f"train on rows of zeros, epochs={STEPS}, lr={RATE}"
    expect_betas(offset(start, STEPS, RATE), start, lambda b: 2 * b / 3, of)
    # Steps so large that the second loss is above the first.
    adam, values = Adam(5.0), [start]
    for _ in range(2):
        values.append(adam.moved("offset", values[-1], 2 * values[-1] / 3))
    close(
        offset(start, 2, 5.0),
        values[2],
        of="the last bias after train on rows of zeros, epochs=2, lr=5, where the loss rises,",
        rtol=1e-3,
        mistakes={"the bias after the epoch with the smallest loss": values[1]},
    )
    start *= 4e-7
    of = "train on rows of zeros, with a last bias near 0"
    expect_epsilon(offset(start, 1, 1.0), start, 2 * start / 3, 1.0, of)


@pytest.mark.grade(points=1, seconds=30)
def test_train_starts_adam_anew(impl):
    """a second call begins without the memory of the first, and layers that are frozen stay so"""
    params, x = params_of(), normal(9, 5)
    model = own(impl, params)
    impl.train(model, x, 4, 16, 0.02, impl.rng())
    middle = weights(impl, model)
    impl.train(model, -x, 1, 16, 0.02, impl.rng())
    after, expected = settled(
        flat(weights(impl, model)),
        lambda epsilon: flat(descent(middle, [(-x, -x)], 0.02, epsilon)[0]),
    )
    close(after, expected, of="the weights after a second train", rtol=2e-3, atol=1e-3)
    run = lambda: impl.train(model, x, 1, 16, 0.02, impl.rng())  # noqa: E731
    expect_frozen(impl, model[0], run, "train(model, x, 1, 16, 0.02, rng)")


def noisy_inputs(impl, params, x, epochs, batch, noise, seed, lr=0.01):
    """(history, row numbers, noisy rows) of training with noise; row k of x is near 50 k."""
    model = own(impl, params)
    probing.watch(impl, model[0], (5,))
    history = impl.train(model, x, epochs, batch, lr, impl.rng(seed), noise)
    calls = probing.watched(impl, model[0])
    seen = [np.asarray(inputs, np.float64) for inputs, training in calls if training]
    seen = seen or [np.asarray(inputs, np.float64) for inputs, _ in calls]
    holds(seen, f"train(model, x, {epochs}, {batch}, ...) never called the encoder")
    found = np.concatenate(seen)
    shape(found, (epochs * len(x), x.shape[1]), of="all that the encoder got in train")
    rows = np.rint(np.median(found, axis=1) / 50).astype(int)
    return history, rows, found


@pytest.mark.grade(points=3, hint=NEW, seconds=30)
def test_train_adds_noise_to_the_inputs(impl):
    """the encoder gets each row plus noise times standard normal numbers, new ones each time, from rng"""
    x = 50.0 * np.arange(40)[:, None] + normal(40, 5)
    of = "train(model, x, 20, 8, lr, rng, noise=0.5)"
    _, rows, found = noisy_inputs(impl, params_of(), x, 20, 8, 0.5, 3)
    counts = np.bincount(np.clip(rows, 0, 39), minlength=40)
    holds((counts == 20).all(), f"{of} did not use each row once in each epoch")
    drawn = (found - x[rows]) / 0.5
    at_least(float(drawn.std()), 1e-3, of=f"the noise of {of}")
    # 4,000 numbers: the bounds are more than five standard errors away.
    between(float(drawn.mean()), -0.08, 0.08, of=f"the mean of the noise over 0.5, {of}")
    between(float((drawn**2).mean()), 0.88, 1.12, of=f"the mean square of the noise over 0.5, {of}")
    between(
        float((drawn**4).mean()), 2.2, 4.1, of=f"the mean fourth power of the noise over 0.5, {of}"
    )
    first = drawn.reshape(20, 40, 5)
    for apart, what in (
        (first[1:] - first[:-1], "in two epochs"),
        (drawn[8:] - drawn[:-8], "in two batches"),
        (drawn[1:] - drawn[:-1], "in two rows"),
        (drawn[:, 1:] - drawn[:, :-1], "in two features"),
        (drawn[np.argsort(rows, kind="stable")].reshape(40, 20, 5)[:, 1:]
         - drawn[np.argsort(rows, kind="stable")].reshape(40, 20, 5)[:, :-1], "in two uses of a row"),
    ):  # fmt: skip
        same = (np.abs(apart) < 1e-3).mean()
        holds(same < 0.1, f"{of} drew the same noise {what}, but should draw each number by itself")
    for axis, what in ((0, "rows"), (1, "features")):
        uncorrelated(drawn, axis, f"two {what} of the noise of {of}")
    # As many epochs in each run: all draws may come before the first epoch.
    of = "train(model, x, 1, 8, lr, rng, noise=0.5)"
    (_, rows, found), (_, again, same), (_, _, other) = (
        noisy_inputs(impl, params_of(), x, 1, 8, 0.5, seed) for seed in (3, 3, 4)
    )
    close(
        np.sort(same, 0),
        np.sort(found, 0),
        of=f"the inputs of {of} for the same rng",
        atol=1e-3,
    )
    holds((again == rows).all(), f"{of} took other rows for an rng of the same seed")
    holds(
        np.abs(np.sort(other, 0) - np.sort(same, 0)).max() > 1e-3,
        f"{of} drew the same for another rng",
    )


@pytest.mark.grade(
    points=3, hint="Compare the output with the rows before noise was added.", seconds=30
)
def test_train_aims_at_the_clean_rows(impl):
    """losses and steps compare the output for noisy rows with the rows themselves"""
    # Rows that lie 50 apart are told apart beneath their noise; small weights keep tanh in its range.
    params = params_of()
    params[0] *= 0.02
    x = 50.0 * np.arange(4)[:, None] + normal(4, 5)
    of = "train(model, x, 2, 8, 1e-3, rng, noise=3.0)"
    model = own(impl, params)
    probing.watch(impl, model[0], (5,))
    found = impl.train(model, x, 2, 8, 1e-3, impl.rng(), 3.0)
    calls = [np.asarray(i, np.float64) for i, _ in probing.watched(impl, model[0]) if len(i) == 4]
    equal(len(calls), 2, of=f"the number of batches of {of}")
    batches = [(noisy, x[np.rint(np.median(noisy, axis=1) / 50).astype(int)]) for noisy in calls]
    wanted, history = descent(params, batches, 1e-3)
    wrong = [((output(params, noisy) - noisy) ** 2).mean() for noisy, _ in batches]
    recorded(
        found, history, of=of, rtol=1e-4, mistakes={"the loss against the noisy rows": wrong[0]}
    )
    after = flat(weights(impl, model))
    close(after, flat(wanted), of=f"the weights after {of}", rtol=1e-3, atol=3e-4)


@pytest.mark.grade(points=2, hint=NEW, seconds=30)
def test_train_draws_a_new_order_each_epoch(impl):
    """each epoch takes each row once, in batches of the size asked for, in a new order from rng"""
    x, params = normal(11, 5), params_of()

    def run(seed, epochs=1):
        model = own(impl, params)
        return visited(
            impl, model[0], x, lambda: impl.train(model, x, epochs, 4, 0.01, impl.rng(seed))
        )

    expect_epochs(run(3, 3), 11, 4, 3, "train(model, x, 3, 4, 0.01, rng)")
    expect_rng_decides(run, "train(model, x, 1, 4, 0.01, rng)")


@pytest.mark.grade(points=2, seconds=30)
def test_train_weighs_every_row(impl):
    """every batch makes a step, the short last one too, and the loss is the mean over rows"""
    params = params_of()
    # All rows alike: whatever the order, each step is known.
    x = np.repeat(normal(1, 5), 10, 0)
    batches = [(x[:n], x[:n]) for _ in range(2) for n in (4, 4, 2)]

    def run(corrected):
        _, steps = descent(params, batches, 0.05, corrected=corrected)
        return [np.average(steps[i : i + 3], weights=(4, 4, 2)) for i in (0, 3)]

    of = "train on 10 equal rows in batches of 4, 2 epochs"
    expect_history(impl.train(own(impl, params), x, 2, 4, 0.05, impl.rng()), run, of)
    x = normal(7, 5) * np.arange(7)[:, None]
    expected = ((output(params, x) - x) ** 2).mean()
    of = "train on 7 rows in batches of 3, at a learning rate of 1e-9"
    recorded(impl.train(own(impl, params), x, 2, 3, 1e-9, impl.rng()), [expected] * 2, of=of)
    of = "train(model, x, 4, 3, 0.05, rng) from weights of 0, where every row is 0"
    nothing = own(impl, [0 * value for value in params])
    every_epoch(impl.train(nothing, 0 * x, 4, 3, 0.05, impl.rng()), 4, of)


@pytest.mark.grade(points=1, seconds=60)
def test_train_heeds_every_argument(impl):
    """epochs, batch, lr, rng and noise change what comes out; 0 epochs leave the model as it is"""
    params, x = params_of(), normal(11, 5)
    usual = {"epochs": 2, "batch": 4, "lr": 0.02, "rng": impl.rng(1), "noise": 0.0}
    other = {"epochs": 3, "batch": 5, "lr": 0.05, "rng": impl.rng(2), "noise": 0.5}

    def run(**settings):
        model = own(impl, params)
        impl.train(model, x, **settings)
        return weights(impl, model)

    each_matters(run, usual, other, of="train(model, x, ...)")
    model = own(impl, params)
    equal(impl.train(model, x, 0, 4, 0.1, impl.rng()), [], of="train with epochs=0")
    close(flat(weights(impl, model)), flat(params), of="the weights after train with epochs=0")


@pytest.mark.grade(points=1, seconds=120)
def test_train_keeps_the_contracts_words(impl):
    """train changes its model and nothing else, and answers alike"""
    rules = ["result", "untouched", "twice", "rng", "settings"]
    x = uniform(9, 4, low=0.0, high=1.0)
    given = [anew("build", 4, 2, (3,)), x, 1, 4, 0.01, impl.rng(1), 0.3]
    conform(impl, "train", given, changes=[0], gives="anything", only=rules)


# -- threshold and detection -----------------------------------------------------------------------


@pytest.mark.grade(points=2, hint="e[k] + (place - k) * (e[k + 1] - e[k]), with k = floor(place).")
@pytest.mark.parametrize("quantile", [0.0, 0.1, 0.5, 0.9, 0.99, 1.0])
@pytest.mark.parametrize("count", [1, 2, 8, 21])
def test_threshold_is_a_quantile(impl, count, quantile):
    """the threshold is the error at the place q (N - 1) of the ordered errors, interpolated"""
    errors = uniform(count, low=0.0, high=3.0)
    expected = np.quantile(errors, quantile)
    mistakes = {
        "the next error above": np.quantile(errors, quantile, method="higher"),
        "the next error below": np.quantile(errors, quantile, method="lower"),
        "that of 1 - quantile": np.quantile(errors, 1 - quantile),
    }
    of = f"fit_threshold({count} errors, {quantile})"
    # A quantile that was float32 on its way is a constant like any other.
    found = impl.float64.fit_threshold(errors, quantile)
    close(found, expected, of=of, mistakes=mistakes, rtol=1e-5)


@pytest.mark.grade(points=1)
def test_threshold_refuses_what_has_no_quantile(impl):
    """no errors, and a quantile outside of 0 to 1, raise ValueError"""
    for errors, quantile in (
        (normal(0), 0.5),
        (normal(4), -0.1),
        (normal(4), 1.01),
        (normal(1), 2),
    ):
        with raises("ValueError", of=f"fit_threshold({len(errors)} errors, {quantile})"):
            impl.fit_threshold(errors, quantile)


@pytest.mark.grade(points=1)
def test_detect_flags_what_lies_above(impl):
    """an error above the threshold is flagged, an equal one is not"""
    threshold = np.array(0.25)
    for errors in (np.array([0.25, 0.5, 0.125, 0.2500001, 0.2499999, 9.0, 0.0]), np.zeros(0)):
        found = impl.detect(errors, threshold)
        of = f"detect({errors.tolist()}, 0.25)"
        dtype(found, "bool", of=of)
        wanted = np.asarray(errors, np.float32) > np.float32(0.25)
        close(found, wanted, of=of, mistakes={"errors at or above": wanted | (errors == 0.25)})
    # One number in float32.
    near = 0.25 + 2.0**-40 * np.array([0.0, 1.0, -1.0, 2.0])
    found = impl.float64.detect(near, near[1])
    of = "detect of float64 errors 0.25 + [0, d, -d, 2 d] and the threshold 0.25 + d, d = 2**-40"
    equal(found, np.array([False, False, False, True]), of=of)


@pytest.mark.grade(points=1)
def test_thresholds_keep_the_contracts_words(impl):
    """fit_threshold and detect keep what docs/contract.md says of every function"""
    errors = uniform(9, low=0.0, high=1.0)

    def quantile(errors, q):
        return np.float64(np.quantile(errors, q))

    conform(impl, "fit_threshold", [errors, 0.7], expected=quantile, large=[0])
    small, of = 2.0**-20 * errors, "fit_threshold of errors below 1e-6"
    close(impl.float64.fit_threshold(small, 0.75), quantile(small, 0.75), of=of)
    above = {"expected": lambda e, t: e > t, "rows": [0], "rowwise": True, "empty": True}
    conform(impl, "detect", [errors, np.array(0.5)], **above)


# -- the whole -------------------------------------------------------------------------------------


def found_in(impl, ordinary, x, seed=3, quantile=0.8, **changes):
    """(model, threshold, flags) of the submission, with the global generators seeded."""
    plan = {"code": 2, "hidden": (6,), "epochs": 3, "batch": 8, "lr": 0.02, "noise": 0.1}
    impl.seed(seed)
    plan |= {"rng": impl.rng(seed)} | changes
    found = impl.find_anomalies(ordinary, x, quantile=quantile, **plan)
    model, threshold, flags = items(found, "find_anomalies(...)", ("model", "threshold", "flags"))
    shape(threshold, (), of="the threshold of find_anomalies(...)")
    dtype(flags, "bool", of="the flags of find_anomalies(...)")
    return pair(model, "the model of find_anomalies(...)", PARTS), threshold, flags


def errors_of(impl, model, x):
    return ((restored(both(impl, model), x) - x) ** 2).mean(1)


@pytest.mark.grade(points=3, hint=NORMAL, seconds=60)
def test_threshold_comes_from_normal_rows(impl):
    """the threshold is the quantile of the errors of the normal rows, and flags follow from it"""
    # Errors of usual size; much noise in training; small errors, as all rows are nearly alike; and some that no
    # sigmoid can make small.
    for low, high, plan in (
        (0.3, 0.7, {}),
        (0.0, 1.0, {"noise": 3.0}),
        (0.49, 0.51, {"epochs": 60}),
        (300.0, 700.0, {}),
    ):
        ordinary, x = uniform(30, 6, low=low, high=high), uniform(21, 6, low=0.0, high=1.0)
        quantile = 0.7
        model, threshold, flags = found_in(impl, ordinary, x, random_seed(), quantile, **plan)
        errors, others = errors_of(impl, model, ordinary), errors_of(impl, model, x)
        expected = np.quantile(errors, quantile)
        mistakes = {
            "the quantile of the errors of x": np.quantile(others, quantile),
            "the quantile of the errors of normal and x together": np.quantile(
                np.concatenate([errors, others]), quantile
            ),
        }
        of = f"the threshold of find_anomalies(normal, x, ..., {quantile=})"
        near = {"rtol": 1e-3, "atol": 1e-6, "dtype": "float32"}
        close(threshold, expected, of=of, mistakes=mistakes, **near)
        shape(flags, (21,), of="the flags of find_anomalies(normal, x, ...)")
        clear = np.abs(others - expected) > 1e-3 * expected
        wanted = np.where(clear, others > expected, flags)
        close(flags, wanted, of="the flags of find_anomalies(normal, x, ...)")
    # At 1.0, the threshold is the largest of these errors, and none of them lies above it.
    ordinary = uniform(20, 6, low=0.3, high=0.7)
    _, _, flags = found_in(impl, ordinary, ordinary, random_seed(), quantile=1.0)
    of = "the flags of find_anomalies(normal, normal, ..., quantile=1.0)"
    close(flags, np.zeros(20, bool), of=of)


@pytest.mark.grade(points=2, hint=NORMAL, seconds=60)
def test_normal_rows_alone_are_learned(impl):
    """neither model nor threshold changes with x"""
    ordinary, seed = uniform(30, 6, low=0.3, high=0.7), random_seed()
    found = []
    for x in (uniform(9, 6), uniform(40, 6, low=2.0, high=3.0)):
        model, threshold, _ = found_in(impl, ordinary, x, seed)
        found.append((threshold, flat(weights(impl, model))))
    (low, one), (high, other) = found
    close(high, low, of="the threshold of find_anomalies for another x", rtol=1e-3)
    close(other, one, of="the weights of find_anomalies for another x", rtol=1e-3, atol=1e-4)
    changed = ordinary.copy()
    changed[-1] = uniform(6, low=2.0, high=3.0)
    model, _, _ = found_in(impl, changed, uniform(9, 6), seed)
    holds(
        np.abs(flat(weights(impl, model)) - one).max() > 1e-4,
        "find_anomalies leaves the model as it is if the last row of normal changes, "
        "but should train on all rows of normal",
    )


@pytest.mark.grade(points=2, seconds=90)
def test_find_anomalies_uses_its_settings(impl):
    """code, hidden, quantile, epochs, batch, lr, rng and noise matter"""
    ordinary, x = uniform(30, 6, low=0.0, high=1.0), uniform(9, 6)
    model, _, _ = found_in(impl, ordinary, x, hidden=(7, 5), code=3)
    kernels = [layer["kernel"].shape for layer in both(impl, model)[0]]
    wanted = [(6, 7), (7, 5), (5, 3)]
    equal(kernels, wanted, of="the kernels of the encoder for hidden=(7, 5), code=3")
    model, _, _ = found_in(impl, ordinary, x, hidden=())
    kernels = [layer["kernel"].shape for layer in both(impl, model)[0]]
    equal(
        kernels, [(6, 2)], of="the kernels of the encoder of find_anomalies for hidden=(), code=2"
    )
    usual = {"epochs": 3, "batch": 8, "lr": 0.02, "noise": 0.1, "rng": impl.rng(3), "quantile": 0.8}
    other = {"epochs": 6, "batch": 30, "lr": 0.1, "noise": 1.0, "rng": impl.rng(4), "quantile": 0.2}

    def run(**settings):
        return found_in(impl, ordinary, x, **settings)[1]

    each_matters(run, usual, other, of="the threshold of find_anomalies(...)", apart=1e-5)


@pytest.mark.grade(points=1, seconds=120)
def test_find_anomalies_keeps_the_contracts_words(impl):
    """find_anomalies leaves its rows as they were and answers alike"""
    given = [
        uniform(12, 5, low=0.0, high=1.0),
        uniform(7, 5),
        2,
        (3,),
        0.9,
        1,
        4,
        0.01,
        impl.rng(3),
    ]
    rules = ["untouched", "twice", "settings", "keywords", "defaults"]
    conform(impl, "find_anomalies", given, only=rules, gives="anything", seeded=True)


# -- outcomes --------------------------------------------------------------------------------------


def trained(impl, seed, noise=0.0):
    """A model of the submission, trained on digits."""
    impl.seed(seed)
    plan = dict(DIGITS)
    model = built(impl, 64, plan.pop("code"), plan.pop("hidden"))
    impl.train(model, data.digits().train_x, **plan, rng=impl.rng(seed), noise=noise)
    return model


RESTORED = Threshold(
    "the mean squared error of reconstructed digits (16 principal components: 0.0115)",
    at_most=0.02,
    torch=[0.01528, 0.01381, 0.0151, 0.01467, 0.0149, 0.0146, 0.01645, 0.01431, 0.01425, 0.01367],
    tensorflow=[
        0.01137,
        0.01185,
        0.01134,
        0.01114,
        0.01135,
        0.01091,
        0.01208,
        0.01122,
        0.01092,
        0.01122,
    ],
)


@RESTORED.measured_by
def error_on_digits(impl, seed):
    x = data.digits().test_x
    return float(errors_of(impl, trained(impl, seed), x).mean())


@pytest.mark.grade(points=2, seconds=480)
def test_model_restores_digits(impl):
    """the median error on new digits is at most 0.02"""
    RESTORED.expect(impl)


CLEANED = Threshold(
    "the mean squared error of digits restored from noise 0.3",
    at_most=0.03,
    torch=[0.0266, 0.0262, 0.02561, 0.02587, 0.02553, 0.02628, 0.02641, 0.02595, 0.02525, 0.02517],
    tensorflow=[
        0.02393,
        0.02447,
        0.02406,
        0.02474,
        0.02447,
        0.02473,
        0.02538,
        0.02435,
        0.0236,
        0.02423,
    ],
)


@CLEANED.measured_by
def error_after_noise(impl, seed):
    x = data.digits().test_x
    noisy = x + 0.3 * np.random.default_rng(seed).standard_normal(x.shape)
    return float(((restored(both(impl, trained(impl, seed, 0.3)), noisy) - x) ** 2).mean())


@pytest.mark.grade(points=2, seconds=480)
def test_model_cleans_digits(impl):
    """the median error of new digits restored from noise is at most 0.03"""
    CLEANED.expect(impl)


FOUND = Threshold(
    "the area under the ROC curve of errors, for digits with an inverted square",
    at_least=0.95,
    torch=[0.9948, 0.9953, 0.9952, 0.9941, 0.9926, 0.9972, 0.9922, 0.9958, 0.9948, 0.9926],
    tensorflow=[0.9933, 0.9948, 0.997, 0.9938, 0.9897, 0.9924, 0.9928, 0.994, 0.9938, 0.9922],
)


@FOUND.measured_by
def area_for_inverted_squares(impl, seed):
    from sklearn.metrics import roc_auc_score  # takes long to import

    digits, rng = data.digits(), np.random.default_rng(seed)
    odd = digits.test_x.reshape(-1, 8, 8).copy()
    for one, (i, j) in zip(odd, rng.integers(0, 6, (len(odd), 2)), strict=True):
        one[i : i + 3, j : j + 3] = 1 - one[i : i + 3, j : j + 3]
    x = np.concatenate([digits.test_x, odd.reshape(-1, 64)])
    impl.seed(seed)
    plan = DIGITS | {"quantile": 0.95, "rng": impl.rng(seed)}
    model, _, _ = impl.find_anomalies(digits.train_x, x, **plan)
    labels = np.repeat([0, 1], len(odd))
    return float(roc_auc_score(labels, errors_of(impl, model, x)))


@pytest.mark.grade(points=2, seconds=480)
def test_errors_find_inverted_squares(impl):
    """the median area under the ROC curve of the errors is at least 0.95"""
    FOUND.expect(impl)


@pytest.mark.grade(points=1, hint="The model of `train` is what `reconstruct` uses.", seconds=30)
def test_errors_are_those_of_the_model(impl):
    """after training, reconstructions and errors of new rows are those of the weights"""
    model = built(impl, 6, 2, (5,))
    impl.train(model, uniform(20, 6, low=0.0, high=1.0), 3, 8, 0.02, impl.rng())
    x = generator().random((7, 6)).astype(np.float32).astype(np.float64)
    layers = both(impl, model)
    of = "after train"
    close(
        impl.reconstruct(model, x), restored(layers, x), of=f"reconstruct(model, x) {of}", rtol=1e-3
    )
    found = impl.reconstruction_error(model, x)
    close(found, errors_of(impl, model, x), of=f"reconstruction_error(model, x) {of}", rtol=1e-3)
