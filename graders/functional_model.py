"""Hidden checks of exercises/functional_model.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring import oracle
from katagrad.authoring.adam import RATE, STEPS, expect_betas, nearer
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.expect import (
    between,
    close,
    dtype,
    equal,
    full_size,
    generator,
    holds,
    integers,
    normal,
    number,
    shape,
)
from katagrad.authoring.minibatches import expect_epochs, visited
from katagrad.authoring.oracle import slopes, softmax
from katagrad.authoring.states import expect_frozen, old_gradients
from katagrad.authoring.structure import every_epoch, losses
from katagrad.authoring.threshold import Threshold
from katagrad.errors import NotGraded

NAMES = ["relu", "tanh", "selu", "logits"]
SKIP = "The tanh block's input is used twice: as its input, and added to its output."
# Of images whose probabilities shall lie apart; about one of two does.
DRAWS = 1000
STRANGE = "the share of test images whose most probable class is not that of the largest logit of the layers"
MACRO = "Compute each class's own measure first, and then their plain mean."


def images(*size):
    return integers(256, *size).astype(np.uint8)


def selu(z):
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    return scale * np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


def forward(p, x):
    """What the model computes, in float64. p: (kernel, bias) by layer; x: bytes (B, H, W)."""
    found = {"relu": np.maximum(x.reshape(len(x), -1) / 255 @ p["relu"][0] + p["relu"][1], 0)}
    found["tanh"] = np.tanh(found["relu"] @ p["tanh"][0] + p["tanh"][1])
    found["skip"] = found["relu"] + found["tanh"]
    found["selu"] = selu(found["skip"] @ p["selu"][0] + p["selu"][1])
    found["logits"] = found["selu"] @ p["logits"][0] + p["logits"][1]
    return found


def called(model, in_shape):
    """The model after a call, in which it may have made its parameters."""
    model(images(1, *in_shape))
    return model


def by_name(impl, model):
    """The dense layers of the model by the last part of their names."""
    layers = {layer["name"].split(".")[-1]: layer for layer in impl.layers(model)}
    equal(sorted(layers), sorted(NAMES), of="the names of the model's layers with parameters")
    return layers


def filled(impl, in_shape=(4, 3), k=5, widths=(8, 6), given=None):
    """A model whose parameters the grader knows; returns (model, parameters by name). given: them, or None to draw."""
    model = called(impl.build(in_shape, k, widths), in_shape)
    features = [in_shape[0] * in_shape[1], widths[0], widths[0], widths[1], k]
    features = dict(
        zip(NAMES, [features[0:2], features[1:3], features[2:4], features[3:]], strict=True)
    )
    p = given or {
        name: (normal(n_in, n_out, scale=0.7), normal(n_out, scale=0.3))
        for name, (n_in, n_out) in features.items()
    }  # fmt: skip
    order = [layer["name"].split(".")[-1] for layer in impl.layers(model)]
    equal(sorted(order), sorted(NAMES), of="the names of the model's layers with parameters")
    impl.assign(model, [dict(zip(("kernel", "bias"), p[name], strict=True)) for name in order])
    return model, p


MODEL = anew("build", (4, 3), 5, (8, 6))


@pytest.mark.grade(points=1)
def test_the_model_keeps_the_contracts_words(impl):
    """layer_names, activations and predict_proba keep what docs/contract.md says of every function"""
    conform(impl, "layer_names", [MODEL], expected=NAMES)
    x = integers(128, 6, 4, 3)  # bytes that int8 can hold, too
    for name in ("activations", "predict_proba"):
        conform(impl, name, [MODEL, x], rows=[1], rowwise=True)


@pytest.mark.grade(points=1, seconds=120)
def test_training_keeps_the_contracts_words(impl):
    """train and evaluate_full keep what docs/contract.md says of every function"""
    x, y = integers(128, 20, 4, 3), np.arange(20) % 5
    conform(impl, "evaluate_full", [MODEL, x, y], gives="anything", without=["integers"])
    rules = ["result", "untouched", "settings", "views", "keywords"]
    options = {"changes": [0], "seeded": True, "gives": "anything", "tolerance": 1e-2}
    # Several batches: their orders come from the generator that is seeded alike for each call.
    conform(impl, "train", [MODEL, x, y, 2, 4, 0.05], only=rules, **options)
    model = impl.build((4, 3), 5, (8, 6))
    run = lambda: impl.train(model, x, y, 1, 10, 0.05)  # noqa: E731
    expect_frozen(impl, model, run, "train(model, images, labels, 1, 10, 0.05)")


@pytest.mark.grade(points=2)
@pytest.mark.parametrize(("in_shape", "k", "widths"), [((28, 28), 10, None), ((4, 7), 3, (9, 5))])
def test_build_names_and_sizes_its_layers(impl, in_shape, k, widths):
    """build makes four dense layers of the stub's names and sizes, for images of any size"""
    model = impl.build(in_shape, k) if widths is None else impl.build(in_shape, k, widths)
    called(model, in_shape)
    a, b = widths or (128, 64)
    layers = by_name(impl, model)
    for name, size in zip(NAMES, [(in_shape[0] * in_shape[1], a), (a, a), (a, b), (b, k)], strict=True):  # fmt: skip
        shape(layers[name]["kernel"], size, of=f"the kernel of {name!r}, as (in, out)")
        close(layers[name]["bias"], np.zeros(size[1]), of=f"the bias of a new {name!r}")
    equal(impl.layer_names(model), NAMES, of="layer_names(model)")
    for batch in (1, 3):
        logits = model(images(batch, *in_shape))
        shape(logits, (batch, k), of=f"the logits of {batch} images")
        dtype(logits, "float32", of="the logits")


