"""Hidden checks of exercises/neural_network.py. `impl` takes and returns NumPy arrays."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import logsumexp

from katagrad import data
from katagrad.authoring import structure, unmet
from katagrad.authoring.companion import plant
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.expect import (
    between,
    close,
    equal,
    holds,
    integers,
    normal,
    number,
    shape,
)
from katagrad.authoring.minibatches import expect_epochs, visited
from katagrad.authoring.oracle import relu_network as forward
from katagrad.authoring.oracle import relu_network_gradients as gradients
from katagrad.authoring.oracle import softmax
from katagrad.authoring.states import expect_frozen, freeze, old_gradients
from katagrad.authoring.structure import keys, losses
from katagrad.authoring.threshold import Threshold

# Freezes one tensor of a model, and returns how many numbers it has.
ONE = """
def freeze(model):
    first = next(model.parameters()).requires_grad_(False)
    return first.numel()
"""
LOSS = "Does the loss expect logits, and does it get them? Is it the mean over the batch?"


# -- the oracle: the same network from matrix products ---------------------------------------------


def cross_entropy(z, y):
    return logsumexp(z, axis=1) - z[np.arange(len(y)), y]


def trained(layers, x, y, epochs, lr, batch_size, accumulate=False, scale=lambda _: 1.0):
    """The layers after training without shuffling, and the history. accumulate, scale: usual mistakes."""
    layers = [dict(layer) for layer in layers]
    history = {"loss": [], "accuracy": [], "loss of the last batch": []}
    total = [{"kernel": 0.0, "bias": 0.0} for _ in layers]
    for _ in range(epochs):
        losses, hits = [], []
        for i in range(0, len(x), batch_size):
            bx, by = x[i : i + batch_size], y[i : i + batch_size]
            z = forward(layers, bx)[1]
            losses.append(cross_entropy(z, by))
            hits.append(z.argmax(1) == by)
            for layer, step, kept in zip(layers, gradients(layers, bx, by), total, strict=True):
                for key in step:
                    kept[key] = step[key] + (kept[key] if accumulate else 0)
                    layer[key] = layer[key] - lr * scale(len(by)) * kept[key]
        history["loss"].append(np.concatenate(losses).mean())
        history["accuracy"].append(np.concatenate(hits).mean())
        history["loss of the last batch"].append(losses[-1].mean())
    return layers, history


def random_layers(*sizes):
    return [
        {"kernel": normal(a, b, scale=a**-0.5), "bias": normal(b, scale=0.3)}
        for a, b in pairwise(sizes)
    ]


def build(impl, layers, **options):
    """The submission's model with the weights of `layers`."""
    widths = [len(layer["bias"]) for layer in layers]
    model = impl.build(layers[0]["kernel"].shape[0], tuple(widths[:-1]), widths[-1], **options)
    impl.assign(model, layers)
    return model


def weights(layers):
    return np.concatenate([layer[key].ravel() for layer in layers for key in ("kernel", "bias")])


# -- the checks ------------------------------------------------------------------------------------


@pytest.mark.grade(
    points=2, hint="Does each layer take as many numbers as the one before it gives?"
)
@pytest.mark.parametrize("hidden", [(), (5,), (6, 6, 6), (3, 8, 6)], ids=str)
def test_build_makes_dense_layers_of_the_asked_widths(impl, hidden):
    """build makes one dense layer with bias for each width, and one for the classes, and registers them"""
    classes = 1 if len(hidden) == 1 else 3
    model = impl.build(6, hidden, classes)
    found = impl.layers(model)
    of = f"build(6, {hidden}, {classes})"
    equal([layer["type"] for layer in found], ["dense"] * (len(hidden) + 1), f"the layers of {of}")
    sizes = [6, *hidden, classes]
    for i, layer in enumerate(found):
        equal(
            list(layer["kernel"].shape),
            sizes[i : i + 2],
            f"the (inputs, outputs) of layer {i} of {of}",
        )
        holds("bias" in layer, f"layer {i} of {of} has no bias, but should have one")
    if hidden:
        kernel = found[0]["kernel"]
        holds(kernel.std() > 1e-3, f"the first kernel of {of} is constant, but should be random")


