"""Hidden checks of exercises/weight_init.py. `impl` takes and returns NumPy arrays."""

import itertools

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_least,
    at_most,
    between,
    chance,
    close,
    dtype,
    equal,
    from_scratch,
    holds,
    integers,
    normal,
    number,
    opaque,
    raises,
    same_inputs,
    shape,
    uniform,
)
from katagrad.authoring.states import expect_frozen
from katagrad.authoring.structure import every_epoch, recorded
from katagrad.authoring.threshold import Threshold

FANS = "PyTorch puts out before in, and the window last; TensorFlow the window first, then in, out."
DRAWS = 120_000
# (H, W, in, out) and (in, out) of 120,000 weights, none square
DENSE, CONVOLUTION = (300, 400), (3, 5, 80, 100)


def native(impl, *size):
    """A shape (in, out) or (H, W, in, out) in the framework's layout."""
    if impl.framework != "torch":
        return size
    *window, n_in, n_out = size
    return (n_out, n_in, *window)


def fans(size):
    *window, n_in, n_out = size
    return n_in * int(np.prod(window)), n_out * int(np.prod(window))


@pytest.mark.grade(points=1)
def test_fan_in_out_keeps_the_contracts_words(impl):
    """fan_in_out keeps what docs/contract.md says of every function"""
    size = (3, 5, 2, 11)
    conform(impl, "fan_in_out", [native(impl, *size)], expected=fans(size))


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("name", ["xavier_uniform", "xavier_normal", "he_normal"])
def test_draws_keep_the_contracts_words(impl, name):
    """the three draws keep what docs/contract.md says of every function"""
    gains = {} if name == "he_normal" else {"gain": 1.5}
    conform(impl, name, [native(impl, 4, 3), impl.rng()], gains)
    conform(impl, name, [native(impl, 2, 3, 4, 5), impl.rng()])
    if gains:
        w = draw(impl, name, (20, 30), 1e6, impl.rng())
        spread = float(w.std() / deviation(name, (20, 30), 1e6))
        of = f"the deviation of {name}(..., gain=1e6), divided by what it should be,"
        # 600 draws: the standard error is below 3 %.
        between(spread, 0.8, 1.2, of=of)
        w = draw(impl, name, (20, 30), 0.0, impl.rng())
        close(w, 0 * w, of=f"{name}(..., gain=0.0)")


@pytest.mark.grade(points=1)
def test_symmetry_rank_keeps_the_contracts_words(impl):
    """symmetry_rank keeps what docs/contract.md says of every function"""
    w = np.diag([3.0, 2.0, 0.02, 0.0])[:, :3] @ np.linalg.qr(normal(3, 3))[0]

    def rank(w, tol=1e-3):
        values = np.linalg.svd(w, compute_uv=False)
        return int((values > tol * values[0]).sum())

    conform(impl, "symmetry_rank", [w], expected=rank)
    conform(impl, "symmetry_rank", [w, 0.1], expected=rank)
    # In float32, numbers near 1e-60 are 0.
    of = "symmetry_rank of a float64 matrix with singular values near 1e-60"
    equal(impl.float64.symmetry_rank(1e-60 * w), rank(w), of=of)


@pytest.mark.grade(points=1, seconds=120)
def test_train_keeps_the_contracts_words(impl):
    """train keeps what docs/contract.md says of every function"""
    params = {"w1": normal(3, 4), "b1": normal(4), "w2": normal(4, 5), "b2": normal(5)}
    given = [params, normal(7, 3), integers(5, 7), 0.3, 3]
    # The stub asks for float32 and int64 alone.
    options = {"fresh": True, "data": [1], "without": ["float64", "digits", "integers"]}
    conform(impl, "train", given, expected=descend, rows=[1, 2], **options)


@pytest.mark.grade(points=2, hint=FANS)
@pytest.mark.parametrize("size", [(7, 3), (1, 5), (3, 5, 2, 11), (1, 1, 4, 6)])
def test_fans_count_inputs_and_outputs(impl, size):
    """fan_in_out counts inputs and outputs of dense layers and convolutions in the framework's layout"""
    found = impl.fan_in_out(native(impl, *size))
    equal(
        found,
        fans(size),
        of=f"fan_in_out of weights with (H, W, in, out) = {(1, 1, *size)[-4:]}",
        mistakes={
            "(fan_out, fan_in)": fans(size)[::-1],
            "the fans without the window": size[-2:],
        },
    )


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("size", [(), (7,), (3, 4, 5), (1, 2, 3, 4, 5)])
def test_fans_refuse_other_shapes(impl, size):
    """a shape of neither 2 nor 4 axes is a ValueError"""
    with raises("ValueError", of=f"fan_in_out({size})"):
        impl.fan_in_out(size)