@pytest.mark.grade(
    points=2, hint="SELU keeps its fixed point with LeCun's deviation, sqrt(1 / fan_in)."
)
def test_build_draws_weights_to_fit(impl):
    """each layer's weights have the scale and distribution that suit its activation"""
    layers = by_name(impl, called(impl.build((20, 25), 250, (300, 200)), (20, 25)))
    for name, variance in {"relu": 2 / 500, "tanh": 2 / 600, "selu": 1 / 300, "logits": 2 / 450}.items():  # fmt: skip
        w = layers[name]["kernel"].astype(np.float64)
        error = 5 * np.sqrt(2 / w.size)  # five standard errors of a normal draw's variance
        ratio = float(w.var() / variance)
        between(
            ratio, 1 - error, 1 + error, of=f"the variance of {name!r} as a share of the stub's"
        )
        between(float(w.mean() / w.std()), -error, error, of=f"mean / deviation of {name!r}")
        if name in ("relu", "selu"):
            share = float((np.abs(w) > 1.8 * np.sqrt(variance)).mean())
            of = f"the share of weights of {name!r} beyond 1.8 deviations, 0.07 for normal draws,"
            between(share, 0.06, 0.09, of=of)
        if name in ("tanh", "logits"):
            limit = np.sqrt(3 * variance) * (1 + 1e-5)
            between(float(np.abs(w).max()), 0.0, limit, of=f"the largest |weight| of {name!r}")
    starts = []
    for seed in (1, 1, 2):
        impl.seed(seed)
        starts.append(by_name(impl, called(impl.build((4, 3), 5, (8, 6)), (4, 3))))
    for name in NAMES:
        first, again, other = (start[name]["kernel"] for start in starts)
        of = f"the kernel of {name!r} of a second model from the same state of the global generator"
        close(again, first, of=of)
        holds(
            np.abs(other - first).max() > 1e-3,
            f"the kernel of {name!r} does not change with the seed of the framework's global generator, but "
            "should be drawn from it",
        )


@pytest.mark.grade(points=3, hint=SKIP)
def test_activations_follow_the_graph(impl):
    """every intermediate result equals the graph of the stub, from given weights"""
    model, p = filled(impl)
    x = images(6, 4, 3)
    found = impl.activations(model, x)
    equal(sorted(found), sorted([*NAMES, "skip"]), of="the keys of activations(model, images)")
    right = forward(p, x)
    plain = "the layer before its activation"
    mistakes = {
        "relu": {plain: x.reshape(6, -1) / 255 @ p["relu"][0] + p["relu"][1]},
        "tanh": {plain: right["relu"] @ p["tanh"][0] + p["tanh"][1]},
        "skip": {"the tanh block without its input": right["tanh"]},
        "selu": {plain: right["skip"] @ p["selu"][0] + p["selu"][1]},
        "logits": {"their softmax": softmax(right["logits"])},
    }
    for name, wrong in mistakes.items():
        of = f"activations(model, images)[{name!r}]"
        close(found[name], right[name], of=of, rtol=1e-3, atol=1e-4, mistakes=wrong)
    dim = x % 2
    found = impl.activations(model, dim)
    for name, value in forward(p, dim).items():
        of = f"activations(model, images)[{name!r}] of images of bytes 0 and 1"
        close(found[name], value, of=of, rtol=1e-3, atol=1e-4)