@pytest.mark.grade(
    points=1, hint="The layers draw their own first weights; leave them as they are."
)
def test_build_leaves_the_default_initialisation(impl):
    """kernels and biases of every layer are drawn as the framework's dense layers draw them, for each model anew"""
    kernels = [impl.layers(impl.build(6, (5,), 3))[0]["kernel"] for _ in range(2)]
    holds(
        not np.allclose(*kernels),
        "two models of build(6, (5,), 3) have the same first kernel, but each should draw its own",
    )
    sizes = (150, 400, 200, 120)
    of = f"build({sizes[0]}, {sizes[1:-1]}, {sizes[-1]})"
    for i, layer in enumerate(impl.layers(impl.build(sizes[0], sizes[1:-1], sizes[-1]))):
        n, m = layer["kernel"].shape
        # Both draw uniformly up to a bound: PyTorch 1 / sqrt(n), for biases, too; Keras Glorot's, and biases of 0.
        bound = n**-0.5 if impl.framework == "torch" else np.sqrt(6 / (n + m))
        shown = f"of the kernel of layer {i} of {of}, over that of the default,"
        # 24,000 draws or more: five standard errors of a deviation are 1.5 % of it, of a mean 0.02 of the bound.
        between(layer["kernel"].std() / bound * 3**0.5, 0.98, 1.02, of=f"the deviation {shown}")
        between(
            np.abs(layer["kernel"]).max() / bound, 0.995, 1.0001, of=f"the largest size {shown}"
        )
        between(
            layer["kernel"].mean() / bound,
            -0.02,
            0.02,
            of=f"the mean of the kernel of layer {i} of {of}",
        )
        most = np.abs(layer["bias"]).max() / bound
        low, high = (0.8, 1.0001) if impl.framework == "torch" else (0.0, 0.0)
        between(
            most,
            low,
            high,
            of=f"the largest bias of layer {i} of {of}, over the bound of the default,",
        )


@pytest.mark.grade(points=3, hint="Dense, ReLU, dense, ReLU, dense: and nothing after the last.")
@pytest.mark.parametrize("hidden", [(), (5,), (7, 4), (3, 8, 6)], ids=str)
def test_build_gives_the_logits_of_the_network(impl, hidden):
    """with given weights, the model computes what matrix products and ReLU compute"""
    layers = random_layers(6, *hidden, 3)
    x = normal(5, 6, scale=2.0)
    z = forward(layers, x)[1]
    linear = x
    for layer in layers:
        linear = linear @ layer["kernel"] + layer["bias"]
    close(
        build(impl, layers)(x),
        z,
        of="model(x)",
        mistakes={
            "the probabilities, softmax of the logits": softmax(z),
            "a ReLU on the logits": np.maximum(z, 0),
            "the network without ReLU": linear if hidden else None,
        },
    )


@pytest.mark.grade(points=2, hint="Probabilities are softmax of the logits, row by row.")
def test_predict_gives_probabilities(impl):
    """predict gives softmax of the logits, for one row and for several"""
    layers = random_layers(6, 5, 4)
    model = build(impl, layers)
    for rows in (1, 4):
        x = normal(rows, 6, scale=2.0)
        z = forward(layers, x)[1]
        close(
            impl.predict(model, x),
            softmax(z),
            of=f"predict(model, x) for {rows} rows",
            mistakes={
                "the logits": z,
                "softmax of the probabilities": softmax(softmax(z)),
                "softmax over the rows": softmax(z.T).T,
            },
        )


