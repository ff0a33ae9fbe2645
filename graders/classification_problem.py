"""Hidden checks of exercises/classification_problem.py. `impl` takes and returns NumPy arrays."""

from itertools import pairwise

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring import oracle
from katagrad.authoring.adam import expect_epsilon
from katagrad.authoring.companion import plant
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.expect import (
    at_most,
    close,
    dtype,
    equal,
    full_size,
    holds,
    integers,
    normal,
    number,
    same_inputs,
    shape,
)
from katagrad.authoring.initial import default_dense
from katagrad.authoring.minibatches import expect_epochs, visited
from katagrad.authoring.oracle import relu_network as forward
from katagrad.authoring.oracle import relu_network_gradients as gradients
from katagrad.authoring.oracle import softmax
from katagrad.authoring.states import expect_frozen, old_gradients
from katagrad.authoring.threshold import Threshold

SPLIT = "Draw one permutation of all rows, and cut it in two."
LEAK = "Split first. Statistics and steps come from the training rows alone."
HISTORY = ("loss", "accuracy", "val_loss", "val_accuracy")
# What each global generator draws next.
DRAWS = """
import random, numpy
def draws():
    return {"random": random.random(), "numpy.random": float(numpy.random.random())} | own()
"""
OWN = {
    "torch": 'import torch\ndef own():\n    return {"torch": float(torch.rand(()))}\n',
    "tensorflow": 'import tensorflow as tf\ndef own():\n    return {"tf.random": float(tf.random.uniform(()))}\n',
}


# -- the oracle: the same network from matrix products ---------------------------------------------


def evaluate(layers, x, y):
    z = forward(layers, x)[1]
    confusion = np.zeros((z.shape[1], z.shape[1]), np.int64)
    np.add.at(confusion, (y, z.argmax(1)), 1)
    lowered = z - z.max(1, keepdims=True)
    log_p = lowered - np.log(np.exp(lowered).sum(1, keepdims=True))
    losses = -log_p[np.arange(len(y)), y]
    return {"loss": losses.mean(), "accuracy": (z.argmax(1) == y).mean(), "confusion": confusion}


def trained(layers, x, y, epochs, lr, batch_size, epsilon=1e-7):
    """The layers after Adam with batches in the order of the rows, and the history of the training rows."""
    layers = [dict(layer) for layer in layers]
    adam = oracle.Adam(lr, epsilon)
    history = {"loss": [], "accuracy": []}
    for _ in range(epochs):
        seen = {"loss": 0.0, "accuracy": 0.0}
        for i in range(0, len(x), batch_size):
            rows = slice(i, i + batch_size)
            batch = evaluate(layers, x[rows], y[rows])
            for key in seen:
                seen[key] += batch[key] * len(x[rows]) / len(x)
            for k, step in enumerate(gradients(layers, x[rows], y[rows])):
                for key, g in step.items():
                    layers[k][key] = adam.moved((k, key), layers[k][key], g)
        for key in seen:
            history[key].append(seen[key])
    return layers, history


def random_layers(*sizes):
    return [
        {"kernel": normal(a, b, scale=a**-0.5), "bias": normal(b, scale=0.3)}
        for a, b in pairwise(sizes)
    ]


def build(impl, layers):
    """The submission's model with the weights of `layers`."""
    widths = [len(layer["bias"]) for layer in layers]
    model = impl.build(layers[0]["kernel"].shape[0], tuple(widths[:-1]), widths[-1])
    impl.assign(model, layers)
    return model


def weights(layers):
    return np.concatenate([layer[key].ravel() for layer in layers for key in ("kernel", "bias")])