def deviation(name, size, gain):
    fan_in, fan_out = fans(size)
    return np.sqrt(2 / fan_in) if name == "he_normal" else gain * np.sqrt(2 / (fan_in + fan_out))


def draw(impl, name, size, gain, rng):
    gains = {} if name == "he_normal" or gain == 1.0 else {"gain": gain}
    w = impl.call(name, native(impl, *size), rng, **gains)
    shape(w, native(impl, *size), of=f"{name}({native(impl, *size)}, rng)")
    dtype(w, "float32", of=f"{name}({native(impl, *size)}, rng)")
    return w.astype(np.float64)


@pytest.mark.grade(points=3, hint="The variance of a uniform draw on (-a, a) is a * a / 3.")
@pytest.mark.parametrize("size", [DENSE, CONVOLUTION], ids=["dense", "convolution"])
@pytest.mark.parametrize(
    ("name", "gain"),
    [
        ("xavier_uniform", 1.0),
        ("xavier_uniform", 1.5),
        ("xavier_normal", 1.0),
        ("xavier_normal", 0.5),
        ("he_normal", 1.0),
    ],
)
def test_weights_have_their_scale(impl, name, gain, size):
    """120,000 weights have the mean 0 and the standard deviation of their formula"""
    w = draw(impl, name, size, gain, impl.rng())
    expected = deviation(name, size, gain)
    error = 5 * expected / np.sqrt(DRAWS)
    between(float(w.mean()), -error, error, of=f"the mean of {name}")
    distinct = len(np.unique(w))
    holds(
        distinct > DRAWS / 2,
        f"only {distinct:,} of the {DRAWS:,} weights of {name} differ from each other, "
        "but hardly any two should be alike: the draws are rounded",
    )
    # The relative standard error of a variance is sqrt((kurtosis - 1) / n), with kurtosis 1.8 or 3.
    spread = 5 * np.sqrt((0.8 if name == "xavier_uniform" else 2.0) / DRAWS)
    fan_in, fan_out = fans(size)
    ratio = float(w.var() / expected**2)
    wrong = {
        "the limit taken as a standard deviation": 3.0,
        "a standard deviation taken as the limit": 1 / 3,
        "fan_in alone": (fan_in + fan_out) / (2 * fan_in),
        "fan_out alone": (fan_in + fan_out) / (2 * fan_out),
        "fan_out for fan_in": fan_in / fan_out,
        "half the variance": 0.5,
        "a gain that is left out": 1 / gain**2,
        "fans without the window": float(np.prod(size[:-2])),
    }
    fits = [why for why, r in wrong.items() if abs(ratio / r - 1) < spread]
    likely = f"; it fits {fits[0]}" if fits else ""
    holds(
        abs(ratio - 1) <= spread,
        f"the variance of {name} for (H, W, in, out) = {(1, 1, *size)[-4:]}, gain {gain} is {ratio:.3f} "
        f"times what it should be, but should be 1 within {spread:.3f}{likely}",
    )


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("name", ["xavier_uniform", "xavier_normal", "he_normal"])
def test_weights_have_their_distribution(impl, name):
    """uniform weights fill their interval evenly and do not leave it; normal ones are not truncated"""
    w = draw(impl, name, DENSE, 1.0, impl.rng()) / deviation(name, DENSE, 1.0)
    if name == "xavier_uniform":
        at_most(float(np.abs(w).max()), np.sqrt(3) * (1 + 1e-6), of="the largest |w| / deviation")
        share = float((np.abs(w) > np.sqrt(3) / 2).mean())
        chance(share, 0.5, DRAWS, of="the share of weights in the outer half of the interval")
    else:
        share = float((np.abs(w) > 2).mean())
        chance(share, 0.0455003, DRAWS, of="the share of weights beyond two standard deviations")
        share = float((np.abs(w) > 3.1).mean())
        chance(share, 0.00193521, DRAWS, of="the share of weights beyond 3.1 standard deviations")
        # 120,000 draws leave none beyond 3.75 deviations once in a billion times.
        at_least(float(np.abs(w).max()), 3.75, of="the largest |w| / deviation of 120,000 weights")
    chance(float((w > 0).mean()), 0.5, DRAWS, of="the share of positive weights")


