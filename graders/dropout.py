"""Hidden checks of exercises/dropout.py. `impl` takes and returns NumPy arrays."""

import math
from itertools import pairwise

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring.companion import plant
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.expect import (
    at_least,
    at_most,
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
)
from katagrad.authoring.minibatches import expect_epochs, visited
from katagrad.authoring.oracle import relu_network, relu_network_gradients, softmax
from katagrad.authoring.states import expect_frozen, old_gradients
from katagrad.authoring.structure import every_epoch, losses, recorded
from katagrad.authoring.threshold import Threshold

KEEP = "p is the probability to drop: an element is kept with probability 1 - p."
SCALE = "Divide what is kept by 1 - p while training; in use, do nothing."
# A generator that stays in the worker, so that its next number tells whether a call drew from it.
KEPT = """
import numpy as np

rng = np.random.default_rng(5)


def number():
    return float(rng.random())
"""


def random_mask(*size, p):
    return (np.abs(normal(*size)) > np.quantile(np.abs(normal(1000)), p)).astype(np.float64)


def cross_entropy(z, labels):
    return float(-np.log(softmax(z)[np.arange(len(labels)), labels]).mean())


def sgd_step(layers, x, labels, lr):
    """One step on the mean cross-entropy of a network without dropout."""
    steps = relu_network_gradients(layers, x, labels)
    return [
        {key: layer[key] - lr * g for key, g in step.items()}
        for layer, step in zip(layers, steps, strict=True)
    ]


def dense(n_in, n_out):
    return {"kernel": normal(n_in, n_out), "bias": normal(n_out)}


def transparent(*widths):
    """Layers that turn rows of ones into ones: the scores show what dropout did to them, unit by unit.

    widths: those of the hidden layers, none above the one before. There is a score for each unit of the last.
    """
    first = {"kernel": np.full((3, widths[0]), 0.25), "bias": np.full(widths[0], 0.25)}
    copies = [
        {"kernel": np.eye(n, m), "bias": np.zeros(m)} for n, m in pairwise([*widths, widths[-1]])
    ]
    return [first, *copies]


def hidden_dense(impl, model):
    """The dense layers of a model, in the neutral form."""
    return [layer for layer in impl.layers(model) if layer["type"] == "dense"]


def dropped(x, p, mask, training=True):
    return x * mask / (1 - p) if training else x


@pytest.mark.grade(points=1)
def test_make_mask_keeps_the_contracts_words(impl):
    """make_mask keeps what docs/contract.md says of every function"""
    conform(impl, "make_mask", [(20, 30), 0.4, impl.rng()])


@pytest.mark.grade(points=1)
def test_dropout_keeps_the_contracts_words(impl):
    """dropout keeps what docs/contract.md says of every function, in training and in use"""
    given = [normal(5, 3), 0.4, random_mask(5, 3, p=0.4)]
    options = {"expected": dropped, "rows": [0, 2], "rowwise": True, "empty": True}
    conform(impl, "dropout", given, **options)
    conform(impl, "dropout", given, {"training": False}, without=["shared"], **options)
    # With p = 0 nothing changes: in training the result is a new tensor even so.
    nothing = [normal(5, 3), 0.0, np.ones((5, 3))]
    conform(impl, "dropout", nothing, expected=dropped, only=["result", "shared"])


@pytest.mark.grade(points=1)
def test_dropout_backward_keeps_the_contracts_words(impl):
    """dropout_backward keeps what docs/contract.md says of every function"""
    given = [normal(5, 3), 0.4, random_mask(5, 3, p=0.4)]
    conform(
        impl, "dropout_backward", given, expected=dropped, rows=[0, 2], rowwise=True, empty=True
    )
    nothing = [normal(5, 3), 0.0, np.ones((5, 3))]
    conform(impl, "dropout_backward", nothing, expected=dropped, only=["result", "shared"])


@pytest.mark.grade(points=1, seconds=60)
def test_logits_keeps_the_contracts_words(impl):
    """logits keeps what docs/contract.md says of every function"""
    model = anew("build_mlp", 4, (6,), 3, 0.5)
    conform(impl, "logits", [model, normal(5, 4)], rows=[1], rowwise=True)