@pytest.mark.grade(points=1, hint="softmax subtracts the largest logit of each row.")
def test_predict_stands_logits_of_any_size(impl):
    """logits of 10,000 give probabilities, and small probabilities are not cut off"""
    layers = random_layers(6, 3)
    for scale in (4e4, 8.0):
        x = normal(5, 6, scale=scale)
        z = forward(layers, x)[1]
        of = f"predict(model, x) where the largest logit is {np.abs(z).max():.3g}"
        found = impl.predict(build(impl, layers), x)
        close(found, softmax(z), of=of, rtol=1e-3, atol=1e-12)
        close(found.sum(-1), np.ones(5), of=f"the sums of the rows of {of}", rtol=1e-5)


@pytest.mark.grade(points=2, hint="Dropout belongs to training: switch the model to evaluation.")
def test_predict_drops_nothing(impl):
    """predict leaves dropout off, before training and after it, and leaves the weights as they are"""
    layers = random_layers(6, 40, 3)
    model = build(impl, layers, dropout=0.5)
    x, y = normal(8, 6), integers(3, 8)
    close(impl.predict(model, x), softmax(forward(layers, x)[1]), of="predict with dropout=0.5")
    impl.train(model, x, y, epochs=1, lr=0.1, batch_size=4)
    layers = impl.layers(model)
    expected = softmax(forward(layers, x)[1])
    close(impl.predict(model, x), expected, of="predict with dropout=0.5 after training")
    after = impl.layers(model)
    close(weights(after), weights(layers), of="the weights after predict", rtol=0, atol=0)


@pytest.mark.grade(
    points=3, hint="Clear the gradients before every step; average the loss over a batch. " + LOSS
)
@pytest.mark.parametrize(("batch_size", "scale"), [(3, 1.0), (64, 1.0), (5, 50.0)])
def test_train_makes_the_steps_of_gradient_descent(impl, batch_size, scale):
    """from given weights, two epochs without shuffling end where exact gradient descent ends"""
    # Gradients of large inputs are large, too; without ReLU no unit comes near a kink.
    layers = random_layers(5, 3) if scale > 1 else random_layers(5, 6, 4, 3)
    x, y = normal(10, 5, scale=scale), integers(3, 10)
    model = build(impl, layers)
    old_gradients(impl, model, x)
    found = impl.train(model, x, y, epochs=2, lr=0.2, batch_size=batch_size, shuffle=False)
    plan = (layers, x, y, 2, 0.2, batch_size)
    whole = len(x) - len(x) % batch_size  # rows in full batches
    history = trained(*plan)[1]["loss"]
    for epoch, loss in enumerate(recorded(found, "loss", 2)):
        number(loss, history[epoch], of=f'history["loss"][{epoch}]', rtol=1e-3)
    close(
        weights(impl.layers(model)),
        weights(trained(*plan)[0]),
        of="the weights after train",
        rtol=1e-3,
        atol=1e-5,
        mistakes={
            "the weights before it": weights(layers),
            "gradients that add up over the steps": weights(trained(*plan, accumulate=True)[0]),
            "the sum of the losses in place of their mean": weights(
                trained(*plan, scale=lambda n: n)[0]
            ),
            "training without the smaller last batch": weights(
                trained(layers, x[:whole], y[:whole], *plan[3:])[0] if whole else layers
            ),
            "a step uphill": weights(trained(*plan, scale=lambda _: -1.0)[0]),
            "one epoch": weights(trained(layers, x, y, 1, 0.2, batch_size)[0]),
        },
    )