@pytest.mark.grade(points=2, hint=SKIP)
def test_model_follows_the_graph(impl):
    """the model's logits follow the graph, and gradients reach every parameter, around the skip as well"""
    model, p = filled(impl)
    x, c = images(5, 4, 3), normal(5, 5)
    right = forward(p, x)
    straight = selu(right["tanh"] @ p["selu"][0] + p["selu"][1])
    relu = np.maximum(right["skip"] @ p["selu"][0] + p["selu"][1], 0)
    close(
        model(x),
        right["logits"],
        of="model(images)",
        rtol=1e-3,
        atol=1e-4,
        mistakes={
            "the stack without its skip": straight @ p["logits"][0] + p["logits"][1],
            "the graph with ReLU for SELU": relu @ p["logits"][0] + p["logits"][1],
            "probabilities instead of logits": softmax(right["logits"]),
            "the graph on bytes that were not divided by 255": forward(p, x * 255.0)["logits"],
        },
    )
    gradients = impl.grad(model, x, wrt=model, cotangent=c)
    equal(len(gradients), 8, of="the number of parameters of the model")
    names = [layer["name"].split(".")[-1] for layer in impl.layers(model)]
    flat = [w for name in names for w in p[name]]
    for i, (w, g) in enumerate(zip(flat, gradients, strict=True)):
        expected = slopes(lambda: (forward(p, x)["logits"] * c).sum(), w)
        # Sorted, since a framework may keep a kernel as (out, in).
        close(
            np.sort(g.ravel()),
            np.sort(expected.ravel()),
            of=f"the sorted gradient of the {('kernel', 'bias')[i % 2]} of {names[i // 2]!r}",
            rtol=5e-3,
            atol=1e-3,
        )


@pytest.mark.grade(points=1)
def test_predict_proba_is_the_softmax(impl):
    """predict_proba is the softmax of the logits"""
    model, p = filled(impl)
    x = images(7, 4, 3)
    logits = forward(p, x)["logits"]
    close(
        impl.predict_proba(model, x),
        softmax(logits),
        of="predict_proba(model, images)",
        rtol=1e-3,
        atol=1e-5,
        mistakes={"the logits": logits, "softmax of softmax": softmax(softmax(logits))},
    )
    p["logits"] = (200.0 * p["logits"][0], p["logits"][1])
    order = [layer["name"].split(".")[-1] for layer in impl.layers(model)]
    impl.assign(model, [dict(zip(("kernel", "bias"), p[n], strict=True)) for n in order])
    of = "predict_proba(model, images) of logits in the hundreds"
    close(impl.predict_proba(model, x), softmax(forward(p, x)["logits"]), of=of, atol=5e-3)


# -- training --------------------------------------------------------------------------------------


@pytest.mark.grade(
    points=2,
    seconds=60,
    hint="The loss takes logits; its mean over the batch is differentiated.",
)
def test_train_starts_from_the_given_weights(impl):
    """the first epoch's loss is that of the given weights, and Adam's first step moves each weight by lr"""
    model, p = filled(impl)
    x, y = images(12, 4, 3), np.arange(12) % 5
    logits = forward(p, x)["logits"]
    loss = -np.log(softmax(logits))[np.arange(12), y].mean()
    twice = -np.log(softmax(softmax(logits)))[np.arange(12), y].mean()
    history = impl.train(model, x, y, 1, batch=12, lr=0.01)
    equal(len(history), 1, of="len(history) of one epoch")
    holds(isinstance(history[0], float), "history should hold Python floats")
    number(
        history[0],
        loss,
        of="history[0] of one batch of all rows",
        rtol=1e-3,
        mistakes={"the loss of softmax taken for logits": twice, "the sum over rows": 12 * loss},
    )
    for name, layer in by_name(impl, model).items():
        moved = float(np.abs(layer["kernel"] - p[name][0]).max())
        between(
            moved, 0.0098, 0.0102, of=f"the largest step of {name!r} in one Adam step of lr=0.01"
        )
        moved = float(np.abs(layer["bias"] - p[name][1]).max())
        between(moved, 0.0098, 0.0102, of=f"the largest step of the bias of {name!r}")


