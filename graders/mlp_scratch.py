"""Hidden checks of exercises/mlp_scratch.py. `impl` takes and returns NumPy arrays."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import expit

from katagrad import data
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_most,
    between,
    close,
    dtype,
    finite,
    from_scratch,
    full_size,
    holds,
    integers,
    normal,
    number,
    raises,
    same_inputs,
    shape,
)
from katagrad.authoring.minibatches import expect_four_and_two, expect_new_batches, followed
from katagrad.authoring.oracle import softmax
from katagrad.authoring.structure import every_epoch, losses, pair
from katagrad.authoring.threshold import Threshold

LAYERS = "One activation after each layer but the last; logits are not activated."
STEP = "Every weight and every bias of every layer moves by lr times its own gradient."
BATCHES = "Each epoch: one permutation of all rows, cut into batches; keep the last, shorter one."

BENDS = {
    "sigmoid": expit,
    "relu": lambda s: np.maximum(s, 0),
    "leaky_relu": lambda s: np.where(s > 0, s, 0.01 * s),
    "none": lambda s: s,
}
SLOPES = {
    "sigmoid": lambda s: expit(s) * (1 - expit(s)),
    "relu": lambda s: (s > 0) * 1.0,
    "leaky_relu": lambda s: np.where(s > 0, 1.0, 0.01),
}


def forward(params, x, activation):
    for w, b in params[:-1]:
        x = BENDS[activation](x @ w + b)
    return x @ params[-1][0] + params[-1][1]


def cross_entropy(z, y):
    shifted = z - z.max(-1, keepdims=True)
    return (np.log(np.exp(shifted).sum(-1)) - shifted[np.arange(len(y)), y]).mean()


def pull(params, x, activation, error):
    """Gradients by params and x, from those by the logits."""
    inputs, sums = [x], []
    for w, b in params[:-1]:
        sums.append(inputs[-1] @ w + b)
        inputs.append(BENDS[activation](sums[-1]))
    slopes = []
    for (w, _), h, s in zip(params[::-1], inputs[::-1], [None, *sums[::-1]], strict=True):
        if s is not None:
            error = error * SLOPES[activation](s)
        slopes.insert(0, (h.T @ error, error.sum(0)))
        error = error @ w.T
    return slopes, error


def moved(params, slopes, lr):
    return [(w - lr * dw, b - lr * db) for (w, b), (dw, db) in zip(params, slopes, strict=True)]


def train_step(params, x, y, lr, activation):
    z = forward(params, x, activation)
    error = (softmax(z) - np.eye(z.shape[1])[y]) / len(y)
    return moved(params, pull(params, x, activation, error)[0], lr), cross_entropy(z, y)


def train(params, x, y, lr, epochs, batch, activation):
    """Mini-batches in the order of the rows."""
    history = []
    for _ in range(epochs):
        losses = []
        for start in range(0, len(x), batch):
            rows = slice(start, start + batch)
            params, loss = train_step(params, x[rows], y[rows], lr, activation)
            losses.append(loss)
        history.append(np.mean(losses))
    return params, history


def network(*sizes):
    """Weights and biases, both far from 0."""
    return [(normal(n, m, scale=1.5 * n**-0.5), normal(m)) for n, m in pairwise(sizes)]


def clear_rows(params, n):
    """Rows that keep every hidden unit away from the kink at 0."""
    x = normal(40 * n, len(params[0][0]))
    near, h = np.zeros(len(x), bool), x
    for w, b in params[:-1]:
        near |= (np.abs(h @ w + b) < 2e-3).any(1)
        h = np.maximum(h @ w + b, 0)
    return x[~near][:n]


def two(result, of):
    """The parameters and the loss or losses."""
    return pair(result, of, ("params", "the loss or losses"))


def same(found, right, of, likely=(), **tolerance):
    """Expect a network: a list of pairs (w, b)."""
    holds(
        isinstance(found, (list, tuple)) and len(found) == len(right),
        f"{of} are no list of {len(right)} pairs (w, b)",
    )
    for i, layer in enumerate(right):
        for j, expected in enumerate(layer):
            mistakes = {
                name: wrong[i][j]
                for name, wrong in dict(likely).items()
                if not np.allclose(wrong[i][j], expected, rtol=1e-3)
            }
            name = f"{'wb'[j]} of layer {i} of {of}"
            close(found[i][j], expected, of=name, mistakes=mistakes, **tolerance)


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("scheme", ["he", "xavier"])
@pytest.mark.parametrize("sizes", [(5, 4, 3), (2, 3), (7, 1, 6, 2)])
def test_init_params_has_its_shapes(impl, sizes, scheme):
    """init_params gives a pair of float32 tensors for each layer, drawn from rng alone, biases 0"""
    seed = int(integers(1000))
    of = f"init_params({sizes}, rng, {scheme!r})"
    params = impl.init_params(sizes, impl.rng(seed), scheme)
    holds(
        isinstance(params, (list, tuple)) and len(params) == len(sizes) - 1,
        f"{of} is no list of {len(sizes) - 1} pairs (w, b)",
    )
    again, other = (impl.init_params(sizes, impl.rng(s), scheme) for s in (seed, seed + 1))
    for i, (w, b) in enumerate(params):
        shape(w, sizes[i : i + 2], of=f"w of layer {i} of {of}")
        close(b, np.zeros(sizes[i + 1]), of=f"b of layer {i} of {of}")
        for name, tensor in (("w", w), ("b", b)):
            dtype(tensor, "float32", of=f"{name} of layer {i} of {of}")
        close(again[i][0], w, of=f"w of layer {i} of a second {of}, with an rng of the same seed")
        holds(
            not np.allclose(other[i][0], w, atol=1e-6),
            f"w of layer {i} of {of} is the same for two seeds of rng, but should be drawn from rng",
        )


@pytest.mark.grade(points=2, hint="fan_in is the number of rows of w, fan_out that of its columns.")
@pytest.mark.parametrize("scheme", ["he", "xavier", None])
def test_init_params_follows_its_scheme(impl, scheme):
    """he is normal with deviation sqrt(2 / fan_in), xavier uniform up to sqrt(6 / (fan_in + fan_out))"""
    more = {} if scheme is None else {"scheme": scheme}
    sizes = (400, 100, 300)
    params = impl.init_params(sizes, impl.rng(), **more)
    for i, (n, m) in enumerate(pairwise(sizes)):
        w = params[i][0]
        of = f"of w of layer {i} of init_params({sizes}, rng{f', {scheme!r}' if scheme else ''})"
        right = np.sqrt(2 / (n + m)) if scheme == "xavier" else np.sqrt(2 / n)
        # 30,000 draws or more: five standard errors of a deviation are 2.1 % of it, of a mean 2.9 %.
        between(w.std() / right, 0.975, 1.025, of=f"the deviation {of}, over {right:.4g},")
        between(w.mean() / right, -0.03, 0.03, of=f"the mean {of}, over {right:.4g},")
        most = np.abs(w).max() / right
        if scheme == "xavier":
            between(most, 1.7, 1.733, of=f"the largest size {of}, over {right:.4g},")
        else:
            between(most, 3.0, 8.0, of=f"the largest size {of}, over {right:.4g},")
    # Of 2,500 draws of their own, 0.13 is more than six standard errors.
    sizes = (50, 50, 50)
    first, second = (w for w, _ in impl.init_params(sizes, impl.rng(), **more))
    alike = abs(np.corrcoef(first.ravel(), second.ravel())[0, 1])
    at_most(alike, 0.13, of=f"the correlation of the two w of init_params({sizes}, rng)")


@pytest.mark.grade(points=1)
def test_unknown_names_are_refused(impl):
    """an unknown scheme or activation is a ValueError"""
    params, x = network(3, 4, 2), normal(5, 3)
    with raises("ValueError", of="init_params((3, 2), rng, 'ones')"):
        impl.init_params((3, 2), impl.rng(), "ones")
    with raises("ValueError", of="forward(params, x, 'step')"):
        impl.forward(params, x, "step")
    for word in ("He", "XAVIER", "he_normal", "xavier_uniform", ""):
        with raises("ValueError", of=f"init_params((3, 2), rng, {word!r})"):
            impl.init_params((3, 2), impl.rng(), word)


@pytest.mark.grade(points=4, hint=LAYERS)
@pytest.mark.parametrize("activation", ["sigmoid", "relu", "leaky_relu"])
@pytest.mark.parametrize("sizes", [(4, 5, 3), (3, 2), (2, 6, 4, 5, 3), (1, 2, 1)])
def test_forward_agrees_with_the_formula(impl, sizes, activation):
    """from given weights, the logits are those of the formula, for any depth"""
    params, x = network(*sizes), normal(6, sizes[0])
    right = forward(params, x, activation)
    of = f"forward(params of sizes {sizes}, x, {activation!r})"
    mistakes = {
        "the logits with the activation on them, too": BENDS[activation](right),
        "softmax of the logits": softmax(right),
        "the logits without biases": forward([(w, 0 * b) for w, b in params], x, activation),
    }
    if len(sizes) > 2:
        mistakes |= {
            f"the logits with {'no activation' if name == 'none' else name}": forward(
                params, x, name
            )
            for name in BENDS
            if name != activation
        }
        mistakes["the logits with a leaky slope of 0.2"] = forward_leaky(params, x, 0.2)
        mistakes["the logits with a leaky slope of 0.3"] = forward_leaky(params, x, 0.3)
    found = same_inputs(impl, "forward", params, x, activation)
    close(found, right, of=of, rtol=1e-3, atol=1e-4, mistakes=mistakes)
    dtype(found, "float32", of=of)
    exact = impl.float64.forward(params, x, activation)
    close(exact, right, of=f"{of} in float64", rtol=1e-6, atol=1e-7)
    single = impl.forward(params, x[:1], activation)
    close(single, right[:1], of=f"{of} of a single row", rtol=1e-3, atol=1e-4)


def forward_leaky(params, x, slope):
    for w, b in params[:-1]:
        s = x @ w + b
        x = np.where(s > 0, s, slope * s)
    return x @ params[-1][0] + params[-1][1]


@pytest.mark.grade(points=1, hint="relu is the default of every function that takes an activation.")
def test_relu_is_the_default(impl):
    """forward, train_step and train use ReLU unless told otherwise"""
    params = network(3, 5, 4)
    x, y = clear_rows(params, 6), integers(4, 6)
    close(impl.forward(params, x), forward(params, x, "relu"), of="forward(params, x)", rtol=1e-3)
    right, _ = train_step(params, x, y, 0.1, "relu")
    found, _ = two(impl.train_step(params, x, y, 0.1), "train_step(params, x, y, 0.1)")
    same(found, right, of="train_step(params, x, y, 0.1)")
    found, _ = two(impl.train(params, x, y, 0.1, 1, 6, impl.rng()), "train")
    same(found, right, of="train(params, x, y, 0.1, 1, 6, rng)")


@pytest.mark.grade(points=2, hint="Stay with the framework's own operations on tensors.")
@pytest.mark.parametrize("activation", ["sigmoid", "relu", "leaky_relu"])
def test_forward_passes_gradients(impl, activation):
    """gradients flow from the logits to every weight, every bias and x"""
    params = network(4, 5, 3)
    x, c = clear_rows(params, 6), normal(6, 3)
    slopes, dx = pull(params, x, activation, c)
    found, found_x = impl.grad("forward", params, x, activation, wrt=[0, 1], cotangent=c)
    same(found, slopes, of=f"d forward(params, x, {activation!r}) / d params", rtol=1e-3, atol=1e-4)
    of = f"d forward(params, x, {activation!r}) / d x"
    close(found_x, dx, of=of, rtol=1e-3, atol=1e-4)


@pytest.mark.grade(points=3, hint=STEP)
@pytest.mark.parametrize("activation", ["sigmoid", "relu", "leaky_relu"])
@pytest.mark.parametrize(("sizes", "n"), [((4, 5, 3), 7), ((3, 6, 2, 4), 1)])
def test_train_step_is_exact(impl, sizes, n, activation):
    """each step moves every parameter by lr times its gradient of the mean loss, and returns the loss before"""
    params = network(*sizes)
    x, y, lr = clear_rows(params, n), integers(sizes[-1], n), 0.4
    of = f"train_step(params of sizes {sizes}, {n} rows, y, {lr}, {activation!r})"
    right, before = train_step(params, x, y, lr, activation)
    z = forward(params, x, activation)
    p = softmax(z)
    outer = (softmax(p) - np.eye(sizes[-1])[y]) / n
    inner = p * (outer - (p * outer).sum(-1, keepdims=True))
    likely = {
        "a step on the sum over the rows": train_step(params, x, y, lr * n, activation)[0],
        "a step uphill": train_step(params, x, y, -lr, activation)[0],
        "the parameters before the step": params,
        "a step with softmax taken twice": moved(params, pull(params, x, activation, inner)[0], lr),
    }
    found, loss = two(same_inputs(impl, "train_step", params, x, y, lr, activation), of)
    after = cross_entropy(forward(right, x, activation), y)
    mistakes = {
        "the loss after the step": after,
        "the sum over the rows": n * before,
        "the loss of softmax taken twice": cross_entropy(p, y),
    }
    number(loss, before, of=f"the loss of {of}", rtol=1e-3, atol=1e-5, mistakes=mistakes)
    same(found, right, of=f"the parameters after {of}", likely=likely, rtol=1e-3, atol=1e-4)
    exact, _ = two(impl.float64.train_step(params, x, y, lr, activation), of)
    same(exact, right, of=f"the parameters after {of} in float64", rtol=1e-6, atol=1e-7)


@pytest.mark.grade(points=1, hint="logsumexp(z) - z[y] can be had without overflow.")
def test_loss_stays_finite(impl):
    """logits of 10,000 neither overflow nor give a logarithm of 0, and a step on them is exact"""
    params = [(np.array([[1e4, 0.0, -1e4]]), np.zeros(3))]
    for y, expected in ((0, 0.0), (1, 1e4), (2, 2e4)):
        of = f"train_step where the logits are 10,000, 0 and -10,000 and the class is {y}"
        found = impl.train_step(params, np.ones((2, 1)), np.full(2, y), 50.0)
        after, loss = two(found, of)
        finite(loss, of="the loss of logits of 10,000")
        number(loss, expected, of="the loss of logits of 10,000", rtol=1e-4, atol=2e-3)
        right, _ = train_step(params, np.ones((2, 1)), np.full(2, y), 50.0, "relu")
        same(after, right, of=f"the parameters after {of}")


@pytest.mark.grade(points=2, hint="Each step takes new gradients, at the parameters of the last.")
@pytest.mark.parametrize("activation", ["sigmoid", "leaky_relu"])
def test_five_steps_are_exact(impl, activation):
    """five epochs on all rows at once are five exact steps, with the losses before each"""
    params, x, y = network(3, 4, 3), normal(6, 3), integers(3, 6)
    of = f"train on 6 rows in one batch, 5 epochs, {activation!r}"
    call = (params, x, y, 0.3, 5, 6)
    # In float64, where a unit that crosses the kink of ReLU does so for all alike.
    found, history = two(same_inputs(impl.float64, "train", *call, impl.rng(), activation), of)
    right, expected = train(*call, activation)
    for i, loss in enumerate(losses(history, 5)):
        mistakes = {"the loss after the step": expected[i + 1]} if i < 4 else {}
        number(loss, expected[i], of=f"history[{i}] of {of}", rtol=1e-6, mistakes=mistakes)
    same(
        found,
        right,
        of=f"the parameters after {of}",
        likely={"the parameters before the step": params},
        rtol=1e-6,
        atol=1e-7,
    )
    _, history = two(impl.train(*call, impl.rng(), activation), of)
    number(losses(history, 5)[1], expected[1], of=f"history[1] of {of} in float32", rtol=1e-3)


@pytest.mark.grade(points=2, hint=BATCHES)
@pytest.mark.parametrize(("rows", "batch"), [(5, 2), (6, 3), (9, 8)])
def test_train_takes_a_step_for_each_batch(impl, rows, batch):
    """an epoch takes one step for each batch, the short last one too, and reports the mean loss"""
    params, x, y = network(3, 4, 3), normal(1, 3), integers(3, 1)
    # All rows alike: whatever the order, the result is known.
    x, y = np.repeat(x, rows, 0), np.repeat(y, rows)
    of = f"train on {rows} equal rows with {batch=}, 2 epochs"
    found, history = two(impl.float64.train(params, x, y, 0.2, 2, batch, impl.rng(), "sigmoid"), of)
    right, expected = train(params, x, y, 0.2, 2, batch, "sigmoid")
    whole = rows // batch * batch
    short, _ = train(params, x[:whole], y[:whole], 0.2, 2, batch, "sigmoid")
    likely = {"training on one batch an epoch": train(params, x, y, 0.2, 2, rows, "sigmoid")[0]}
    if whole < rows:
        likely["training without the last, shorter batch"] = short
    same(found, right, of=f"the parameters after {of}", likely=likely, rtol=1e-6, atol=1e-7)
    for i, loss in enumerate(losses(history, 2)):
        number(loss, expected[i], of=f"history[{i}] of {of}", rtol=1e-6)


@pytest.mark.grade(points=1, hint=BATCHES)
def test_train_cuts_batches_of_the_size_asked_for(impl):
    """6 rows make a batch of 4 and one of 2, and not two of 3"""
    params, x, y = network(3, 4, 3), normal(6, 3, scale=2.0), integers(3, 6)
    call = (params, x, y, 1e-9, 1, 4, impl.rng(), "sigmoid")
    _, history = two(impl.float64.train(*call), "train")
    found = losses(history, 1)[0]
    # With so small a step, the mean of the losses of both batches tells which rows were in which.
    each = np.array(
        [train_step(params, x[i : i + 1], y[i : i + 1], 0.0, "sigmoid")[1] for i in range(6)]
    )
    expect_four_and_two(found, each, "history[0] of train on 6 rows with batch=4")


@pytest.mark.grade(points=2, hint=BATCHES)
def test_train_uses_every_row_once_an_epoch(impl):
    """over an epoch of tiny steps, the parameters move by the sum of the gradients of all batches"""
    params, x, y = network(3, 4, 3), normal(12, 3), integers(3, 12)
    lr, batch, epochs = 1e-6, 3, 2
    call = (params, x, y, lr, epochs, batch, impl.rng(), "sigmoid")
    found, _ = two(impl.float64.train(*call), "train")
    # So small a step leaves the gradients as they were: four batches' means add up to four times the mean.
    near, _ = train_step(params, x, y, 1.0, "sigmoid")
    for i, layer in enumerate(params):
        for j, old in enumerate(layer):
            of = f"(params - trained) / lr for {'wb'[j]} of layer {i}, {epochs} epochs of 4 batches"
            wanted = 4 * epochs * (old - near[i][j])
            close((old - found[i][j]) / lr, wanted, of=of, rtol=1e-3, atol=1e-4)


@pytest.mark.grade(points=2, hint="Call rng.permutation anew in each epoch.")
def test_train_shuffles_in_each_epoch(impl):
    """each epoch cuts the rows into new batches, drawn from rng alone, and all settings are those asked for"""
    params, x, y = network(2, 3, 3), normal(5, 2), integers(3, 5)
    lr, epochs, batch, seed = 0.25, 24, 2, int(integers(1000))
    of = f"train on 5 rows with {lr=}, {epochs=}, {batch=}"

    def step(now, rows):
        return train_step(now, x[rows], y[rows], lr, "sigmoid")

    histories = []
    for draw in (seed, seed, seed + 1):
        call = (params, x, y, lr, epochs, batch, impl.rng(draw), "sigmoid")
        found, history = two(impl.float64.train(*call), of)
        histories.append(losses(history, epochs, of, "float"))
    order, right = followed(histories[2], params, step, 5, batch, of)
    expect_new_batches(order, of)
    same(found, right, of=f"the parameters after {of}", rtol=1e-5)
    first, again, other = histories
    holds(
        np.allclose(first, again, rtol=1e-9),
        f"{of} gave two histories for two rngs of the same seed, but should use rng alone",
    )
    holds(
        not np.allclose(first, other, rtol=1e-9),
        f"{of} gave the same history for rngs of different seeds, but should draw from rng",
    )
    starts = []
    for draw in range(seed, seed + 6):
        call = (params, x, y, lr, 1, batch, impl.rng(draw), "sigmoid")
        starts += losses(two(impl.float64.train(*call), of)[1], 1, of, "float")
    # There are 30 ways to cut 5 rows into batches: that six rngs choose the same has a chance of 4e-8.
    holds(
        not np.allclose(starts, starts[0], rtol=1e-9),
        f"the first epoch of {of} took the same batches for six rngs, but should draw them, too",
    )


@pytest.mark.grade(points=1)
def test_network_is_written_from_scratch(impl):
    """the network is written without layers, optimizers or a ready-made cross-entropy"""
    from_scratch(impl, "init_params", "forward", "train_step", "train")


def accuracy(impl, seed, split, activation, scheme, **budget):
    train_x, test_x = split
    width = train_x[0].shape[1]
    params = impl.init_params((width, 64, 10), impl.rng(seed), scheme)
    trained = impl.train(params, *train_x, rng=impl.rng(seed + 1), activation=activation, **budget)
    params, _ = two(trained, "train")
    logits = impl.forward(params, test_x[0], activation)
    # The accuracy is that of the trained parameters, and of nothing that forward knows besides.
    right = forward(params, test_x[0], activation)
    close(logits, right, of="forward(trained params, test_x)", rtol=1e-3, atol=1e-3)
    return float((logits.argmax(-1) == test_x[1]).mean())


def on_digits(impl, seed, activation, scheme, **budget):
    s = data.digits()
    parts = (s.train_x, s.train_y), (s.test_x, s.test_y)
    return accuracy(impl, seed, parts, activation, scheme, **budget)


SIGMOID = Threshold(
    "test accuracy on digits, sigmoid",
    at_least=0.94,
    torch=[0.9756, 0.96, 0.9711, 0.9756, 0.9644, 0.9711, 0.96, 0.9578, 0.9689, 0.9689],
    tensorflow=[0.9756, 0.96, 0.9711, 0.9756, 0.9644, 0.9711, 0.96, 0.9578, 0.9689, 0.9689],
)
RELU = Threshold(
    "test accuracy on digits, ReLU",
    at_least=0.94,
    torch=[0.96, 0.9689, 0.9622, 0.9689, 0.9644, 0.9667, 0.9533, 0.9689, 0.9511, 0.9622],
    tensorflow=[0.96, 0.9689, 0.9622, 0.9689, 0.9644, 0.9667, 0.9533, 0.9689, 0.9511, 0.9622],
)
MNIST = Threshold(
    "test accuracy on MNIST, ReLU",
    at_least=0.96,
    torch=[0.9717, 0.97, 0.9652, 0.9715, 0.9702, 0.9676, 0.9678, 0.9724, 0.9695, 0.9697],
    tensorflow=[0.9714, 0.9702, 0.965, 0.9715, 0.9709, 0.9665, 0.9679, 0.9726, 0.9697, 0.9696],
)


@SIGMOID.measured_by
def sigmoid_accuracy(impl, seed):
    return on_digits(impl, seed, "sigmoid", "xavier", lr=0.5, epochs=25, batch=32)


@RELU.measured_by
def relu_accuracy(impl, seed):
    return on_digits(impl, seed, "relu", "he", lr=0.05, epochs=20, batch=16)


@MNIST.measured_by
def mnist_accuracy(impl, seed):
    s = data.mnist()
    train_x, test_x = (x.reshape(len(x), -1) / np.float32(255) for x in (s.train_x, s.test_x))
    parts = (train_x, s.train_y), (test_x, s.test_y)
    return accuracy(impl, seed, parts, "relu", "he", batch=64, lr=0.2, epochs=4)


@pytest.mark.grade(
    points=1, seconds=60, hint="Pass all other checks first; they say what is wrong."
)
def test_sigmoid_network_learns_digits(impl):
    """with sigmoid, the median of three runs reaches 0.94"""
    SIGMOID.expect(impl)


@pytest.mark.grade(
    points=1, seconds=240, hint="Pass all other checks first; they say what is wrong."
)
def test_relu_network_learns_digits(impl):
    """with ReLU, the median of three runs reaches 0.94 on digits, or 0.96 on MNIST where that is present"""
    (MNIST if full_size("mnist") else RELU).expect(impl)


@pytest.mark.grade(points=1, hint="Look at the argument before anything is computed.")
def test_unknown_words_are_refused_everywhere(impl):
    """forward and train_step refuse an unknown activation, where there are no hidden layers, too"""
    for sizes in ((3, 4), (3, 5, 4)):
        params, x, y = network(*sizes), normal(4, 3), integers(4, 4)
        for word in ("tanh", "ReLU", "leaky", ""):
            with raises("ValueError", of=f"forward(params of sizes {sizes}, x, {word!r})"):
                impl.forward(params, x, word)
            with raises(
                "ValueError", of=f"train_step(params of sizes {sizes}, x, y, 0.1, {word!r})"
            ):
                impl.train_step(params, x, y, 0.1, word)


@pytest.mark.grade(
    points=1, hint="Nothing is clipped, and each row is shifted by its own largest logit."
)
def test_steps_and_units_may_be_large(impl):
    """units of 1,000, rows of logits far apart, gradients of 1,000 and steps of 2 are exact"""
    params, x, y = network(3, 4, 3), normal(6, 3), integers(3, 6)
    for size in (1e-2, 1e3):
        far = x * size
        of = f"forward(params, x of size {size:g}, 'leaky_relu')"
        found = impl.float64.forward(params, far, "leaky_relu")
        close(found, forward(params, far, "leaky_relu"), of=of, rtol=1e-6)
        of = f"forward(params, x of size {size:g}, 'relu') in float64"
        close(
            impl.float64.forward(params, far, "relu"),
            forward(params, far, "relu"),
            of=of,
            rtol=1e-10,
        )
        of = f"train_step(params, x of size {size:g}, y, 2.0, 'leaky_relu')"
        moved_by, loss = two(impl.float64.train_step(params, far, y, 2.0, "leaky_relu"), of)
        right, before = train_step(params, far, y, 2.0, "leaky_relu")
        close(loss, before, of=f"the loss of {of}", rtol=1e-6)
        same(moved_by, right, of=f"the parameters after {of}", rtol=1e-6)
    # exp(1000) is infinite, and so is a part of the slope of 1 / (1 + exp(-z)) as it is written.
    far = x * 1e3
    of = "train_step(params, x of size 1000, y, 0.5, 'sigmoid')"
    moved_by, _ = two(impl.train_step(params, far, y, 0.5, "sigmoid"), of)
    right, _ = train_step(params, far, y, 0.5, "sigmoid")
    same(moved_by, right, of=f"the parameters after {of}", rtol=1e-3, atol=1e-3)
    flat = [(np.eye(3), np.zeros(3))]
    rows = normal(2, 3) + np.array([[1e4], [-1e4]])
    _, loss = two(impl.float64.train_step(flat, rows, np.array([0, 1]), 0.1), "train_step")
    of = "the loss of rows of logits near 10,000 and -10,000"
    close(loss, cross_entropy(rows, np.array([0, 1])), of=of, rtol=1e-6)


@pytest.mark.grade(points=1, hint="batch is the number of rows of a step, whatever it is.")
def test_train_takes_batches_of_any_size(impl):
    """a batch of 100 rows is one step for 90 rows, no epochs are no steps, and no loss ends the training"""
    params, x, y = network(3, 4, 3), normal(90, 3), integers(3, 90)
    of = "train on 90 rows of float64 with lr=0.5, epochs=2, batch=100"
    found, history = two(impl.float64.train(params, x, y, 0.5, 2, 100, impl.rng(), "sigmoid"), of)
    right, expected = train(params, x, y, 0.5, 2, 100, "sigmoid")
    for i, loss in enumerate(losses(history, 2, of, "float")):
        number(loss, expected[i], of=f"history[{i}] of {of}", rtol=1e-9, atol=1e-9)
    same(found, right, of=f"the parameters after {of}", rtol=1e-3, atol=1e-4)
    # The first step leads so far beyond the share of the classes that the second loss is above the first.
    start = [(np.zeros((1, 2)), np.zeros(2))]
    call = (start, np.ones((5, 1)), np.array([0, 0, 0, 0, 1]), 20.0)
    of = "train on 5 equal rows, four of class 0 and one of class 1, lr=20, epochs=2, batch=5"
    found, _ = two(impl.float64.train(*call, 2, 5, impl.rng()), of)
    right, _ = train(*call, 2, 5, "relu")
    best = {"those after the epoch with the smallest loss": train(*call, 1, 5, "relu")[0]}
    same(found, right, of=f"the parameters after {of}", likely=best, rtol=1e-6)
    found, history = two(impl.train(params, x, y, 0.5, 0, 8, impl.rng()), "train with epochs=0")
    losses(history, 0, "train with epochs=0", "float")
    same(found, params, of="the parameters after no epochs")
    of = "train with lr=1e30, where the losses overflow,"
    _, history = two(impl.train(params, x, y, 1e30, 6, 100, impl.rng()), of)
    losses(history, 6, of, "float", finite=False)
    sure, y = [(1000 * np.eye(3), np.zeros(3))], np.arange(6) % 3
    of = "train, where the network is sure of every class,"
    _, history = two(impl.train(sure, np.eye(3)[y], y, 0.5, 4, 4, impl.rng()), of)
    every_epoch(history, 4, of)


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("name", ["init_params", "forward", "train_step", "train"])
def test_functions_keep_the_contracts_words(impl, name):
    """each function keeps what docs/contract.md says of every function"""
    # The places of 60 times 3 logits do not fit into int8.
    params, x, y = network(3, 4, 3), normal(60, 3), integers(3, 60)
    if name == "init_params":
        conform(impl, name, [(3, 4, 2), impl.rng()])
    elif name == "forward":
        conform(impl, name, [params, x, "sigmoid"], expected=forward, rows=[1], rowwise=True)
    elif name == "train_step":
        options = {"rows": [1, 2], "data": [1], "without": ["keywords", "result"]}
        conform(impl, name, [params, x, y, 0.5, "sigmoid"], **options)
    else:
        rules = ["untouched", "settings", "twice", "rng", "float64", "integers", "shared"]
        given = [params, x, y, 0.5, 2, 4, impl.rng(), "sigmoid"]
        conform(impl, name, given, gives="anything", only=[*rules, "gradients"], data=[1])