@pytest.mark.grade(
    points=2, hint="Sum the loss of every example over the epoch, then divide by N once."
)
@pytest.mark.parametrize("batch_size", [4, 11])
def test_train_reports_the_mean_over_each_epoch(impl, batch_size):
    """the history holds the mean loss and accuracy of all examples, epoch by epoch"""
    layers = random_layers(5, 6, 3)
    x, y = normal(11, 5), integers(3, 11)
    model = build(impl, layers)
    history = impl.train(model, x, y, epochs=3, lr=0.3, batch_size=batch_size, shuffle=False)
    expected = trained(layers, x, y, 3, 0.3, batch_size)[1]
    last = expected.pop("loss of the last batch")
    for key in expected:
        found = recorded(history, key, 3)
        for epoch in range(3):
            number(
                found[epoch],
                expected[key][epoch],
                of=f'history["{key}"][{epoch}]',
                # A share is a count over a count.
                rtol=1e-3 if key == "loss" else 1e-5,
                mistakes={"the loss of the last batch": last[epoch]} if key == "loss" else None,
            )
    structure.recorded(history["loss"], expected["loss"], of="train")
    second = trained(trained(layers, x, y, 3, 0.3, batch_size)[0], x, y, 2, 0.05, 4)
    history = impl.train(model, x, y, epochs=2, lr=0.05, batch_size=4, shuffle=False)
    of = "a second training of the model, with another learning rate"
    losses = np.array(recorded(history, "loss", 2))
    close(losses, second[1]["loss"], of=f'history["loss"] of {of}', rtol=1e-3)
    found = weights(impl.layers(model))
    close(found, weights(second[0]), of=f"the weights after {of}", rtol=1e-3, atol=1e-5)
    # Steps so long that the loss rises: training goes on all the same.
    layers = [{"kernel": np.zeros((1, 3)), "bias": np.zeros(3)}]
    x, y = np.ones((6, 1)), np.array([0, 0, 0, 1, 1, 2])
    plan = {"epochs": 3, "lr": 20.0, "batch_size": 6}
    found = recorded(impl.train(build(impl, layers), x, y, **plan, shuffle=False), "loss", 3)
    expected = trained(layers, x, y, 3, 20.0, 6)[1]["loss"]
    of = 'history["loss"] of train with lr=20, where it rises'
    close(np.array(found), expected, of=of, rtol=1e-3)


def recorded(history, key, epochs):
    """One list of a history, as floats."""
    keys(history, "what train returned", ["loss", "accuracy"])
    return losses(history[key], epochs, f'train(...)["{key}"]', "float")


@pytest.mark.grade(points=1, hint="A new order applies to x and y alike.")
def test_train_shuffles_examples_with_their_labels(impl):
    """shuffling changes the path of single steps, but neither a full batch nor which label belongs to which row"""
    layers = random_layers(5, 6, 3)
    x, y = normal(12, 5), integers(3, 12)
    ordered = weights(trained(layers, x, y, 1, 0.3, 1)[0])
    model = build(impl, layers)
    impl.train(model, x, y, epochs=1, lr=0.3, batch_size=1)
    single = weights(impl.layers(model))
    holds(
        not np.allclose(single, ordered, rtol=1e-4, atol=1e-5),
        "train took the examples as they came, but should shuffle them unless shuffle=False",
    )
    model = build(impl, layers)
    _, after = impl.after("train", model, x, y, 2, 0.3, 12)
    close(
        weights(impl.layers(model)),
        weights(trained(layers, x, y, 2, 0.3, 12)[0]),
        of="the weights after two full batches, shuffled",
        rtol=1e-3,
    )
    close(after[1], x, of="x after train", rtol=0, atol=1e-6)
    equal(after[2], y, of="y after train")


@pytest.mark.grade(points=2, hint="Draw a new order of all rows in each epoch, if shuffle is True.")
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(("rows", "batch_size"), [(41, 4), (70, 40)])
def test_train_takes_the_batches_asked_for(impl, rows, batch_size, shuffle):
    """each epoch takes every row once, in batches of the size asked for, in a new order if shuffle is True"""
    x, y = normal(rows, 5), integers(3, rows)
    model = build(impl, random_layers(5, 3))
    plan = {"epochs": 3, "lr": 1e-3, "batch_size": batch_size, "shuffle": shuffle}
    batches = visited(impl, model, x, lambda: impl.train(model, x, y, **plan))
    of = f"train on {rows} rows with epochs=3, {batch_size=}, {shuffle=}"
    expect_epochs(batches, rows, batch_size, epochs=3, of=of, shuffled=shuffle)