# No value of these reaches the logits, and no gradient of them anything but their bias.
STILL = {
    "relu": (np.zeros((12, 8)), np.full(8, -1.0)),
    "tanh": (np.zeros((8, 8)), np.zeros(8)),
    "selu": (np.zeros((8, 6)), np.zeros(6)),
    "logits": (np.zeros((6, 5)), np.array([1.5, -1.0, 0.5, 0.0, -0.5])),
}


@pytest.mark.grade(points=2, seconds=60, hint="Adam with beta1 0.9, beta2 0.999, and lr as given.")
def test_train_makes_the_steps_of_adam(impl):
    """full-batch epochs end where the steps of a new Adam on the mean cross-entropy end"""
    model, p = filled(impl)
    start = impl.layers(model)
    x, y = images(12, 4, 3), np.arange(12) % 5
    x[:, 0, 0] = 0
    impl.train(model, x, (y + 1) % 5, 1, batch=12, lr=0.1)
    impl.assign(model, start)  # Adam starts anew, too
    dark = p["relu"][0][0]
    # Labels that do not fit at first and then do turn the gradients, so that both betas show.
    old_gradients(impl, model, x)
    # A batch of 20 rows would hold more than there are.
    history = impl.train(model, x, y, 3, batch=20, lr=0.1)
    keys = [(name, i) for name in NAMES for i in (0, 1)]

    def steps(corrected):
        adam, now, fallen = oracle.Adam(0.1, corrected=corrected), p, []
        for _ in range(3):

            def loss(at=now):
                return -np.log(softmax(forward(at, x)["logits"]))[np.arange(12), y].mean()

            fallen.append(loss())
            moved = {
                (n, i): adam.moved((n, i), now[n][i], slopes(loss, now[n][i])) for n, i in keys
            }
            now = {name: (moved[name, 0], moved[name, 1]) for name in NAMES}
        return np.concatenate([w.ravel() for w in now["logits"]]), (now["logits"], fallen)

    layers = by_name(impl, model)
    of = "the weights of a pixel that is always 0, whose gradient is 0, after training"
    close(layers["relu"]["kernel"][0], dark, of=of)
    found = layers["logits"]
    of = "of 'logits' after three steps of Adam, lr=0.1"
    given = np.concatenate([np.ravel(found[key]) for key in ("kernel", "bias")])
    _, (expected, fallen) = nearer(given, steps)
    for epoch, loss in enumerate(losses(history, 3, kind="float")):
        mistakes = {"the mean of all epochs so far": np.mean(fallen[: epoch + 1])} if epoch else {}
        about = f"history[{epoch}] of three epochs of one batch, lr=0.1"
        number(loss, fallen[epoch], of=about, rtol=5e-2, mistakes=mistakes)
    for i, key in enumerate(("kernel", "bias")):
        close(found[key], expected[i], of=f"the {key} {of}", rtol=1e-2, atol=1e-2)
    order = generator().permutation(5)
    bias, counts = STILL["logits"][1][order], np.array([10, 6, 2, 1, 1])[order]
    model, _ = filled(impl, given=STILL | {"logits": (np.zeros((6, 5)), bias)})
    impl.train(model, images(20, 4, 3), np.repeat(np.arange(5), counts), STEPS, 20, RATE)
    found = by_name(impl, model)["logits"]["bias"]
    of = f"train(model, images, labels, {STEPS}, batch=20, lr={RATE})"
    expect_betas(found, bias, lambda b: softmax(b) - counts / 20, of)
    # From weights that are nearly right, the first loss stays the smallest: the last weights are left all the same.
    bias = np.log(counts / 20) + 0.02 * (counts == 10)
    model, _ = filled(impl, given=STILL | {"logits": (np.zeros((6, 5)), bias)})
    impl.train(model, images(20, 4, 3), np.repeat(np.arange(5), counts), 6, 20, RATE)
    adam = oracle.Adam(RATE)
    for _ in range(6):
        bias = adam.moved("b", bias, softmax(bias) - counts / 20)
    found = by_name(impl, model)["logits"]["bias"]
    of = f"the bias of 'logits', nearly right at first, after train(model, images, labels, 6, batch=20, lr={RATE})"
    close(found, bias, of=of, rtol=1e-3, atol=5e-3)