@pytest.mark.grade(points=1, hint="Draw from rng, and seed nothing yourself.")
@pytest.mark.parametrize("name", ["xavier_uniform", "xavier_normal", "he_normal"])
def test_weights_follow_from_rng(impl, name):
    """the same seed gives the same weights, another seed gives others, and no weight repeats"""
    first, again, other = (
        draw(impl, name, (4, 3), 1.0, impl.rng(seed)).ravel() for seed in (3, 3, 4)
    )
    close(again, first, of=f"{name} of a second rng(3)", rtol=0, atol=0)
    holds((first != other).all(), f"{name} gives the same weights for rng(3) and rng(4)")
    equal(len(set(first)), 12, of=f"the number of different weights among 12 of {name}")
    # The mean of 12 draws is 0.29 deviations off, and their deviation 0.2: chance brings no two sets this near.
    unit = deviation(name, (4, 3), 1.0)
    for what, off in (
        ("mean", [abs(w.mean()) / unit for w in (first, other)]),
        ("standard deviation", [abs(w.std() / unit - 1) for w in (first, other)]),
    ):
        holds(
            max(off) > 1e-4,
            f"12 weights of {name} have the {what} of its formula to four digits, for two rngs: they were shifted or "
            "scaled to it, but should be as they were drawn",
        )


@pytest.mark.grade(points=1)
def test_he_keeps_the_signal(impl):
    """ten ReLU layers of he_normal keep the mean square of a signal within a factor of 6"""
    widths = [300, 500] * 5 + [300]
    x = normal(64, widths[0])
    start = (x**2).mean()
    for n_in, n_out in itertools.pairwise(widths):
        w = draw(impl, "he_normal", (n_in, n_out), 1.0, impl.rng())
        x = np.maximum(x @ (w.T if impl.framework == "torch" else w), 0)
    between(
        float((x**2).mean() / start),
        1 / 6,
        6,
        of="the mean square after ten layers, as a share of the start's",
    )


@pytest.mark.grade(points=2, hint="Walk over the dense layers; copy new values into the kernel.")
def test_initialize_fills_every_layer(impl):
    """initialize gives every dense layer fresh weights of its own he_normal scale, and biases of zero"""
    widths = (60, 200, 200, 200, 50)
    specs = []
    for n_in, n_out in itertools.pairwise(widths):
        specs += [
            {"type": "dense", "kernel": np.ones((n_in, n_out)), "bias": normal(n_out)},
            "relu",
        ]
    model = impl.sequential(*specs[:-1])
    if impl.framework == "torch":
        held = [model[2 * i].get("weight", returns=opaque) for i in range(4)]
    equal(impl.initialize(model, impl.rng()), None, of="what initialize returns")
    layers = impl.layers(model)
    if impl.framework == "torch":
        for i, (weight, layer) in enumerate(zip(held, layers, strict=True)):
            new = layer["kernel"].T
            old = {"its old values: the layer has another parameter now": np.ones_like(new)}
            of = f"the parameter that was the weight of layer {i} before initialize"
            close(weight.fetch(), new, of=of, rtol=0, atol=0, mistakes=old)
    trained = len(impl.parameters(model))
    equal(trained, 8, of="the number of trainable tensors of the model after initialize")
    for i, (layer, n_in) in enumerate(zip(layers, widths[:-1], strict=True)):
        ratio = float(layer["kernel"].std() / np.sqrt(2 / n_in))
        error = 5 / np.sqrt(2 * layer["kernel"].size)  # the standard error of a deviation
        between(ratio, 1 - error, 1 + error, of=f"std / sqrt(2 / fan_in) of layer {i}")
        close(layer["bias"], np.zeros(widths[i + 1]), of=f"the bias of layer {i}", rtol=0, atol=0)
    a, b = layers[1]["kernel"], layers[2]["kernel"]
    holds((a != b).any(), "two layers of one shape were given the same weights")
    impl.initialize(model, impl.rng())
    holds((impl.layers(model)[1]["kernel"] != a).any(), "another rng gave the same weights")
    before = impl.layers(model)[0]["kernel"]
    expect_frozen(impl, model, lambda: impl.initialize(model, impl.rng()), "initialize(model, rng)")
    holds(
        (impl.layers(model)[0]["kernel"] != before).any(),
        "initialize(model, rng) left the weights of a frozen layer as they were, but should give every layer new ones",
    )