@pytest.mark.grade(
    points=2, hint="Dropout follows the activation of each hidden layer; train mode switches it on."
)
@pytest.mark.parametrize("hidden", [(1,), (2,), (1, 2)], ids=str)
def test_train_drops_hidden_units_at_the_rate(impl, hidden):
    """in training, hidden units are dropped with probability `dropout` and the others divided by 1 - dropout"""
    rate, c, n, epochs = 0.3, 2.0, 4000, 3
    # Every hidden unit is 1, and the logits are c times the sum of the last ones, and 0.
    layers = [
        {"kernel": np.full((2, hidden[0]), 0.5), "bias": np.zeros(hidden[0])},
        *({"kernel": np.ones((1, m)), "bias": np.zeros(m)} for m in hidden[1:]),
        {"kernel": np.tile([c, 0.0], (hidden[-1], 1)), "bias": np.zeros(2)},
    ]
    model = build(impl, layers, dropout=rate)
    x, y = np.ones((n, 2)), np.zeros(n, np.int64)
    # Either may leave evaluation behind, which train must end.
    impl.predict(model, x[:2])
    impl.train(model, x[:2], y[:2], epochs=1, lr=0.0, batch_size=2)
    found = recorded(impl.train(model, x, y, epochs=epochs, lr=0.0, batch_size=n), "loss", epochs)

    def moments(p, scale):
        """(mean, deviation) of the loss if a unit is kept with probability p, and then times `scale`."""
        cases = []
        for kept in np.ndindex(*(2,) * sum(hidden)):
            chance = np.prod([p if k else 1 - p for k in kept])
            s = sum(kept[-hidden[-1] :]) * scale
            s *= 1 if len(hidden) == 1 else kept[0] * scale
            cases.append((chance, np.log1p(np.exp(-c * s))))
        mean = sum(q * loss for q, loss in cases)
        return mean, np.sqrt(sum(q * loss**2 for q, loss in cases) - mean**2)

    expected, spread = moments(1 - rate, 1 / (1 - rate))
    for epoch, loss in enumerate(found):
        number(
            loss,
            expected,
            of=f"the loss of epoch {epoch} of a network whose hidden units, {hidden}, are 1",
            rtol=0,
            atol=5 * spread / np.sqrt(n),
            mistakes={
                "that of a network that drops nothing": moments(1, 1)[0],
                "that of kept units that are not scaled up": moments(1 - rate, 1)[0],
                "that of dropout with probability 1 - dropout": moments(rate, 1 / rate)[0],
            },
        )
    holds(
        np.ptp(found) > 1e-6,
        f"the losses of {epochs} epochs are the same, but units should be dropped anew in each step",
    )