@pytest.mark.grade(points=1, seconds=120)
def test_train_mlp_keeps_the_contracts_words(impl):
    """train_mlp keeps what docs/contract.md says of every function"""
    given = [anew("build_mlp", 4, (), 3, 0.0), normal(5, 4), integers(3, 5), 2, 5, 0.1]
    rules = ["result", "untouched", "settings", "integers", "views"]
    conform(impl, "train_mlp", given, gives="anything", changes=[0], seeded=True, only=rules)
    model = impl.build_mlp(4, (6,), 3, 0.0)
    run = lambda: impl.train_mlp(model, *given[1:3], 1, 5, 0.1)  # noqa: E731
    expect_frozen(impl, model, run, "train_mlp(model, x, y, 1, 5, 0.1)")


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("size", [(4,), (3, 5), (2, 3, 4), (1, 7)])
def test_mask_has_its_shape_and_zeros_and_ones(impl, size):
    """make_mask gives a float32 tensor of the shape asked for, of zeros and ones"""
    mask = impl.make_mask(size, 0.5, impl.rng())
    shape(mask, size, of=f"make_mask({size}, 0.5, rng)")
    dtype(mask, "float32", of=f"make_mask({size}, 0.5, rng)")
    strange = sorted(set(np.unique(mask).tolist()) - {0.0, 1.0})
    holds(not strange, f"make_mask gave {strange[:3]}, but should give only 0 and 1")
    close(impl.make_mask(size, 0.0, impl.rng()), np.ones(size), of=f"make_mask({size}, 0.0, rng)")
    close(impl.make_mask(size, 1.0, impl.rng()), np.zeros(size), of=f"make_mask({size}, 1.0, rng)")
    for p in (0, 1):
        of = f"make_mask({size}, {p}, rng), where p is an integer"
        close(impl.make_mask(size, p, impl.rng()), np.full(size, 1.0 - p), of=of)


@pytest.mark.grade(points=2, hint=KEEP)
@pytest.mark.parametrize(
    ("p", "size"),
    [(0.1, (400, 250)), (0.3, (400, 50, 5)), (0.5, (40, 10, 25, 10)), (0.9, (100_000,))],
)
def test_mask_drops_with_probability_p(impl, p, size):
    """a share of p is dropped, within a z-bound, whatever the row and the column"""
    mask = impl.make_mask(size, p, impl.rng())
    shape(mask, size, of=f"make_mask({size}, {p}, rng)")
    # No number of decimals is enough for every p.
    rare = 1 - float(impl.make_mask(size, p / 40, impl.rng()).mean())
    chance(rare, p / 40, mask.size, of=f"the share dropped at p = {p / 40}")
    mask = mask.reshape(400, 250)
    kept = float(mask.mean())
    if p != 0.5 and abs(kept - p) < 0.02:
        holds(False, f"the share kept at p = {p} is {kept:.4f}, as if p were the share to keep")
    chance(1 - kept, p, mask.size, of=f"the share dropped at p = {p}")
    # Shares of single rows and columns scatter like those of independent draws: neither less nor more.
    for axis, name in ((1, "row"), (0, "column")):
        n, groups = mask.shape[axis], mask.shape[1 - axis]
        scatter = float(mask.mean(axis=axis).var()) / (p * (1 - p) / n)
        room = 6 * np.sqrt((2 + (1 / (p * (1 - p)) - 6) / n) / groups)
        of = f"the variance of a {name}'s share kept at p = {p}, 1 for independent draws,"
        number(scatter, 1.0, of=of, atol=float(room), rtol=0)
    # Of 60 draws, the number kept scatters by less than a quarter of its variance once in 100 million.
    counts = [float(impl.make_mask((8, 8), p, impl.rng()).sum()) for _ in range(60)]
    of = f"the variance of the number kept of 64 at p = {p}, as a share of that of independent draws,"
    at_least(float(np.var(counts)) / (64 * p * (1 - p)), 0.25, of=of)