@pytest.mark.grade(points=1)
@pytest.mark.parametrize(("n", "m", "rank"), [(7, 5, 3), (4, 9, 1), (6, 6, 6), (5, 2, 2)])
def test_symmetry_rank_counts_differing_units(impl, n, m, rank):
    """symmetry_rank is the numerical rank of a matrix of any shape"""
    orthogonal = [np.linalg.qr(normal(k, rank))[0] for k in (n, m)]
    w = orthogonal[0] * uniform(rank, low=1.0, high=4.0) @ orthogonal[1].T
    equal(impl.symmetry_rank(w), rank, of=f"symmetry_rank of a {n} by {m} matrix of rank {rank}")
    equal(impl.symmetry_rank(1e-4 * w), rank, of="symmetry_rank of the same matrix times 1e-4")
    equal(impl.symmetry_rank(1e-20 * w), rank, of="symmetry_rank of the same matrix times 1e-20")
    equal(impl.symmetry_rank(np.zeros((n, m))), 0, of=f"symmetry_rank of {n} by {m} zeros")
    low = np.r_[np.zeros((m, m)), np.eye(m)]
    of = f"symmetry_rank of {m} rows of zeros above an identity matrix"
    equal(impl.symmetry_rank(low), m, of=of)
    equal(impl.symmetry_rank(low.T), m, of=of.replace("rows", "columns").replace("above", "beside"))


@pytest.mark.grade(points=1)
@pytest.mark.parametrize(("tol", "rank"), [(None, 2), (0.1, 1), (1e-5, 3), (1e-7, 4), (1.0, 0)])
def test_symmetry_rank_honours_its_tolerance(impl, tol, rank):
    """singular values count if they exceed tol times the largest"""
    w = np.diag([50.0, 50 * 1.5e-3, 50 * 0.7e-3, 50e-6])
    given = {} if tol is None else {"tol": tol}
    of = f"symmetry_rank(50 * diag(1, 1.5e-3, 0.7e-3, 1e-6), tol={tol or 1e-3:g})"
    equal(impl.symmetry_rank(w, **given), rank, of=of)
    if tol is None:
        # The largest singular value is 1 here, and the root of the sum of their squares 3.
        wide = np.diag([*np.ones(9), 2e-3, 2e-3])
        of = "symmetry_rank of a diagonal matrix of nine times 1 and twice 2e-3"
        equal(impl.symmetry_rank(wide), 11, of=of)


# -- a network from given weights ------------------------------------------------------------------


def logits(params, x):
    return np.tanh(x @ params["w1"] + params["b1"]) @ params["w2"] + params["b2"]


def descend(params, x, y, lr, steps):
    """The exact path of full-batch descent, in float64."""
    params, history = dict(params), []
    for _ in range(steps):
        hidden, scores = np.tanh(x @ params["w1"] + params["b1"]), logits(params, x)
        log_p = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
        history.append(float(-log_p[np.arange(len(y)), y].mean()))
        d = (np.exp(log_p) - np.eye(scores.shape[1])[y]) / len(y)
        d_hidden = d @ params["w2"].T * (1 - hidden**2)
        slopes = {"w1": x.T @ d_hidden, "b1": d_hidden.sum(0), "w2": hidden.T @ d, "b2": d.sum(0)}
        params = {name: w - lr * slopes[name] for name, w in params.items()}
    return params, history


@pytest.mark.grade(points=2, hint="Compute all gradients first, and then move all parameters.")
@pytest.mark.parametrize("steps", [1, 4])
def test_train_follows_the_gradient(impl, steps):
    """train gives the exact parameters and losses of full-batch descent from given weights"""
    params = {"w1": normal(3, 4), "b1": normal(4), "w2": normal(4, 5), "b2": normal(5)}
    x, y = normal(7, 3), np.array([0, 4, 4, 2, 1, 1, 4])
    same, nothing = impl.train(params, x, y, 0.3, 0)
    close(same, params, of="the parameters after no epoch")
    large = {**params, "w1": params["w1"] * 2**20}
    found, _ = impl.train(large, x / 2**20, y, 0.3, steps)
    expected, _ = descend(large, x / 2**20, y, 0.3, steps)
    of = "the parameters where w1 is about a million, and x a millionth"
    close(found, expected, of=of, rtol=1e-3, atol=1e-4)
    equal(list(nothing), [], of="the history of no epoch")
    found, history = same_inputs(impl, "train", params, x, y, 0.3, steps)
    expected, losses = descend(params, x, y, 0.3, steps)
    close(found, expected, of=f"the parameters after {steps} steps", rtol=1e-3, atol=1e-4)
    equal(len(history), steps, of=f"len(history) of {steps} epochs")
    for i, loss in enumerate(losses):
        number(history[i], loss, of=f"history[{i}]", rtol=1e-3)
    holds(isinstance(history[0], float), "history should hold Python floats")
    # Each row is there with two classes, so the loss has a minimum nearby, which a rate of 5 leaves.
    near = {"w1": np.array([[0.5, -0.25], [0.25, 1.0]]), "b1": np.array([0.0, 0.25])}
    near |= {"w2": np.array([[0.125, -0.125], [0.0, 0.25]]), "b2": np.zeros(2)}
    pairs, classes = (
        np.array([[1.0, 0.5], [1.0, 0.5], [-0.5, 1.0], [-0.5, 1.0]]),
        np.array([0, 1] * 2),
    )
    found, history = impl.train(near, pairs, classes, 5.0, steps)
    expected, rising = descend(near, pairs, classes, 5.0, steps)
    of = f"train(params, x, y, 5.0, {steps}), in which the loss rises"
    recorded(history, rising, of, rtol=1e-3)
    close(found, expected, of=f"the parameters after {of}", rtol=1e-3, atol=1e-4)
    sure = {**params, "b2": np.array([1000.0, 0.0, 0.0, 0.0, 0.0])}
    _, history = impl.train(sure, x, 0 * y, 0.3, 4)
    every_epoch(history, 4, "train(params, x, y, 0.3, 4), where the network is sure of every class")
    _, history = impl.train(sure, x, 0 * y + 1, 0.3, 1)
    z = logits(sure, x)
    of = "history[0] of a network that is sure of a wrong class in every row"
    number(history[0], float((z[:, 0] - z[:, 1]).mean()), of=of, rtol=1e-3)


