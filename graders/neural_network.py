"""Hidden checks of exercises/neural_network.py. `impl` takes and returns NumPy arrays."""

from itertools import pairwise

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring.expect import close, equal, holds, integers, normal, number, shape
from katagrad.authoring.oracle import relu_network as forward
from katagrad.authoring.oracle import relu_network_gradients as gradients
from katagrad.authoring.oracle import softmax
from katagrad.authoring.threshold import Threshold

LOSS = "Does the loss expect logits, and does it get them? Is it the mean over the batch?"


# -- the oracle: the same network from matrix products ---------------------------------------------


def cross_entropy(z, y):
    return -np.log(softmax(z)[np.arange(len(y)), y])


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
@pytest.mark.parametrize("hidden", [(), (5,), (7, 4), (3, 8, 6)], ids=str)
def test_build_makes_dense_layers_of_the_asked_widths(impl, hidden):
    """build makes one dense layer with bias for each width, and one for the classes, and registers them"""
    model = impl.build(6, hidden, 3)
    found = impl.layers(model)
    of = f"build(6, {hidden}, 3)"
    equal([layer["type"] for layer in found], ["dense"] * (len(hidden) + 1), f"the layers of {of}")
    sizes = [6, *hidden, 3]
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
@pytest.mark.parametrize("batch_size", [4, 64])
def test_train_makes_the_steps_of_gradient_descent(impl, batch_size):
    """from given weights, two epochs without shuffling end where exact gradient descent ends"""
    layers = random_layers(5, 6, 4, 3)
    x, y = normal(10, 5), integers(3, 10)
    model = build(impl, layers)
    impl.train(model, x, y, epochs=2, lr=0.2, batch_size=batch_size, shuffle=False)
    plan = (layers, x, y, 2, 0.2, batch_size)
    whole = len(x) - len(x) % batch_size  # rows in full batches
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
                rtol=1e-3,
                mistakes={"the loss of the last batch": last[epoch]} if key == "loss" else None,
            )


def recorded(history, key, epochs):
    """One list of a history, as floats."""
    holds(
        isinstance(history, dict),
        f"train returned {type(history).__name__}, but should return a dict",
    )
    holds(key in history, f"the history has the keys {sorted(history)}, but should have {key!r}")
    found = history[key]
    holds(
        isinstance(found, list) and len(found) == epochs,
        f'history["{key}"] should be a list of {epochs} floats, one an epoch',
    )
    holds(
        all(isinstance(value, float) for value in found),
        f'history["{key}"] should hold Python floats, but holds {type(found[0]).__name__}',
    )
    return found


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


@pytest.mark.grade(
    points=2, hint="Dropout follows the activation of each hidden layer; train mode switches it on."
)
def test_train_drops_hidden_units_at_the_rate(impl):
    """in training, hidden units are dropped with probability `dropout` and the others divided by 1 - dropout"""
    rate, c, n = 0.3, 2.0, 4000
    # One hidden unit that is always 1: the logits are (c / (1 - rate), 0) where it is kept, (0, 0) where not.
    layers = [
        {"kernel": np.zeros((2, 1)), "bias": np.ones(1)},
        {"kernel": np.array([[c, 0.0]]), "bias": np.zeros(2)},
    ]
    model = build(impl, layers, dropout=rate)
    x, y = normal(n, 2), np.zeros(n, np.int64)
    impl.predict(model, x[:2])  # leaves evaluation behind, which train must end
    found = recorded(impl.train(model, x, y, epochs=1, lr=0.0, batch_size=500), "loss", 1)[0]
    kept, dropped = np.log1p(np.exp(-c / (1 - rate))), np.log(2)
    expected = (1 - rate) * kept + rate * dropped
    spread = 5 * (dropped - kept) * np.sqrt(rate * (1 - rate) / n)
    number(
        found,
        expected,
        of="the loss of a network whose one unit is dropped",
        rtol=0,
        atol=spread,
        mistakes={
            "that of a network that drops nothing": np.log1p(np.exp(-c)),
            "that of kept units that are not scaled up": (1 - rate) * np.log1p(np.exp(-c))
            + rate * dropped,
            "that of dropout with probability 1 - dropout": rate * np.log1p(np.exp(-c / rate))
            + (1 - rate) * dropped,
        },
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
    model = impl.build(64, (64,), 10)
    impl.train(model, digits.train_x, digits.train_y, epochs=30, lr=0.1, batch_size=32)
    p = impl.predict(model, digits.test_x)
    shape(p, (len(digits.test_y), 10), of="predict(model, test images)")
    return float((p.argmax(1) == digits.test_y).mean())


@pytest.mark.grade(points=2, seconds=60)
def test_train_learns_digits(impl):
    """the median of three trainings reaches 0.94 on test images of digits"""
    ACCURACY.expect(impl)