@pytest.mark.grade(points=2, seconds=60, hint="Weigh each batch's mean loss by its number of rows.")
def test_train_counts_every_row(impl):
    """the loss of an epoch is a mean over all rows, short last batch included, and defaults are the stub's"""
    model, p = filled(impl)
    x, y = images(10, 4, 3), np.arange(10) % 5
    rows = -np.log(softmax(forward(p, x)["logits"]))[np.arange(10), y]
    history = impl.train(model, x, y, 2, batch=7, lr=1e-7)
    equal(len(history), 2, of="len(history) of two epochs")
    for loss in history:
        number(loss, rows.mean(), of="the loss of an epoch of batches of 7 and 3", rtol=1e-3)
    model, _ = filled(impl, given=p | {"logits": (0 * p["logits"][0], np.eye(5)[2] * 1000)})
    of = "train(model, images, labels, 4, batch=7), where the model is sure of every class"
    every_epoch(impl.train(model, x, np.full(10, 2), 4, batch=7), 4, of)
    model, _ = filled(impl, given=p | {"logits": (0 * p["logits"][0], np.eye(5)[2] * 1000)})
    of = "the loss of an epoch where the model is sure of a wrong class in every row"
    number(impl.train(model, x, np.full(10, 1), 1, batch=10, lr=1e-7)[0], 1000.0, of=of, rtol=1e-3)
    for n, steps in ((64, 1), (65, 2)):
        model, p = filled(impl)
        # Rows that are all alike give every batch the same gradient, on which each step of Adam is lr long.
        x, y = np.repeat(images(1, 4, 3), n, 0), np.full(n, 2)
        impl.train(model, x, y, 1)
        moved = float(np.abs(by_name(impl, model)["logits"]["bias"] - p["logits"][1]).max())
        number(
            moved,
            0.001 * steps,
            of=f"how far a bias moved in an epoch of {n} equal rows with the defaults ({steps} steps of 0.001)",
            rtol=0.03,
            mistakes={
                f"the way of {other} steps: batch should be 64 by default": 0.001 * other
                for other in (1, 2, 3, 4)
                if other != steps
            },
        )


def shades():
    """40 images of one grey each, from dark to bright: uint8 (40, 4, 3)."""
    return np.repeat(np.arange(40, dtype=np.uint8)[:, None, None] * 6, 4, 1).repeat(3, 2)


@pytest.mark.grade(points=2, seconds=180)
def test_train_shuffles(impl):
    """each epoch takes each row once, in batches of the size asked for, in a new order, with its own label"""
    model, rows = called(impl.build((4, 3), 2, (8, 6)), (4, 3)), shades()[:21]
    labels = (np.arange(21) >= 11).astype(int)
    batches = visited(impl, model, rows, lambda: impl.train(model, rows, labels, 3, batch=5))
    if batches:  # none if train computes the graph without calling the model
        expect_epochs(batches, rows=21, batch=5, epochs=3, of="train(model, images, labels, 3, 5)")
    x = shades()
    model, p = filled(impl)
    runs = []
    for seed in (1, 2):
        impl.seed(seed)
        model = called(impl.build((4, 3), 2, (8, 6)), (4, 3))
        order = [layer["name"].split(".")[-1] for layer in impl.layers(model)]
        p["logits"] = (p["logits"][0][:, :2], p["logits"][1][:2])
        impl.assign(model, [dict(zip(("kernel", "bias"), p[n], strict=True)) for n in order])
        runs.append(impl.train(model, x, (np.arange(40) >= 20).astype(int), 3, batch=4, lr=0.01))
    holds(runs[0] != runs[1], "two trainings of other seeds had the same losses; shuffle the rows")
    BRIGHT.expect(impl)


BRIGHT = Threshold(
    "the loss of bright against dark after 20 epochs",
    # Halfway to ln 2 = 0.69, which rows that are torn from their labels keep.
    at_most=0.4,
    torch=[0.1114, 0.03502, 0.0684, 0.05098, 0.1155, 0.09516, 0.02967, 0.114, 0.06001, 0.05404],
    tensorflow=[
        0.05658,
        0.04032,
        0.1119,
        0.1023,
        0.07179,
        0.05178,
        0.06769,
        0.1462,
        0.2059,
        0.07894,
    ],
)