def accuracy(impl, start):
    digits = data.digits()
    params = {**start, "b1": np.zeros(32), "b2": np.zeros(10)}
    params, _ = impl.train(params, digits.train_x, digits.train_y, 0.5, 100)
    right = logits(params, digits.test_x).argmax(-1) == digits.test_y
    return float(right.mean()), params


# Start and data are NumPy's and the descent is exact, so the frameworks agree to four digits.
DIFFERENT = Threshold(
    "test accuracy from different weights",
    at_least=0.90,
    torch=[0.9511, 0.96, 0.9533, 0.9533, 0.9578, 0.96, 0.9578, 0.9533, 0.9578, 0.9556],
    tensorflow=[0.9511, 0.96, 0.9533, 0.9533, 0.9578, 0.96, 0.9578, 0.9533, 0.9578, 0.9556],
)
EQUAL = Threshold(
    "test accuracy from equal weights",
    at_most=0.40,
    torch=[0.2622, 0.2778, 0.1978, 0.16, 0.2133, 0.2111, 0.2756, 0.2778, 0.22, 0.2778],
    tensorflow=[0.2622, 0.2778, 0.1978, 0.16, 0.2133, 0.2111, 0.2756, 0.2778, 0.22, 0.2778],
)


@DIFFERENT.measured_by
def different(impl, seed):
    rng = np.random.default_rng(seed)
    w1 = rng.normal(0, np.sqrt(2 / (64 + 32)), (64, 32))
    return accuracy(impl, {"w1": w1, "w2": rng.normal(0, np.sqrt(2 / (32 + 10)), (32, 10))})[0]


@EQUAL.measured_by
def alike(impl, seed):
    value = np.random.default_rng(seed).uniform(0.01, 0.03)
    return accuracy(impl, {"w1": np.full((64, 32), value), "w2": np.full((32, 10), value)})[0]


@pytest.mark.grade(points=2, seconds=60)
def test_train_learns_from_different_weights(impl):
    """from weights that differ, digits are learnt: 0.90 in the median of three runs"""
    DIFFERENT.expect(impl)


@pytest.mark.grade(points=1, seconds=60)
def test_train_stays_symmetric_from_equal_weights(impl):
    """from equal weights, all hidden units stay one unit, which tells few digits apart"""
    EQUAL.expect(impl)
    start = {"w1": np.full((64, 32), 0.02), "w2": np.full((32, 10), 0.02)}
    w1 = accuracy(impl, start)[1]["w1"]
    alike = np.repeat(w1[:, :1], 32, axis=1)
    close(w1, alike, of="w1 after 100 epochs from equal weights", rtol=1e-2, atol=1e-3)
    equal(impl.symmetry_rank(w1), 1, of="symmetry_rank(w1) after 100 epochs")
    holds(np.ptp(w1) > 0.01, "w1 is as it was at the start; it should have been trained")


@pytest.mark.grade(points=1)
def test_weights_are_drawn_from_scratch(impl):
    """the weights are drawn from rng, without the framework's initialisers and random numbers"""
    from_scratch(impl, "fan_in_out", "xavier_uniform", "xavier_normal", "he_normal", "initialize")