def pictures(n, height, width):
    """Random images of bytes, some dark and some bright, so that statistics of a part are not those of the whole."""
    brightness = integers(200, n, 1, 1, low=20)
    return (integers(256, n, height, width) * brightness // 255).astype(np.uint8)


def settled(found, *plan):
    """(found, expected) weights, where Adam's epsilon decides a step taken as found: see `authoring.oracle`."""
    return oracle.settled(found, lambda size: weights(trained(*plan, epsilon=size)[0]))


# -- the checks ------------------------------------------------------------------------------------


@pytest.mark.grade(points=1)
def test_the_parts_keep_the_contracts_words(impl):
    """split, fit_scaler and scale keep what docs/contract.md says of every function"""
    conform(impl, "split", [13, 0.25, impl.rng()])
    images = pictures(6, 3, 5)
    expected = float(images.mean()), float(images.std())
    conform(impl, "fit_scaler", [images], expected=expected)
    rows = np.float32((images.reshape(6, -1) - 60.0) / 45.0)
    conform(impl, "scale", [images, 60.0, 45.0], expected=rows, rows=[0], rowwise=True)
    # The result is float32, whatever the images are.
    given = [images.astype(np.float64), 60.0, 45.0]
    conform(impl, "scale", given, expected=rows, without=["float64", "digits", "shared"])


@pytest.mark.grade(points=1, seconds=120)
def test_evaluate_and_train_keep_the_contracts_words(impl):
    """evaluate and train keep what docs/contract.md says of every function"""
    model = anew("build", 4, (5,), 3)
    x, y = normal(8, 4), np.array([0, 2, 1, 1, 2, 0, 2, 2])
    conform(impl, "evaluate", [model, x, y], gives="anything", tolerance=1e-3)
    rules = ["result", "untouched", "settings", "integers", "views", "keywords"]
    options = {"changes": [0], "seeded": True, "gives": "anything", "tolerance": 1e-2}
    conform(impl, "train", [model, x, y, x[:3], y[:3], 2, 0.01, 8], only=rules, **options)
    model = impl.build(4, (5,), 3)
    run = lambda: impl.train(model, x, y, x[:3], y[:3], 1, 0.01, 8)  # noqa: E731
    expect_frozen(impl, model, run, "train(model, x, y, x[:3], y[:3], 1, 0.01, 8)")


@pytest.mark.grade(points=2, hint=SPLIT)
@pytest.mark.parametrize(
    ("n", "share"), [(10, 0.2), (19, 0.2), (37, 0.25), (101, 0.5), (40, 0.9), (4, 0.1)]
)
def test_split_puts_every_row_in_one_part(impl, n, share):
    """split gives every row to training or validation, and to validation as many as asked"""
    training, validation = impl.split(n, share, impl.rng())
    of = f"split({n}, {share}, rng)"
    dtype(training, "int64", of=f"the training rows of {of}")
    dtype(validation, "int64", of=f"the validation rows of {of}")
    shape(validation, (round(share * n),), of=f"the validation rows of {of}")
    both = np.sort(np.concatenate([training, validation]))
    equal(both, np.arange(n), of=f"the sorted rows of both parts of {of}")


@pytest.mark.grade(points=1, hint=SPLIT)
def test_split_draws_from_its_generator(impl):
    """split is drawn from rng: equal generators give equal splits, others give others"""
    parts = {}
    for name, draws, world in (("a", 5, 1), ("again", 5, 2), ("other", 6, 1)):
        impl.seed(world)
        parts[name] = np.sort(impl.split(200, 0.3, impl.rng(draws))[1])
    same = np.array_equal(parts["a"], parts["again"])
    holds(same, "two splits by generators of one seed differ, but should be the same")
    holds(
        not np.array_equal(parts["a"], parts["other"]),
        "splits by generators of two seeds hold the same rows, but should differ",
    )
    # Of 60 rows drawn from 200, about 41 are followed by a row that is not drawn: 20 or fewer are no chance.
    runs = int((np.diff(parts["a"]) > 1).sum())
    holds(
        runs > 20,
        f"the validation rows lie in {runs + 1} blocks of neighbours, but should be random",
    )


@pytest.mark.grade(points=1, hint="Bytes overflow and float32 rounds: sum in float64.")
@pytest.mark.parametrize("kind", ["uint8", "float32"])
def test_fit_scaler_gives_mean_and_deviation(impl, kind):
    """fit_scaler gives the mean and standard deviation over all pixels, as floats"""
    images = pictures(30, 7, 5)
    found = impl.fit_scaler(images if kind == "uint8" else images.astype(np.float64))
    equal(len(found), 2, of="the number of results of fit_scaler(images)")
    far = np.float32(1000.0 + normal(9, 4, 5, scale=0.05)).astype(np.float64)
    number(impl.fit_scaler(far)[1], far.std(), of="the deviation of pixels near 1000", rtol=1e-2)
    flat = np.full((3, 4, 5), 7.0)
    mean, deviation = impl.fit_scaler(flat.astype(np.uint8) if kind == "uint8" else flat)
    number(mean, 7.0, of="the mean of pixels that are all 7")
    unit = {"1, which no pixels have been asked to have": 1.0}
    number(deviation, 0.0, of="the deviation of pixels that are all 7", mistakes=unit)
    for value in found:
        holds(
            isinstance(value, float),
            f"fit_scaler gave {type(value).__name__}, but should give floats",
        )
    number(found[0], images.mean(), of="the mean of fit_scaler(images)")
    deviation = images.std()
    number(
        found[1],
        deviation,
        of="the deviation of fit_scaler(images)",
        mistakes={
            "the deviation that divides by one less": images.std(ddof=1),
            "the variance": images.var(),
        },
    )


@pytest.mark.grade(
    points=2, hint="One mean and one deviation for all images; each image becomes a row."
)
@pytest.mark.parametrize(("n", "kind"), [(1, "uint8"), (6, "uint8"), (6, "float32")])
def test_scale_treats_all_images_alike(impl, n, kind):
    """scale subtracts mean, divides by std, and makes rows of images"""
    images = pictures(n, 3, 5)
    sent = images if kind == "uint8" else images.astype(np.float64)
    own = images.mean((1, 2), keepdims=True), images.std((1, 2), keepdims=True)
    result = same_inputs(impl, "scale", sent, 60.0, 45.0)
    dtype(result, "float32", of="scale(images, 60, 45)")
    if kind == "float32":
        wide = impl.float64.scale(sent, 60.0, 45.0)
        dtype(wide, "float32", of="scale(images of float64, 60, 45)")
    close(
        result,
        ((images - 60.0) / 45.0).reshape(n, 15),
        of="scale(images, 60, 45)",
        mistakes={
            "each image scaled by its own mean and deviation": ((images - own[0]) / own[1]).reshape(
                n, 15
            ),
            "all images scaled by their own mean and deviation": (
                (images - images.mean()) / images.std()
            ).reshape(n, 15),
            "images read column by column": ((images - 60.0) / 45.0)
            .transpose(0, 2, 1)
            .reshape(n, 15),
            "images - mean / std": (images - 60.0 / 45.0).reshape(n, 15),
        },
    )
    of = "scale(images, 60, 1e-6)"
    close(impl.scale(sent, 60.0, 1e-6), ((images - 60.0) / 1e-6).reshape(n, 15), of=of)


@pytest.mark.grade(points=2, hint="Dense, ReLU, dense, ReLU, dense: and nothing after the last.")
@pytest.mark.parametrize("hidden", [(), (7,), (6, 4)], ids=str)
def test_build_gives_the_logits_of_the_network(impl, hidden):
    """with given weights, the model computes what matrix products and ReLU compute"""
    model = impl.build(6, hidden, 3)
    kernels = [list(layer["kernel"].shape) for layer in impl.layers(model)]
    sizes = [6, *hidden, 3]
    equal(kernels, [[a, b] for a, b in pairwise(sizes)], of=f"the kernels of build(6, {hidden}, 3)")
    # Two layers of one shape show whether each draws its own weights.
    wide = (70, 70, 70) if len(hidden) == 2 else tuple(10 * width for width in hidden)
    start, again = (impl.layers(impl.build(60, wide, 40)) for _ in range(2))
    default_dense(impl.framework, start, f"build(60, {wide}, 40)", again)
    layers = random_layers(*sizes)
    impl.assign(model, layers)
    x = normal(5, 6, scale=2.0)
    z = forward(layers, x)[1]
    close(
        model(x),
        z,
        of="model(x)",
        mistakes={"the probabilities": softmax(z), "a ReLU on the logits": np.maximum(z, 0)},
    )


@pytest.mark.grade(
    points=3, hint="Rows of the confusion matrix are true classes, columns are answers."
)
@pytest.mark.parametrize("n", [1, 7, 60])
def test_evaluate_counts_what_the_model_answers(impl, n):
    """evaluate gives the mean loss, the exact accuracy and the confusion matrix"""
    layers = random_layers(6, 5, 4)
    x, y = normal(n, 6, scale=2.0), np.minimum(integers(6, n), 3)
    model = build(impl, layers)
    expected = evaluate(layers, x, y)
    judge(impl.evaluate(model, x, y), expected, "evaluate(model, x, y)")
    far = 100.0 * x  # logits so far apart that probabilities round to 0
    judge(impl.evaluate(model, far, y), evaluate(layers, far, y), "evaluate(model, 100 * x, y)")
    after = weights(impl.layers(model))
    close(after, weights(layers), of="the weights after evaluate")
    # The last class neither occurs nor is answered, and has its row and column all the same.
    layers[-1]["bias"] = layers[-1]["bias"] - np.array([0.0, 0.0, 0.0, 1000.0])
    model, few = build(impl, layers), np.minimum(y, 2)
    of = "evaluate(model, x, y), where the last class does not come up"
    judge(impl.evaluate(model, x, few), evaluate(layers, x, few), of)


@pytest.mark.grade(points=1, hint="The last batch may be smaller: a mean of means is another mean.")
def test_evaluate_weighs_all_rows_alike(impl):
    """the loss and the accuracy of 1,537 rows are means over the rows, in whatever batches they are taken"""
    layers = random_layers(6, 5, 4)
    # The last rows are judged with larger losses. Rows too close to call are left out.
    usual, last = (clear(layers, scale * normal(2000, 6)) for scale in (1.0, 20.0))
    x, y = np.concatenate([usual[:1437], last[:100]]), integers(4, 1537)
    found = impl.evaluate(build(impl, layers), x, y)
    judge(found, evaluate(layers, x, y), "evaluate(model, x, y) of 1,537 rows")


def clear(layers, x):
    """The rows of x whose largest logit is not close to another."""
    z = np.sort(forward(layers, x)[1], axis=1)
    return x[z[:, -1] - z[:, -2] > 1e-3 * (1 + np.abs(z).max(1))]


def judge(found, expected, of):
    """Compare what evaluate returned with the oracle's."""
    holds(isinstance(found, dict), f"{of} is {type(found).__name__}, but should be a dict")
    equal(sorted(found), sorted(expected), of=f"the keys of {of}")
    for key in ("loss", "accuracy"):
        kind = type(found[key]).__name__
        holds(
            isinstance(found[key], float), f'{of}["{key}"] is of type {kind}, but should be float'
        )
    number(found["loss"], expected["loss"], of=f'{of}["loss"]', rtol=1e-3)
    number(found["accuracy"], expected["accuracy"], of=f'{of}["accuracy"]', rtol=0, atol=1e-6)
    confusion = expected["confusion"]
    dtype(found["confusion"], "int64", of=f'{of}["confusion"]')
    equal(
        found["confusion"],
        confusion,
        of=f'{of}["confusion"]',
        mistakes={"the transposed matrix": confusion.T},
    )


def recorded(history, epochs):
    """A history of the right form."""
    holds(
        isinstance(history, dict), f"the history is {type(history).__name__}, but should be a dict"
    )
    equal(sorted(history), sorted(HISTORY), of="the keys of the history")
    for key, values in history.items():
        holds(
            isinstance(values, list) and all(isinstance(value, float) for value in values),
            f'history["{key}"] should be a list of floats',
        )
        equal(len(values), epochs, of=f'the length of history["{key}"] after {epochs} epochs')
    return history


@pytest.mark.grade(
    points=3,
    seconds=60,
    hint="Mean cross-entropy from logits, gradients cleared before each step, Adam.",
)
def test_train_makes_the_steps_of_adam(impl):
    """with one batch of all rows, three epochs end where Adam's own steps end"""
    layers = random_layers(5, 7, 3)
    x, y, other_x, other_y = normal(9, 5), integers(3, 9), normal(6, 5), integers(3, 6)
    x[:, 2] = 0.0
    model = build(impl, layers)
    old_gradients(impl, model, x)
    history, after = impl.after("train", model, x, y, other_x, other_y, 3, 0.05, 16)
    _, losses = trained(layers, x, y, 3, 0.05, 16)
    close(
        *settled(weights(impl.layers(model)), layers, x, y, 3, 0.05, 16),
        of="the weights after train",
        rtol=1e-2,
        atol=5e-3,
        mistakes={
            "the weights before it": weights(layers),
            "those of training on the validation rows": weights(
                trained(layers, other_x, other_y, 3, 0.05, 16)[0]
            ),
        },
    )
    found = impl.layers(model)[0]["kernel"][2]
    of = "the weights of a column of zeros, whose gradient is 0, after train"
    close(found, layers[0]["kernel"][2], of=of)
    recorded(history, 3)
    number(history["loss"][0], losses["loss"][0], of='history["loss"][0]', rtol=1e-3)
    close(after[1], x, of="x after train")
    equal(after[2], y, of="y after train")
    # Without hidden layers no rounding grows, so that each setting of Adam shows: a beta2 of 0.99 moves 0.04.
    # Where frameworks add epsilon moves less than 0.001.
    flat = random_layers(5, 3)
    # The validation rows contradict the training rows, so their loss rises, of which nothing may come.
    model = build(impl, flat)
    impl.train(model, x, y, x, (y + 1) % 3, 20, 0.5, 9)
    found = weights(impl.layers(model))
    of = "the weights of a model without hidden layers after 20 steps with lr=0.5, in which the validation loss rises"
    close(*settled(found, flat, x, y, 20, 0.5, 9), of=of, rtol=1e-4, atol=3e-3)


@pytest.mark.grade(
    points=2,
    seconds=60,
    hint="A mean over all rows: a smaller batch counts for less. Validation comes last.",
)
def test_train_reports_each_epoch(impl):
    """the history holds the mean over each epoch, and the validation rows at its end; Adam starts anew each time"""
    # Equal rows: whatever the order of the batches, each step is known.
    layers = random_layers(5, 7, 3)
    x, y = np.repeat(normal(1, 5), 9, axis=0), np.full(9, 1)
    other_x, other_y = normal(7, 5), integers(3, 7)
    model = build(impl, layers)
    impl.train(model, x, 0 * y, other_x, other_y, 2, 0.02, 4)
    impl.assign(model, layers)
    found = recorded(impl.train(model, x, y, other_x, other_y, 2, 0.02, 4), 2)
    for epoch in range(2):
        state, history = trained(layers, x, y, epoch + 1, 0.02, 4)
        for key in ("loss", "accuracy"):
            value = history[key][epoch]
            number(found[key][epoch], value, of=f'history["{key}"][{epoch}]', rtol=1e-2, atol=1e-3)
        validation = evaluate(state, other_x, other_y)
        before = evaluate(
            trained(layers, x, y, epoch, 0.02, 4)[0] if epoch else layers, other_x, other_y
        )
        number(
            found["val_loss"][epoch],
            validation["loss"],
            of=f'history["val_loss"][{epoch}]',
            rtol=1e-2,
            atol=1e-3,
            mistakes={"the loss at the beginning of the epoch": before["loss"]},
        )
        accuracy = evaluate(impl.layers(model), other_x, other_y)["accuracy"]
        if epoch == 1:
            number(
                found["val_accuracy"][epoch], accuracy, of='history["val_accuracy"][1]', atol=1e-6
            )
    close(
        *settled(weights(impl.layers(model)), layers, x, y, 2, 0.02, 4),
        of="the weights after two epochs of 4 + 4 + 1 equal rows",
        rtol=1e-2,
        atol=5e-3,
        mistakes={
            "those without the smaller last batch": weights(
                trained(layers, x[:8], y[:8], 2, 0.02, 4)[0]
            )
        },
    )


@pytest.mark.grade(
    points=1, seconds=60, hint="Count right answers among the logits that the loss is taken of."
)
def test_train_counts_answers_before_the_step(impl):
    """the accuracy of an epoch is that of the answers before each step, the validation's that at its end"""
    # All answers are class 0, until the first step makes them class 1.
    layers = [{"kernel": np.zeros((5, 3)), "bias": np.array([0.05, 0.0, 0.0])}]
    x, y = np.repeat(normal(1, 5), 9, axis=0), np.full(9, 1)
    model = build(impl, layers)
    found = recorded(impl.train(model, x, y, x[:4], y[:4], 2, 0.5, 9), 2)
    for key, wanted in (("accuracy", (0.0, 1.0)), ("val_accuracy", (1.0, 1.0))):
        for epoch, value in enumerate(wanted):
            mistakes = {"the accuracy after the step": 1.0} if value == 0 else {}
            of = f'history["{key}"][{epoch}] of a model whose first step turns wrong answers into right ones'
            number(found[key][epoch], value, of=of, atol=1e-6, mistakes=mistakes)


@pytest.mark.grade(
    points=1, seconds=60, hint="Frameworks have other defaults for epsilon than 1e-7."
)
def test_train_uses_the_epsilon_asked_for(impl):
    """where gradients are as small as epsilon, the first step is that of epsilon 1e-7"""
    model = build(impl, [{"kernel": np.zeros((4, 3)), "bias": np.zeros(3)}])
    x, y = 1e-6 * np.array([[1.0, -2.0, 3.0, 0.5]]), np.array([1])
    impl.train(model, x, y, x, y, 1, 1.0, 1)
    # Logits of 0 give each class a third.
    g = x.T * (1 / 3 - np.eye(3)[1])
    of = "train(model, x, [1], x, [1], 1, 1.0, 1), x near 1e-6, from weights of 0"
    expect_epsilon(impl.layers(model)[0]["kernel"], np.zeros((4, 3)), g, 1.0, of)


@pytest.mark.grade(points=1, hint="Draw a new order of the rows, and take x and y in that order.")
def test_train_shuffles_the_rows(impl):
    """every epoch takes each row once, in batches of the size asked for, in a new random order"""
    x, y = normal(21, 5), integers(3, 21)
    model = build(impl, random_layers(5, 7, 3))
    run = lambda: impl.train(model, x, y, normal(2, 5), y[:2], 3, 0.01, 5)  # noqa: E731
    batches = visited(impl, model, x, run)
    expect_epochs(batches, rows=21, batch=5, epochs=3, of="train(..., epochs=3, batch_size=5)")


@pytest.mark.grade(points=3, seconds=60, hint=LEAK)
@pytest.mark.parametrize("kind", ["uint8", "float32"])
def test_run_reports_what_can_be_computed_again(impl, kind):
    """the scaler, the validation result and the predictions of the report follow from its rows and its model"""
    images, labels = pictures(90, 3, 5), integers(3, 90)
    test_images = pictures(40, 3, 5) // 3  # darker, so that scaling them by themselves shows
    if kind == "float32":  # 256ths, which float32 represents exactly
        images, test_images = images / 256, test_images / 256
    hidden = (8,) if kind == "uint8" else ()
    options = {"hidden": hidden, "epochs": 2, "lr": 0.02, "batch_size": 16}
    report = impl.run(images, labels, test_images, 3, seed=11, validation_share=0.3, **options)
    asked = {"model", "training_rows", "validation_rows", "mean", "std", "history", "validation"}
    equal(sorted(report), sorted(asked | {"predictions"}), of="the keys of run(...)")
    training, validation = report["training_rows"], report["validation_rows"]
    shape(validation, (27,), of='run(...)["validation_rows"]')
    rows = np.sort(np.concatenate([training, validation]))
    equal(rows, np.arange(90), of="the sorted training and validation rows")
    own = images[training]
    for key, value, whole, tested, idle in (
        ("mean", own.mean(), images.mean(), test_images.mean(), 0.0),
        ("std", own.std(), images.std(), test_images.std(), 1.0),
    ):
        mistakes = {
            "that of all images": whole,
            "that of the test images": tested,
            "that of a scaler which changes nothing": idle,
        }
        number(report[key], value, of=f'run(...)["{key}"]', mistakes=mistakes)

    def scaled(some):
        return ((some - own.mean()) / own.std()).reshape(len(some), -1)

    layers = impl.layers(report["model"])
    widths, of = [len(layer["bias"]) for layer in layers], f"the widths of run(..., {hidden=})"
    equal(widths, [*hidden, 3], of=of)
    expected = evaluate(layers, scaled(images[validation]), labels[validation])
    judge(report["validation"], expected, 'run(...)["validation"]')
    history = recorded(report["history"], 2)
    number(history["val_loss"][-1], expected["loss"], of="the last val_loss of run(...)", rtol=1e-3)
    of = "the last val_accuracy of run(...)"
    number(history["val_accuracy"][-1], expected["accuracy"], of=of, atol=1e-6)
    for value in history["accuracy"]:
        of = "the training accuracy of run(...), which should count right answers among 63 training rows"
        number(value, round(63 * value) / 63, of=of, rtol=0, atol=1e-5)
    predictions = report["predictions"]
    dtype(predictions, "int64", of='run(...)["predictions"]')
    z = forward(layers, scaled(test_images))[1]
    equal(
        predictions,
        z.argmax(1),
        of='run(...)["predictions"]',
    )


@pytest.mark.grade(
    points=1,
    seconds=60,
    hint="Seed the framework's generator, and make the NumPy Generator of the split from the seed.",
)
def test_run_repeats_by_its_seed(impl):
    """one seed gives one report, another gives another, and so do another lr and batch_size"""
    images, labels = pictures(30, 3, 5), integers(3, 30)
    options = {"hidden": (8,), "epochs": 1, "batch_size": 4}
    first, again, other = (
        impl.run(images, labels, images, 3, seed=seed, **options) for seed in (0, 0, 2)
    )
    equal(
        again["validation_rows"], first["validation_rows"], of="the split of a second run by seed 0"
    )
    reported = {key: again["history"][key] for key in HISTORY}
    for key in HISTORY:
        number(reported[key][0], first["history"][key][0], of=f"{key} of a second run by seed 0")
    for key in ("training_rows", "history"):
        holds(
            str(other[key]) != str(first[key]),
            f"the {key} of runs by two seeds are the same, but should differ",
        )
    kernels = [impl.layers(report["model"])[0]["kernel"] for report in (first, other)]
    # 7 steps of 0.001 leave the start in sight.
    apart = np.abs(kernels[0] - kernels[1]).max()
    holds(apart > 0.05, "two seeds gave the same initial weights, but should give different ones")
    for change in ({"lr": 0.01}, {"batch_size": 27}):
        changed = impl.run(images, labels, images, 3, seed=0, **(options | change))
        name, value = *change, *change.values()
        holds(
            abs(changed["history"]["loss"][0] - first["history"]["loss"][0]) > 1e-6,
            f"run gives the same with {name}={value}, but {name} should matter",
        )


@pytest.mark.grade(points=1, seconds=60)
def test_run_keeps_the_contracts_words(impl):
    """run keeps what docs/contract.md says of every function"""
    images, labels = pictures(12, 2, 3), integers(3, 12)
    rules = ["settings", "untouched", "integers", "keywords"]
    given = [images, labels, images[:4], 3, 5, (4,), 1, 0.01, 4, 0.25]
    conform(impl, "run", given, gives="anything", only=rules)


@pytest.mark.grade(points=1, seconds=60, hint="Set seeds in run, and nowhere else.")
def test_train_sets_no_seed(impl):
    """what the global generators draw after train follows from their seed before it, which is run's"""
    layers, x, y = random_layers(5, 3), normal(9, 5), integers(3, 9)
    found = []
    for seed in (1, 2):
        impl.seed(seed)
        impl.train(build(impl, layers), x, y, x[:3], y[:3], 1, 0.01, 4)
        found.append(plant(impl, "draws.py", OWN[impl.framework] + DRAWS).draws())
    for name, first in found[0].items():
        holds(
            found[1][name] != first,
            f"after train, {name} draws {first:.6g} whatever its seed was before: train sets a seed, "
            "but the seed of run should decide the order of the batches",
        )


@pytest.mark.grade(points=1, seconds=60, hint="The defaults stand in the stub: keep them.")
def test_run_keeps_the_stated_defaults(impl):
    """run without options does what run with the stated options does"""
    images, labels = pictures(300, 2, 3), integers(3, 300)
    stated = {"hidden": (256, 128), "epochs": 8, "lr": 0.001, "batch_size": 256}
    report = impl.run(images, labels, images[:1], 3, seed=5)
    expected = impl.run(images, labels, images[:1], 3, seed=5, validation_share=0.1, **stated)
    shape(report["validation_rows"], (30,), of="the validation rows of 300 by default")
    shape(report["predictions"], (1,), of='run(...)["predictions"] of one test image')
    widths = [len(layer["bias"]) for layer in impl.layers(report["model"])]
    equal(widths, [256, 128, 3], of="the widths of the layers by default")
    for key, values in recorded(report["history"], 8).items():
        wanted = expected["history"][key][-1]
        number(values[-1], wanted, of=f"the last {key} by default", rtol=1e-5, atol=0)
    smaller = impl.run(images, labels, images[:1], 3, seed=5, **(stated | {"batch_size": 200}))
    apart = abs(smaller["history"]["loss"][-1] - report["history"]["loss"][-1])
    holds(apart > 1e-7, "run gives the same with batch_size=200 as with 256, but it should matter")


BY_HEART = Threshold(
    "the training accuracy on random labels after 20 epochs",
    # With too few of the rows or epochs, random labels are guessed: 0.5.
    at_least=0.9,
    torch=[0.96, 1.0, 0.94, 0.97, 0.97, 0.94, 0.97, 0.93, 0.99, 0.97],
    tensorflow=[0.97, 1.0, 0.98, 1.0, 0.99, 0.98, 1.0, 0.94, 0.99, 0.99],
)


@BY_HEART.measured_by
def by_heart(impl, seed):
    images, labels = pictures(200, 6, 8), integers(2, 200)
    options = {"hidden": (64,), "epochs": 20, "lr": 0.01, "batch_size": 10}
    impl.seed(seed)
    report = impl.run(images, labels, images[:1], 2, seed=seed, validation_share=0.5, **options)
    # 100 guesses at a coin: 0.5, standard deviation 0.05; 0.75 is five of them away.
    of = "the validation accuracy on random labels, which can only be guessed,"
    at_most(report["validation"]["accuracy"], 0.75, of=of)
    # By now the validation loss has risen for many epochs: the last is not the best.
    last = report["history"]["val_loss"][-1]
    of = 'run(...)["validation"]["loss"], beside the last val_loss,'
    number(report["validation"]["loss"], last, of=of, rtol=1e-3)
    return float(report["history"]["accuracy"][-1])


@pytest.mark.grade(points=2, hint=LEAK, seconds=60)
def test_run_keeps_the_validation_rows_out_of_training(impl):
    """of images with random labels, the training rows can be learnt by heart, and the validation rows only guessed"""
    BY_HEART.expect(impl)


def accuracy(impl, seed, images, **options):
    split = data.mnist() if images == "mnist" else data.digits(images=True)
    train_x, test_x = split.train_x, split.test_x
    if images == "digits":  # grey 0 to 16, as bytes
        train_x, test_x = (np.rint(16 * x[..., 0]).astype(np.uint8) for x in (train_x, test_x))
    impl.seed(seed)
    report = impl.run(train_x, split.train_y, test_x, 10, seed=seed, **options)
    shape(report["predictions"], (len(test_x),), of='run(...)["predictions"]')
    # What the layers give counts, so that answers from elsewhere earn nothing. Rounding may decide a close one.
    rows = ((test_x - report["mean"]) / report["std"]).reshape(len(test_x), -1)
    own = forward(impl.layers(report["model"]), rows)[1].argmax(1)
    of = "the share of predictions that are not those of the layers of the returned model"
    at_most(float((report["predictions"] != own).mean()), 0.01, of=of)
    return float((own == split.test_y).mean())


MNIST = Threshold(
    "test accuracy on MNIST",
    at_least=0.97,
    torch=[0.9808, 0.9732, 0.9775, 0.9789, 0.9773, 0.9778, 0.9791, 0.9757, 0.9793, 0.9776],
    tensorflow=[0.9771, 0.9777, 0.9794, 0.975, 0.9738, 0.9781, 0.9735, 0.9774, 0.9756, 0.9761],
)
MNIST_64 = Threshold(
    "test accuracy on MNIST with one hidden layer of 64",
    at_least=0.96,
    torch=[0.9726, 0.9719, 0.9715, 0.9706, 0.9699, 0.9714, 0.9708, 0.9717, 0.9707, 0.9694],
    tensorflow=[0.969, 0.9686, 0.9704, 0.969, 0.9708, 0.9697, 0.9689, 0.9668, 0.9711, 0.9676],
)
DIGITS = Threshold(
    "test accuracy on digits",
    at_least=0.95,
    torch=[0.9778, 0.9778, 0.98, 0.9778, 0.9778, 0.98, 0.98, 0.9733, 0.9778, 0.9778],
    tensorflow=[0.9844, 0.9822, 0.98, 0.9844, 0.98, 0.9844, 0.9756, 0.9778, 0.9822, 0.9778],
)
DIGITS_64 = Threshold(
    "test accuracy on digits with one hidden layer of 64",
    at_least=0.94,
    torch=[0.9711, 0.9733, 0.9644, 0.9622, 0.9733, 0.9733, 0.96, 0.9733, 0.9711, 0.9689],
    tensorflow=[0.9733, 0.9733, 0.9667, 0.9844, 0.9733, 0.9733, 0.9711, 0.9733, 0.9756, 0.9667],
)


@MNIST.measured_by
def mnist(impl, seed):
    return accuracy(impl, seed, "mnist")


@MNIST_64.measured_by
def mnist_64(impl, seed):
    return accuracy(impl, seed, "mnist", hidden=(64,))


@DIGITS.measured_by
def digits(impl, seed):
    return accuracy(impl, seed, "digits", epochs=30, batch_size=64)


@DIGITS_64.measured_by
def digits_64(impl, seed):
    return accuracy(impl, seed, "digits", hidden=(64,), epochs=30, batch_size=64)


@pytest.mark.grade(points=3, seconds=300)
def test_run_learns_to_classify(impl):
    """the median of three runs reaches 0.95 on digits, or 0.97 on MNIST where that is present"""
    (MNIST if full_size("mnist") else DIGITS).expect(impl)


@pytest.mark.grade(points=2, seconds=300)
def test_run_learns_with_one_hidden_layer(impl):
    """with one hidden layer of 64, the median of three runs reaches 0.94 on digits, or 0.96 on MNIST"""
    (MNIST_64 if full_size("mnist") else DIGITS_64).expect(impl)