@BRIGHT.measured_by
def bright_loss(impl, seed):
    impl.seed(seed)
    model = impl.build((4, 3), 2, (16, 8))
    x, y = shades(), (np.arange(40) >= 20).astype(int)
    return float(impl.train(model, x, y, 20, batch=4, lr=0.02)[-1])


# -- measures --------------------------------------------------------------------------------------


def measures(p, y):
    """The five measures by scikit-learn, from probabilities (N, k)."""
    from sklearn import metrics

    guess = p.argmax(-1)
    macro = {"average": "macro", "zero_division": 0, "labels": np.arange(p.shape[1])}
    # roc_auc_score wants rows that sum to 1 to 1e-8, which float32 does not give.
    return {
        "accuracy": metrics.accuracy_score(y, guess),
        "precision": metrics.precision_score(y, guess, **macro),
        "recall": metrics.recall_score(y, guess, **macro),
        "f1": metrics.f1_score(y, guess, **macro),
        "auc": np.mean([metrics.roc_auc_score(y == c, p[:, c]) for c in range(p.shape[1])]),
    }


def mistaken(p, y, name):
    """Usual wrong values of one measure, as functions, since scikit-learn takes its time."""
    from sklearn import metrics

    guess, classes = p.argmax(-1), np.arange(p.shape[1])
    score = {
        "precision": metrics.precision_score,
        "recall": metrics.recall_score,
        "f1": metrics.f1_score,
    }.get(name)
    if score is not None:
        averages = {"micro": "the micro average", "weighted": "the average weighted by class size"}
        return {
            words: lambda average=average: score(
                y, guess, average=average, labels=classes, zero_division=0
            )
            for average, words in averages.items()
        }
    if name == "auc":
        hard = "the AUC of hard predictions"
        return {hard: lambda: np.mean([metrics.roc_auc_score(y == c, guess == c) for c in classes])}
    return {}


# The rows of a batch that fill no vector of the processor may be rounded differently from the others, which breaks
# ties. So the rows fill vectors of 8, 16 and 32 numbers.
ROWS = 96


def told_apart(p, case):
    """Images whose probabilities lie further apart than float32 rounds, but for ties; changes p where it must."""
    for _ in range(DRAWS):
        x = images(ROWS, 4, 3)
        if case == "a class that is predicted once":
            z = forward(p, x)["logits"]
            lead = np.sort(z[:, 2] - np.delete(z, 2, axis=1).max(-1))
            p["logits"][1][2] -= (lead[-1] + lead[-2]) / 2
        z = forward(p, x)["logits"]
        best, columns = np.sort(z, axis=1), np.sort(softmax(z), axis=0)
        lead = (best[:, -1] - best[:, -2]).min()
        gap = (np.diff(columns, axis=0) / columns[1:]).min()
        if case == "ties" or (lead > 1e-5 and gap > 1e-5):
            return x
    raise NotGraded(f"none of {DRAWS} draws of images keeps its probabilities apart")


@pytest.mark.grade(points=3, hint=MACRO)
@pytest.mark.parametrize(
    "case",
    ["unbalanced", "a class that is never predicted", "a class that is predicted once", "ties"],
)
def test_evaluation_equals_scikit_learn(impl, case):
    """accuracy, macro precision, recall and F1, and macro one-versus-rest AUC are those of scikit-learn"""
    model, p = filled(impl)
    # One unit that is never off, so that no two images are alike to the model,
    p["relu"][0][:, 0] = np.abs(p["relu"][0][:, 0])
    p["logits"][0][:] *= 0.2  # and no probability that rounds to 1 in float32.
    if case == "a class that is never predicted":
        p["logits"][1][2] -= 15.0
    if case == "ties":  # all images alike to the model
        p["logits"][0][:] = 0.0
    x = told_apart(p, case)
    order = [layer["name"].split(".")[-1] for layer in impl.layers(model)]
    impl.assign(model, [dict(zip(("kernel", "bias"), p[n], strict=True)) for n in order])
    probabilities = softmax(forward(p, x)["logits"])
    # Unbalanced labels, about half of them right, every class among them.
    y = np.where(generator().random(ROWS) < 0.4, probabilities.argmax(-1), integers(2, ROWS))
    y[:25] = np.arange(25) % 5
    if case == "a class that is predicted once":
        y[probabilities.argmax(-1) == 2] = 2
    found = impl.evaluate_full(model, x, y)
    expected = measures(probabilities, y)
    equal(sorted(found), sorted(expected), of="the keys of evaluate_full(...)")
    for name, value in expected.items():
        of = f"evaluate_full(model, images, labels)[{name!r}]"
        holds(isinstance(found[name], float), f"{of} should be a Python float")
        wrong = mistaken(probabilities, y, name)
        number(found[name], value, of=of, rtol=1e-5, atol=1e-6, mistakes=wrong)