@pytest.mark.grade(points=1, hint="Neither the inputs nor the logits are dropped.")
def test_train_drops_neither_inputs_nor_logits(impl):
    """without hidden layers there is nothing to drop"""
    layers = random_layers(5, 3)
    x, y = normal(16, 5), integers(3, 16)
    model = build(impl, layers, dropout=0.6)
    found = recorded(impl.train(model, x, y, epochs=1, lr=0.0, batch_size=16), "loss", 1)[0]
    number(
        found, cross_entropy(forward(layers, x)[1], y).mean(), of="the loss without hidden layers"
    )


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("sizes", [(4, 2), (9, 7, 5), (64, 30, 20, 10)], ids=str)
def test_count_parameters_counts_weights_and_biases(impl, sizes):
    """count_parameters counts every weight and bias"""
    model = impl.build(sizes[0], sizes[1:-1], sizes[-1], dropout=0.2)
    kernels = sum(a * b for a, b in pairwise(sizes))
    found = impl.count_parameters(model)
    equal(
        found,
        kernels + sum(sizes[1:]),
        of="count_parameters(model)",
        mistakes={
            "the weights without the biases": kernels,
            "the number of tensors": 2 * len(sizes) - 2,
        },
    )
    holds(
        isinstance(found, int),
        f"count_parameters returned {type(found).__name__}, but should return an int",
    )
    if len(sizes) == 2:
        return  # there would be nothing to count
    if impl.framework == "torch":  # Keras freezes whole layers
        one = plant(impl, "one.py", ONE).freeze(model)
        of = "count_parameters(model) of a model of which one tensor is frozen, and nothing else of its layer"
        equal(impl.count_parameters(model), kernels + sum(sizes[1:]) - one, of=of)
    freeze(impl, model)
    first = sizes[0] * sizes[1] + sizes[1]
    equal(
        impl.count_parameters(model),
        kernels + sum(sizes[1:]) - first,
        of="count_parameters(model) of a model whose first dense layer is frozen",
        mistakes={"the number of all parameters": kernels + sum(sizes[1:])},
    )


ACCURACY = Threshold(
    "test accuracy on digits",
    at_least=0.94,
    torch=[0.9644, 0.9578, 0.9622, 0.9711, 0.9689, 0.96, 0.9689, 0.9644, 0.9667, 0.9622],
    tensorflow=[0.9711, 0.9667, 0.9711, 0.9622, 0.9644, 0.96, 0.9689, 0.9711, 0.9733, 0.9711],
)


@ACCURACY.measured_by
def accuracy(impl, seed):
    impl.seed(seed)
    digits = data.digits()
    p = unmet.alphabet(10)
    model = impl.build(64, (64,), 10)
    impl.train(model, digits.train_x, p[digits.train_y], epochs=30, lr=0.1, batch_size=32)
    layers = impl.layers(model)
    for how, x in unmet.images(digits.test_x[:200], 8):
        of = f"the class that predict(model, x) finds likeliest for {how}"
        found = impl.predict(model, x)
        shape(found, (len(x), 10), of="predict(model, x)")
        unmet.agree(found.argmax(1), forward(layers, x)[1], of=of)
    return float((forward(layers, digits.test_x)[1].argmax(1) == p[digits.test_y]).mean())


@pytest.mark.grade(points=2, seconds=240)
def test_train_learns_digits(impl):
    """the median of three trainings reaches 0.94 on test images of digits"""
    ACCURACY.expect(impl)


@pytest.mark.grade(points=1, seconds=60)
def test_models_keep_the_contracts_words(impl):
    """build, predict and count_parameters keep what docs/contract.md says of every function"""
    model = anew("build", 4, (5, 3), 3, 0.5)
    rules = ["settings", "untouched", "keywords", "defaults"]
    conform(impl, "build", [4, (5, 3), 3, 0.5], gives="anything", seeded=True, only=rules)
    conform(impl, "predict", [model, normal(7, 4)], rows=[1], rowwise=True, tolerance=1e-3)
    conform(impl, "count_parameters", [model], expected=lambda model: 25 + 18 + 12)  # noqa: ARG005


@pytest.mark.grade(points=1, seconds=120)
def test_train_keeps_the_contracts_words(impl):
    """train takes labels of every width, and leaves x, y and all settings as they were"""
    model = anew("build", 4, (5,), 3)
    given = [model, normal(9, 4), integers(3, 9), 1, 0.1, 4, False]
    rules = ["result", "untouched", "settings", "integers", "keywords"]
    conform(impl, "train", given, changes=[0], gives="anything", only=rules)
    network, x, y = impl.build(4, (5,), 3), normal(9, 4), integers(3, 9)
    run = lambda: impl.train(network, x, y, 1, 0.1, 4)  # noqa: E731
    expect_frozen(impl, network, run, "train(model, x, y, 1, 0.1, 4)")