@pytest.mark.grade(points=1, hint="Draw from rng alone, and anew in every call.")
def test_mask_is_drawn_from_its_rng(impl):
    """rng alone decides: the same one gives the same mask, another one another"""
    masks = [impl.make_mask((50, 40), 0.4, impl.rng(seed)) for seed in (5, 6)]
    impl.seed(1)
    again = impl.make_mask((50, 40), 0.4, impl.rng(5))
    close(again, masks[0], of="a second mask from an rng of the same seed")
    holds(np.any(masks[0] != masks[1]), "two different rngs gave the same mask")


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("p", [-0.1, -1e-6, 1 + 1e-6, 1.1, 2.0, float("nan")])
def test_mask_refuses_what_is_no_probability(impl, p):
    """make_mask raises ValueError for p below 0 or above 1"""
    kept = plant(impl, "generator.py", KEPT)
    with raises("ValueError", of=f"make_mask((3,), {p}, rng)"):
        impl.make_mask((3,), p, kept.get("rng"))
    holds(
        np.isclose(kept.get("number")(), np.random.default_rng(5).random()),
        f"make_mask((3,), {p}, rng) drew from rng before it raised ValueError, but should look at p first",
    )


@pytest.mark.grade(points=2, hint=SCALE)
@pytest.mark.parametrize("p", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("size", [(6,), (4, 5), (2, 3, 4)])
def test_dropout_drops_and_scales(impl, size, p):
    """dropout gives x * mask / (1 - p) for a given mask"""
    x, mask = normal(*size), random_mask(*size, p=p)
    result = same_inputs(impl, "dropout", x, p, mask)
    close(
        result,
        x * mask / (1 - p),
        of=f"dropout(x, {p}, mask)",
        mistakes={
            "x * mask, without 1 / (1 - p)": x * mask,
            "x * mask / p": x * mask / p,
            "x * mask * (1 - p)": x * mask * (1 - p),
            "x * (1 - mask) / (1 - p), the dropped elements": x * (1 - mask) / (1 - p),
        },
    )
    dtype(impl.float64.dropout(x, p, mask), "float64", of="dropout of a float64 tensor")


@pytest.mark.grade(points=2, hint=SCALE)
def test_dropout_does_nothing_in_use(impl):
    """with training=False the result is x, with a mask or without"""
    x, mask = normal(4, 3), random_mask(4, 3, p=0.4)
    mistakes = {"x * (1 - p)": 0.6 * x, "x * mask / (1 - p)": x * mask / 0.6, "x * mask": x * mask}
    for given in (None, mask):
        result = impl.dropout(x, 0.4, given, training=False)
        close(result, x, of="dropout(x, 0.4, mask, training=False)", mistakes=mistakes)


@pytest.mark.grade(points=1, hint="Treat p = 1 by itself: 0 / 0 is NaN.")
def test_dropout_survives_the_ends(impl):
    """p = 0 changes nothing, and p = 1 gives zeros, forward and backward"""
    x = normal(3, 4)
    for name in ("dropout", "dropout_backward"):
        for p, mask, expected in ((0.0, np.ones((3, 4)), x), (1.0, np.zeros((3, 4)), 0 * x)):
            given = (x, p, mask)
            close(impl.call(name, *given), expected, of=f"{name} at p = {p}")


@pytest.mark.grade(
    points=2, hint="The gradient takes the same way as x: the same mask, the same scale."
)
@pytest.mark.parametrize("p", [0.2, 0.7])
def test_gradients_pass_where_x_passed(impl, p):
    """dropout_backward and the automatic gradient are dy * mask / (1 - p)"""
    x, dy, mask = normal(4, 5), normal(4, 5), random_mask(4, 5, p=p)
    expected = dy * mask / (1 - p)
    mistakes = {
        "dy * mask": dy * mask,
        "dy / (1 - p)": dy / (1 - p),
        "dy * mask / p": dy * mask / p,
    }
    result = same_inputs(impl, "dropout_backward", dy, p, mask)
    close(result, expected, of=f"dropout_backward(dy, {p}, mask)", mistakes=mistakes)
    close(impl.grad("dropout", x, p, mask, cotangent=dy), expected, of="d dropout / d x")
    use = impl.grad("dropout", x, p, mask, training=False, cotangent=dy)
    close(use, dy, of="d dropout(training=False) / d x")


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("hidden", [(7,), (6, 5), ()])
def test_model_computes_its_network_in_use(impl, hidden):
    """in use, the model is dense layers with ReLU between them, and answers alike every time"""
    sizes = (4, *hidden, 3)
    model = impl.build_mlp(4, hidden, 3, 0.5, returns=opaque)
    layers = [dense(i, o) for i, o in pairwise(sizes)]
    found = [layer["kernel"].shape for layer in hidden_dense(impl, model)]
    expected = [layer["kernel"].shape for layer in layers]
    equal(found, expected, of=f"the kernels' shapes of build_mlp(4, {hidden}, 3, 0.5)")
    impl.assign(model, layers)
    x = normal(5, 4)
    for call in ("logits(model, x)", "logits(model, x) again"):
        result = impl.logits(model, x)
        mistakes = {"probabilities": softmax(relu_network(layers, x)[1])}
        close(result, relu_network(layers, x)[1], of=call, mistakes=mistakes)
    impl.logits(model, x, training=True)
    of = "logits(model, x) after a call with training=True"
    close(impl.logits(model, x), relu_network(layers, x)[1], of=of)


@pytest.mark.grade(
    points=3, hint="A dropout layer of rate p behind the ReLU of every hidden layer."
)
@pytest.mark.parametrize("p", [0.2, 0.75])
@pytest.mark.parametrize("hidden", [(40,), (50, 40)], ids=["1", "2"])
def test_model_drops_in_training(impl, hidden, p):
    """in training each hidden unit is dropped with probability p and scaled by 1 / (1 - p)"""
    hidden_layers, width, rows = len(hidden), hidden[-1], 500
    model = impl.build_mlp(3, hidden, width, p, returns=opaque)
    impl.assign(model, transparent(*hidden))
    x = np.ones((rows, 3))
    z = impl.logits(model, x, training=True)
    shape(z, (rows, width), of="logits(model, x, training=True)")
    kept = (1 / (1 - p)) ** hidden_layers
    strange = z[np.abs(z) > 1e-4]
    if len(strange):
        whole = np.full(len(strange), kept)
        close(
            strange,
            whole,
            of="the units that were kept, all 1 before,",
            mistakes={
                "what one more dropout layer gives": whole / (1 - p),
                "what one dropout layer fewer gives": whole * (1 - p),
            },
        )
    share = float((np.abs(z) > 1e-4).mean())
    # Before the share is judged: units that are dropped together are few draws, whose share is off.
    if 0 < share < 1:
        holds(
            np.any(z != z[0]),
            "all rows of a batch dropped the same units, but each should draw its own",
        )
        holds(
            np.any(z != z[:, :1]),
            "rows were dropped as a whole, but units should be dropped one by one",
        )
    of = f"the share of units that pass {hidden_layers} dropout layers of p = {p}"
    chance(share, (1 - p) ** hidden_layers, z.size, of=of)
    other = impl.logits(model, x, training=True)
    holds(np.any(z != other), "two calls in training dropped the same units, but should draw anew")


@pytest.mark.grade(points=2, hint="One step is w - lr * gradient of the mean loss over the batch.")
def test_training_without_dropout_takes_exact_steps(impl):
    """with p = 0, two steps on all rows from given weights give the losses and weights of the oracle"""
    model = impl.build_mlp(4, (6, 5), 3, 0.0, returns=opaque)
    layers = [dense(4, 6), dense(6, 5), dense(5, 3)]
    impl.assign(model, layers)
    x, y = normal(7, 4), integers(3, 7)
    old_gradients(impl, model, x)
    # A batch size above the number of rows makes one batch of them all.
    history = impl.train_mlp(model, x, y, 2, 10, 0.05)
    losses(history, 2, of="train_mlp(model, x, y, 2, 10, 0.05)", kind="float")
    for epoch in range(2):
        loss = cross_entropy(relu_network(layers, x)[1], y)
        mistakes = {"the sum over the batch": 7 * loss}
        number(history[epoch], loss, of=f"history[{epoch}]", rtol=1e-3, mistakes=mistakes)
        layers = sgd_step(layers, x, y, 0.05)
    for i, (found, wanted) in enumerate(zip(hidden_dense(impl, model), layers, strict=True)):
        for key in ("kernel", "bias"):
            of = f"the {key} of dense layer {i} after 2 steps"
            close(found[key], wanted[key], of=of, rtol=1e-3, atol=1e-4)


@pytest.mark.grade(points=1)
def test_training_visits_every_row(impl):
    """each epoch takes every row once, the last short batch included, and averages over the rows"""
    model = impl.build_mlp(2, (4,), 3, 0.0, returns=opaque)
    layers = [dense(2, 4), dense(4, 3)]
    impl.assign(model, layers)
    x, y = normal(7, 2), integers(3, 7)
    loss = cross_entropy(relu_network(layers, x)[1], y)
    history = impl.train_mlp(model, x, y, 3, 3, 0.0)
    for value in losses(history, 3, of="train_mlp(model, x, y, 3, 3, 0.0)", kind="float"):
        number(value, loss, of="the loss of an epoch of batches of 3, 3 and 1 at learning rate 0")
    impl.assign(model, [layers[0], layers[1] | {"bias": np.array([1000.0, 0.0, 0.0])}])
    of = "train_mlp(model, x, y, 4, 3, 0.1), where the model is sure of every class"
    every_epoch(impl.train_mlp(model, x, 0 * y, 4, 3, 0.1), 4, of)
    # There all gradients are 0, so nothing may move the weights: no decay of weights either.
    for i, (found, wanted) in enumerate(zip(hidden_dense(impl, model), layers, strict=True)):
        kernel = f"the kernel of dense layer {i}, whose gradient is 0, after {of}"
        close(found["kernel"], wanted["kernel"], of=kernel, rtol=1e-6, atol=1e-6)
    impl.assign(model, [layers[0], layers[1] | {"bias": np.array([1000.0, 0.0, 0.0])}])
    z = relu_network(layers, x)[1] - layers[1]["bias"]
    of = "the loss of an epoch where the model is sure of a wrong class in every row"
    wrong = float((1000 + z[:, 0] - z[:, 1]).mean())
    number(impl.train_mlp(model, x, 0 * y + 1, 1, 3, 0.0)[0], wrong, of=of, rtol=1e-3)
    # Of rows that are all alike, every batch has the same mean, so the steps are known.
    impl.assign(model, layers)
    x, y = np.tile(normal(1, 2), (7, 1)), np.full(7, 2)
    impl.train_mlp(model, x, y, 2, 3, 0.1)
    for _ in range(6):
        layers = sgd_step(layers, x, y, 0.1)
    for i, (found, wanted) in enumerate(zip(hidden_dense(impl, model), layers, strict=True)):
        for key in ("kernel", "bias"):
            of = f"the {key} of dense layer {i} after two epochs of batches of 3, 3 and 1 rows that are alike"
            close(found[key], wanted[key], of=of, rtol=1e-3, atol=1e-4)
    # Rows that are alike and of all classes in turn: the minimum is near, and a rate of 20 leaves it.
    model = impl.build_mlp(2, (), 3, 0.0, returns=opaque)
    layers = [{"kernel": np.array([[0.25, 0.0, -0.125], [0.0, 0.125, 0.0]]), "bias": np.zeros(3)}]
    impl.assign(model, layers)
    x, y = np.tile([[1.0, -0.5]], (6, 1)), np.arange(6) % 3
    expected = []
    for _ in range(3):
        expected.append(cross_entropy(x @ layers[0]["kernel"] + layers[0]["bias"], y))
        layers = sgd_step(layers, x, y, 20.0)
    of = "train_mlp(model, x, y, 3, 6, 20.0), in which the loss rises"
    recorded(impl.train_mlp(model, x, y, 3, 6, 20.0), expected, of, rtol=1e-3)
    for key, value in layers[0].items():
        found = hidden_dense(impl, model)[0][key]
        close(found, value, of=f"the {key} after {of}", rtol=1e-3, atol=1e-4)


def dropped_loss(classes):
    """Mean and deviation of the cross-entropy of a row whose scores are 2 or 0, each with probability 1/2."""
    others = np.arange(classes)  # of the other classes' scores, so many are 2
    ways = np.array([math.comb(classes - 1, int(k)) for k in others]) / 2 ** (classes - 1)
    sums = others * np.exp(2) + classes - 1 - others
    losses = np.stack([np.log(sums + np.exp(own)) - own for own in (0, 2)])  # (2, classes)
    mean = float((losses * ways / 2).sum())
    return mean, float(np.sqrt(((losses - mean) ** 2 * ways / 2).sum()))


@pytest.mark.grade(points=1)
def test_training_draws_new_orders(impl):
    """each epoch takes every row once, in batches of the size asked for, in a new random order"""
    model = impl.build_mlp(4, (), 3, 0.0, returns=opaque)
    x, y = normal(22, 4), integers(3, 22)
    batches = visited(impl, model, x, lambda: impl.train_mlp(model, x, y, 3, 5, 0.1))
    expect_epochs(batches, rows=22, batch=5, epochs=3, of="train_mlp(model, x, y, 3, 5, 0.1)")


@pytest.mark.grade(points=2, hint="Switch dropout on for every step of training.")
def test_training_uses_dropout(impl):
    """losses in training are taken with dropout, anew each epoch, and use is without it afterwards"""
    model = impl.build_mlp(3, (50,), 50, 0.5, returns=opaque)
    impl.assign(model, transparent(50))
    rows = 1000
    x, y = np.ones((rows, 3)), integers(50, rows)
    impl.logits(model, x[:2])  # a use before training, which may leave the model without dropout
    history = impl.train_mlp(model, x, y, 4, 250, 0.0)
    mean, deviation = dropped_loss(50)
    # Five deviations of a mean over the rows: one of four epochs is beyond them once in 400,000 gradings.
    within = 5 * deviation / np.sqrt(rows)
    mistakes = {"the loss without dropout": np.log(50)}
    for value in history:
        number(value, mean, of="the loss at p = 0.5", atol=within, rtol=0, mistakes=mistakes)
    at_least(float(np.ptp(history)), 1e-4, of="how much the loss varies at learning rate 0")
    close(impl.logits(model, x[:2]), np.ones((2, 50)), of="logits(model, x) after training")


ACCURACY = Threshold(
    "test accuracy on digits",
    at_least=0.94,
    torch=[0.9533, 0.96, 0.9556, 0.9644, 0.9667, 0.9689, 0.9667, 0.9622, 0.9711, 0.9511],
    tensorflow=[0.9622, 0.9689, 0.9689, 0.9667, 0.9622, 0.9667, 0.9689, 0.9556, 0.9622, 0.96],
)


@ACCURACY.measured_by
def accuracy(impl, seed):
    digits = data.digits()
    impl.seed(seed)
    model = impl.build_mlp(64, (64,), 10, 0.3, returns=opaque)
    history = impl.train_mlp(model, digits.train_x, digits.train_y, 12, 50, 0.5)
    at_most(history[-1], history[0], of="the loss of the last epoch, against the first,")
    return float((np.argmax(impl.logits(model, digits.test_x), -1) == digits.test_y).mean())


@pytest.mark.grade(points=2, seconds=240)
def test_model_learns_digits(impl):
    """the median of three training runs reaches 0.94 on test images"""
    ACCURACY.expect(impl)


@pytest.mark.grade(points=1)
def test_dropout_is_written_from_scratch(impl):
    """dropout, its mask and its gradient are written without the framework's dropout functions"""
    from_scratch(impl, "make_mask", "dropout", "dropout_backward")