# -- outcomes --------------------------------------------------------------------------------------

DIGITS = Threshold(
    "test accuracy on digits",
    at_least=0.95,
    torch=[0.9778, 0.9756, 0.9822, 0.9778, 0.9689, 0.9689, 0.9756, 0.98, 0.9756, 0.9689],
    tensorflow=[0.9711, 0.9667, 0.9667, 0.9733, 0.98, 0.9689, 0.9733, 0.9689, 0.98, 0.9689],
)
FASHION = Threshold(
    "test accuracy on Fashion-MNIST",
    at_least=0.86,
    torch=[0.8721, 0.8773, 0.8774, 0.8792, 0.8674, 0.8817, 0.8821, 0.8791, 0.8809, 0.8811],
    tensorflow=[0.8802, 0.8857, 0.875, 0.8779, 0.8815, 0.871, 0.8772, 0.8793, 0.8795, 0.8756],
)


def digit_bytes(x):
    """Rows of grey from 0 to 1 as images of bytes."""
    return np.rint(x.reshape(-1, 8, 8) * 255).astype(np.uint8)


def accuracy(impl, seed, split, as_bytes, epochs, batch):
    impl.seed(seed)
    x = as_bytes(split.train_x)
    model = impl.build(x.shape[1:], 10)
    impl.train(model, x, split.train_y, epochs, batch)
    test_x = as_bytes(split.test_x)
    answers = impl.predict_proba(model, test_x).argmax(-1)
    # What the layers give counts, so that answers from elsewhere earn nothing. Rounding may decide a close one.
    p = {name: (one["kernel"], one["bias"]) for name, one in by_name(impl, model).items()}
    own = forward(p, test_x)["logits"].argmax(-1)
    between(float((answers != own).mean()), 0, 0.01, of=STRANGE)
    return float((own == split.test_y).mean())


@DIGITS.measured_by
def digits_accuracy(impl, seed):
    return accuracy(impl, seed, data.digits(), digit_bytes, 15, 64)


@FASHION.measured_by
def fashion_accuracy(impl, seed):
    return accuracy(impl, seed, data.fashion_mnist(), np.asarray, 8, 256)


@pytest.mark.grade(points=3, seconds=300)
def test_model_learns_images(impl):
    """the median of three runs reaches 0.86 on Fashion-MNIST's test images, or 0.95 on those of digits"""
    (FASHION if full_size("fashion_mnist") else DIGITS).expect(impl)


AUC = Threshold(
    "the AUC after an epoch",
    at_least=0.6,
    torch=[0.9858, 0.9829, 0.987, 0.9834, 0.9893, 0.9882, 0.9798, 0.9847, 0.9808, 0.9861],
    tensorflow=[0.979, 0.9862, 0.9829, 0.9829, 0.9889, 0.9866, 0.9828, 0.9854, 0.9812, 0.9814],
)


@AUC.measured_by
def auc_after_an_epoch(impl, seed):
    if full_size("fashion_mnist"):
        split, as_bytes = data.fashion_mnist(), np.asarray
    else:
        split, as_bytes = data.digits(), digit_bytes
    x, y = as_bytes(split.train_x[:2000]), split.train_y[:2000]
    impl.seed(seed)
    model = impl.build(x.shape[1:], 10)
    impl.train(model, x, y, 1)
    found = impl.evaluate_full(model, x[:1000], y[:1000])
    expected = measures(impl.predict_proba(model, x[:1000]), y[:1000])
    for name, value in expected.items():
        number(found[name], value, of=f"evaluate_full(...)[{name!r}] on {split.name}", rtol=1e-5)
    return expected["auc"]


@pytest.mark.grade(points=2, seconds=60)
def test_evaluation_of_a_trained_model(impl):
    """after an epoch of training, the five measures on labelled images are those of scikit-learn"""
    AUC.expect(impl)
