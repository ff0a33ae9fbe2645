"""Hidden checks of exercises/regression_model.py. `impl` takes and returns NumPy arrays."""

from itertools import pairwise

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring import oracle
from katagrad.authoring.adam import expect_epsilon
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.expect import (
    close,
    equal,
    holds,
    normal,
    number,
    random_seed,
    same_inputs,
    shape,
    uniform,
)
from katagrad.authoring.influence import each_matters
from katagrad.authoring.initial import default_dense
from katagrad.authoring.minibatches import expect_epochs, visited
from katagrad.authoring.states import expect_frozen, old_gradients
from katagrad.authoring.structure import every_epoch, recorded
from katagrad.authoring.threshold import Threshold

SHAPES = "Make predictions (N,) like the targets, or targets (N, 1) like the outputs, before you subtract."
UNITS = (
    "Scale by the training x and y; scale new_x the same way; prediction * std of y + mean of y."
)


# -- the oracle ------------------------------------------------------------------------------------


def forward(layers, x, activation=np.tanh):
    """The input of every layer, and the output (N, 1)."""
    inputs = [x]
    for layer in layers[:-1]:
        inputs.append(activation(inputs[-1] @ layer["kernel"] + layer["bias"]))
    return inputs, inputs[-1] @ layers[-1]["kernel"] + layers[-1]["bias"]


def gradients(layers, x, y):
    """d mean squared error / d (kernel, bias), layer by layer."""
    inputs, z = forward(layers, x)
    signal = 2 * (z - y[:, None]) / len(y)
    found = []
    for layer, a in zip(layers[::-1], inputs[::-1], strict=True):
        found.insert(0, {"kernel": a.T @ signal, "bias": signal.sum(0)})
        signal = (signal @ layer["kernel"].T) * (1 - a**2)
    return found


def trained(layers, x, y, epochs, lr, batch_size, slope=gradients, epsilon=1e-7):
    """The layers after Adam with batches in the order of the rows, and the mean squared error of each epoch."""
    layers = [dict(layer) for layer in layers]
    history, adam = [], oracle.Adam(lr, epsilon)
    for _ in range(epochs):
        total = 0.0
        for i in range(0, len(x), batch_size):
            bx, by = x[i : i + batch_size], y[i : i + batch_size]
            total += ((forward(layers, bx)[1][:, 0] - by) ** 2).sum()
            for k, step in enumerate(slope(layers, bx, by)):
                for key, g in step.items():
                    layers[k][key] = adam.moved((k, key), layers[k][key], g)
        history.append(total / len(x))
    return layers, history


def broadcast(layers, x, y):
    """The usual mistake: (N, 1) minus (N,) is (N, N), so that each prediction is drawn to the mean of y."""
    return gradients(layers, x, np.full_like(y, y.mean()))


def random_layers(*sizes):
    return [
        {"kernel": normal(a, b, scale=a**-0.5), "bias": normal(b, scale=0.3)}
        for a, b in pairwise(sizes)
    ]


def build(impl, layers):
    """The submission's model with the weights of `layers`."""
    widths = [len(layer["bias"]) for layer in layers]
    model = impl.build(layers[0]["kernel"].shape[0], tuple(widths[:-1]))
    impl.assign(model, layers)
    return model


def weights(layers):
    return np.concatenate([layer[key].ravel() for layer in layers for key in ("kernel", "bias")])


def settled(found, *plan):
    """(found, expected) weights, where Adam's epsilon decides a step taken as found: see `authoring.oracle`."""
    return oracle.settled(found, lambda size: weights(trained(*plan, epsilon=size)[0]))


# -- the checks ------------------------------------------------------------------------------------


def scaler(x):
    return x.mean(0), np.where(np.ptp(x, axis=0) == 0, 1.0, x.std(0))


def scores(prediction, y):
    error = ((y - prediction) ** 2).mean()
    return {"mse": float(error), "r2": float(1 - error / y.var())}


@pytest.mark.grade(points=1)
def test_scaler_and_score_keep_the_contracts_words(impl):
    """fit_scaler and score keep what docs/contract.md says of every function"""
    conform(impl, "fit_scaler", [normal(9, 3, shift=2.0)], expected=scaler, tolerance=1e-3)
    given = [normal(9), normal(9, scale=2.0, shift=1.0)]
    conform(impl, "score", given, expected=scores, tolerance=1e-3)


@pytest.mark.grade(points=1, seconds=120)
def test_predict_and_fit_keep_the_contracts_words(impl):
    """predict and fit keep what docs/contract.md says of every function"""
    model = anew("build", 4, (5,))
    conform(impl, "predict", [model, normal(6, 4)], rows=[1], rowwise=True)
    options = {"changes": [0], "seeded": True, "gives": "anything", "tolerance": 1e-2}
    rules = ["result", "untouched", "settings", "views", "keywords"]
    x, y = normal(8, 4), normal(8)
    conform(impl, "fit", [model, x, y, 2, 0.01, 8], only=rules, **options)
    model = impl.build(4, (5,))
    run = lambda: impl.fit(model, x, y, 1, 0.01, 8)  # noqa: E731
    expect_frozen(impl, model, run, "fit(model, x, y, 1, 0.01, 8)")


@pytest.mark.grade(points=1, seconds=60)
def test_regress_keeps_the_contracts_words(impl):
    """regress keeps what docs/contract.md says of every function"""
    given = [normal(8, 3), normal(8), normal(5, 3), (4,), 2, 0.01, 8]
    rules = ["result", "untouched", "settings", "views", "keywords"]
    conform(impl, "regress", given, only=rules, seeded=True, tolerance=1e-2)


@pytest.mark.grade(
    points=2,
    hint="Down the rows: one mean and one deviation a column. Replace a deviation of 0 by 1.",
)
@pytest.mark.parametrize("size", [(1, 3), (20, 1), (15, 4)], ids=str)
def test_fit_scaler_looks_at_each_column(impl, size):
    """fit_scaler gives mean and deviation of every column, and 1 for a constant one"""
    x = normal(*size, scale=3.0) + 5.0 * np.arange(size[1])
    if size[1] == 4:
        x[:, 2] = 7.0
    mean, std = same_inputs(impl, "fit_scaler", x)
    close(mean, x.mean(0), of=f"the mean of fit_scaler(x), x of shape {size}")
    expected = np.where(x.std(0) > 0, x.std(0), 1.0)
    sample = x.std(0, ddof=1) if len(x) > 1 else expected
    close(
        std,
        expected,
        of=f"the deviation of fit_scaler(x), x of shape {size}",
        mistakes={
            "the deviation that divides by N - 1": np.where(sample > 0, sample, 1.0),
            "0 for a constant column": x.std(0),
            "the variance": x.var(0),
            "one deviation for all columns": np.full(size[1], x.std()),
        },
    )
    for rows in (3, 6, 7, 10, 13):
        _, std = impl.fit_scaler(np.full((rows, 2), 0.1))
        close(std, np.ones(2), of=f"the deviation of {rows} rows of 0.1")
    for scale in (1e-5, 1e-10):
        tiny = normal(*size, scale=scale)
        expected = scaler(tiny)[1]
        of = f"the deviation of fit_scaler(x), x near {scale:g},"
        close(impl.fit_scaler(tiny)[1], expected, of=of, atol=1e-3 * scale)
    far = np.float32(1000.0 + normal(*size, scale=0.05)).astype(np.float64)
    of = "the deviation of fit_scaler(x), x near 1000"
    close(impl.fit_scaler(far)[1], scaler(far)[1], of=of, rtol=1e-2)


@pytest.mark.grade(
    points=3,
    hint="tanh after each hidden layer; the last layer is linear, since targets have no bounds.",
)
@pytest.mark.parametrize("hidden", [(), (5,), (7, 4)], ids=str)
def test_build_ends_in_a_linear_output(impl, hidden):
    """with given weights, the model computes tanh layers and one linear output, (B, 1)"""
    sizes = [6, *hidden, 1]
    model = impl.build(6, hidden)
    kernels = [list(layer["kernel"].shape) for layer in impl.layers(model)]
    equal(
        kernels, [list(pair) for pair in pairwise(sizes)], of=f"the kernels of build(6, {hidden})"
    )
    # Two layers of one shape show whether each draws its own weights.
    wide = (70, 70, 70) if len(hidden) == 2 else tuple(10 * width for width in hidden)
    start, again = (impl.layers(impl.build(1000, wide)) for _ in range(2))
    default_dense(impl.framework, start, f"build(1000, {wide})", again)
    layers = random_layers(*sizes)
    impl.assign(model, layers)
    x = normal(8, 6, scale=2.0)
    z = forward(layers, x)[1]
    close(
        model(x),
        z,
        of="model(x)",
        mistakes={
            "an output through ReLU": np.maximum(z, 0),
            "an output through the sigmoid": 1 / (1 + np.exp(-z)),
            "an output through tanh": np.tanh(z),
            "the network with ReLU": forward(layers, x, lambda a: np.maximum(a, 0))[1],
            "the network without tanh": forward(layers, x, lambda a: a)[1],
        },
    )
    close(impl.predict(model, x), z[:, 0], of="predict(model, x)")
    close(impl.predict(model, x[:1]), z[:1, 0], of="predict(model, one row)")


@pytest.mark.grade(points=3, hint=SHAPES)
def test_fit_makes_the_steps_of_adam(impl):
    """with one batch of all rows, three epochs end where Adam's steps on the mean squared error end"""
    layers = random_layers(4, 6, 5, 1)
    x, y = normal(9, 4), normal(9, scale=2.0, shift=1.0)
    x[:, 2] = 0.0
    model = build(impl, layers)
    old_gradients(impl, model, x)
    history, after = impl.after("fit", model, x, y, 3, 0.05, 16)
    _, losses = trained(layers, x, y, 3, 0.05, 16)
    close(
        *settled(weights(impl.layers(model)), layers, x, y, 3, 0.05, 16),
        of="the weights after fit",
        rtol=1e-2,
        atol=5e-3,
        mistakes={
            "the weights before it": weights(layers),
            "those of a loss over all pairs (N, N) of predictions and targets": weights(
                trained(layers, x, y, 3, 0.05, 16, broadcast)[0]
            ),
            "those of one epoch": weights(trained(layers, x, y, 1, 0.05, 16)[0]),
        },
    )
    found = impl.layers(model)[0]["kernel"][2]
    of = "the weights of a column of zeros, whose gradient is 0, after fit"
    close(found, layers[0]["kernel"][2], of=of)
    pairs = ((forward(layers, x)[1] - y) ** 2).mean()
    mistakes = {"the mean over all pairs (N, N) of predictions and targets": pairs}
    recorded(history, losses, of="fit", rtol=1e-2, atol=1e-3, mistakes=mistakes)
    close(after[1], x, of="x after fit")
    close(after[2], y, of="y after fit")
    # Without hidden layers no rounding grows, so that each setting of Adam shows: a beta2 of 0.99 moves 0.01.
    # Where frameworks add epsilon moves less than 0.001.
    line = random_layers(4, 1)
    model = build(impl, line)
    impl.fit(model, x, y, 20, 0.5, 9)
    found = weights(impl.layers(model))
    of = "the weights of a model without hidden layers after 20 steps with lr=0.5"
    close(*settled(found, line, x, y, 20, 0.5, 9), of=of, rtol=1e-4, atol=3e-3)


@pytest.mark.grade(
    points=1, seconds=60, hint="Frameworks have other defaults for epsilon than 1e-7."
)
def test_fit_uses_the_epsilon_asked_for(impl):
    """where gradients are as small as epsilon, the first step is that of epsilon 1e-7"""
    model = impl.build(4, ())
    impl.assign(model, [{"kernel": np.zeros((4, 1)), "bias": np.zeros(1)}])
    x, tiny = np.array([[1.0, -2.0, 3.0, 0.5]]), 3e-7
    impl.fit(model, x, np.array([tiny]), 1, 1.0, 1)
    found = impl.layers(model)[0]["kernel"]
    of = "fit(model, x, [3e-7], 1, 1.0, 1) from weights of 0"
    expect_epsilon(found, np.zeros((4, 1)), -2 * tiny * x.T, 1.0, of)


@pytest.mark.grade(
    points=2,
    hint="Each epoch trains. A smaller batch counts for less in the mean; it is not left out.",
)
def test_fit_takes_every_batch(impl):
    """every batch makes a step, the loss of an epoch is the mean over all rows, and each training starts Adam anew"""
    # Equal rows: whatever the order of the batches, each step is known.
    layers = random_layers(4, 6, 1)
    x, y = np.repeat(normal(1, 4), 9, axis=0), np.full(9, 3.0)
    model = build(impl, layers)
    impl.fit(model, x, -y, 2, 0.02, 4)
    impl.assign(model, layers)
    history = impl.fit(model, x, y, 2, 0.02, 4)
    _, losses = trained(layers, x, y, 2, 0.02, 4)
    recorded(history, losses, of="fit", rtol=1e-2, atol=1e-3)
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
    nothing = [{key: 0 * value for key, value in layer.items()} for layer in layers]
    model = build(impl, nothing)
    of = "fit(model, x, y, 4, 0.02, 4) from weights of 0, where every target is 0"
    every_epoch(impl.fit(model, x, 0 * y, 4, 0.02, 4), 4, of)


@pytest.mark.grade(points=1, hint="Draw a new order of the rows, and take x and y in that order.")
def test_fit_shuffles_the_rows(impl):
    """every epoch takes each row once, in batches of the size asked for, in a new random order"""
    x, y = normal(21, 4), normal(21)
    model = build(impl, random_layers(4, 6, 1))
    batches = visited(impl, model, x, lambda: impl.fit(model, x, y, 3, 0.01, 5))
    expect_epochs(batches, rows=21, batch=5, epochs=3, of="fit(model, x, y, 3, 0.01, 5)")


@pytest.mark.grade(
    points=2, hint="Compare the squared errors with those of predicting the mean of y."
)
@pytest.mark.parametrize("n", [2, 30])
def test_score_gives_error_and_explained_share(impl, n):
    """score gives the mean squared error and R squared"""
    y, guess = normal(n, scale=2.0, shift=4.0), normal(n, scale=2.0, shift=4.5)
    found = impl.score(guess, y)
    equal(sorted(found), ["mse", "r2"], of="the keys of score(prediction, y)")
    holds(all(isinstance(v, float) for v in found.values()), "score should give Python floats")
    error, spread = ((y - guess) ** 2).mean(), y.var()
    number(
        found["mse"],
        error,
        of='score(prediction, y)["mse"]',
        mistakes={
            "the root of the mean squared error": error**0.5,
            "the mean absolute error": np.abs(y - guess).mean(),
            "the sum of the squared errors": n * error,
        },
    )
    number(
        found["r2"],
        1 - error / spread,
        of='score(prediction, y)["r2"]',
        mistakes={
            "R squared with prediction and target exchanged": 1 - error / guess.var(),
            "the squared correlation": np.corrcoef(y, guess)[0, 1] ** 2,
            "the share that is not explained": error / spread,
        },
    )
    far = ((y - guess - 1000.0) ** 2).mean()
    found = impl.score(guess + 1000.0, y)
    of = 'score(prediction, y)["{}"], every prediction off by 1000,'
    number(found["mse"], far, of=of.format("mse"), rtol=1e-3)
    number(found["r2"], 1 - far / spread, of=of.format("r2"), rtol=1e-3)
    if n > 2:  # of two numbers near 1000, the difference may be lost in rounding
        high = np.float32(1000.0 + 0.05 * y).astype(np.float64)
        near = np.float32(high + 0.05 * (guess - y)).astype(np.float64)
        found = impl.score(near, high)
        share = 1 - ((high - near) ** 2).mean() / high.var()
        of = 'score(prediction, y)["r2"], y near 1000 with a deviation of 0.1'
        number(found["r2"], share, of=of, rtol=1e-2, atol=1e-2)
    wide = impl.float64.score(guess, y)
    of = 'score(prediction, y)["{}"] of float64 tensors'
    number(wide["mse"], error, of=of.format("mse"), rtol=1e-10)
    number(wide["r2"], 1 - error / spread, of=of.format("r2"), rtol=1e-10, atol=1e-10)


@pytest.mark.grade(points=3, seconds=60, hint=UNITS)
def test_regress_works_in_any_units(impl):
    """predictions do not depend on the units of x, follow those of y, and look at no statistic of new_x"""
    x, y, new_x = normal(24, 3), normal(24), normal(6, 3)
    seed = random_seed()
    plan = {"hidden": (8,), "epochs": 3, "lr": 0.02, "batch_size": 8}
    impl.seed(seed)
    expected = impl.regress(x, y, new_x, **plan)
    shape(expected, (6,), of="regress(x, y, new_x, ...)")
    holds(
        expected.std() > 1e-3, "regress predicts one value for all rows, but should depend on new_x"
    )
    units = np.array([50.0, 0.02, 3.0]), np.array([100.0, 0.0, -5.0])
    tiny = 1e-7 * np.array([2.0, 0.5, 1.0]), np.zeros(3)
    for factor, shift, (unit, zero) in (
        (40.0, 150.0, units),
        (1e-3, 0.0, units),
        (1e-7, 0.0, tiny),
    ):
        impl.seed(seed)
        found = impl.regress(unit * x + zero, factor * y + shift, (unit * new_x + zero)[:4], **plan)
        close(
            found,
            factor * expected[:4] + shift,
            of=f"regress(...) of {unit} * x + {zero} for x, and {factor:g} y + {shift:g} for y",
            rtol=5e-3,
            atol=5e-3 * factor,
            mistakes={
                "the prediction in units of one standard deviation": expected[:4],
                "the prediction without the mean": factor * expected[:4],
            },
        )
    # A step of 1e-9 changes nothing, so both models are the same function of what is scaled.
    plan |= {"epochs": 1, "lr": 1e-9}
    skew, other = np.float32(np.exp(x)).astype(float), np.float32(np.exp(1.5 * y)).astype(float)
    impl.seed(seed)
    expected = (impl.regress(x, y, new_x, **plan) - y.mean()) / y.std()
    (mean, std), (away, apart) = scaler(x), scaler(skew)
    impl.seed(seed)
    found = impl.regress(skew, other, away + apart * (new_x - mean) / std, **plan)
    of = (
        "what regress(exp(x), exp(1.5 y), new_x, ..., lr=1e-9) predicts, in deviations of y from its mean, "
        "for rows that are scaled like those of regress(x, y, new_x, ..., lr=1e-9),"
    )
    close((found - other.mean()) / other.std(), expected, of=of, rtol=5e-3, atol=5e-3)
    # Of 24 rows and of 4, deviations that divide by N - 1 are too large by 1.02 and by 1.15.
    (near, width), few = scaler(x[:4]), y[:4]
    impl.seed(seed)
    found = impl.regress(x[:4], few, near + width * (new_x - mean) / std, **plan)
    found = (found - few.mean()) / few.std()
    wrong = expected * np.sqrt(23 / 24 * 4 / 3)
    # The other draws of another number of rows may come before those of the weights.
    holds(
        np.abs(found - wrong).max() > 0.1 * np.abs(found - expected).max(),
        "regress brings y to a standard deviation that divides by N - 1, but should divide by N: from the same random "
        f"numbers, it predicts {found[0]:.4f} deviations from the mean of y for a row after 4 rows, and "
        f"{expected[0]:.4f} for the same row after 24 rows",
    )


@pytest.mark.grade(points=2, seconds=120, hint=UNITS)
def test_regress_fits_a_line(impl):
    """without hidden layers, regress finds the line through points of a line, also far from them"""
    x = uniform(40, 1, low=100.0, high=300.0)
    y = 3.0 * x[:, 0] - 50.0
    new_x = np.array([[90.0], [200.0], [350.0]])
    found = impl.regress(x, y, new_x, hidden=(), epochs=40, lr=0.05, batch_size=8)
    close(found, 3.0 * new_x[:, 0] - 50.0, of="regress on y = 3 x - 50", rtol=0.02, atol=5.0)


@pytest.mark.grade(
    points=2,
    hint="Pass hidden, epochs, lr and batch_size on, and train on all rows.",
    seconds=60,
)
def test_regress_uses_all_that_it_is_given(impl):
    """hidden, epochs, lr and batch_size all matter to regress, and so does every row"""
    x, y, new_x = normal(20, 2), normal(20), normal(4, 2)
    seed = random_seed()

    def run(**plan):
        impl.seed(seed)
        return impl.regress(x, y, new_x, **plan)

    of = "regress(x, y, new_x, ...)"
    usual = {"hidden": (), "epochs": 2, "lr": 0.02, "batch_size": 20}
    each_matters(run, usual, {"epochs": 3, "lr": 0.05, "batch_size": 7}, of)
    each_matters(run, usual | {"hidden": (5, 3)}, {"hidden": (5,)}, of)
    # Half of the rows of each group have x = -1, so the best line is level, at the mean of y.
    x, y = np.tile([[-1.0], [1.0]], (10, 1)), np.repeat([0.0, 10.0], [16, 4])
    found = impl.regress(x, y, x[:2], (), 100, 0.05, 20)
    of = "regress on 16 rows with y = 0 and 4 with y = 10, evenly at x = -1 and x = 1"
    close(found, np.full(2, 2.0), of=of, atol=0.5)


# A straight line through sin(x) leaves 0.2.
SINE = Threshold(
    "mean squared error on sin(x)",
    at_most=0.02,
    torch=[5.901e-05, 2.301e-05, 1.472e-05, 3.346e-05, 6.582e-05, 0.000138, 2.899e-05, 0.0001208, 1.885e-05, 0.0003414],
    tensorflow=[0.006671, 0.0006669, 0.008598, 0.004754, 0.002836, 0.0006115, 0.0009984, 0.004472, 0.0005274, 0.00176],
)  # fmt: skip
DIABETES = Threshold(
    "R squared on diabetes",
    at_least=0.24,
    torch=[0.3361, 0.3522, 0.3416, 0.3345, 0.3627, 0.3553, 0.3484, 0.3473, 0.3578, 0.3353],
    tensorflow=[0.3612, 0.2834, 0.3452, 0.3667, 0.3604, 0.3419, 0.3258, 0.3066, 0.2936, 0.3543],
)


@SINE.measured_by
def sine(impl, seed):
    impl.seed(seed)
    x, y = data.sine(400, np.random.default_rng(seed), noise=0.0)
    new_x = np.linspace(-3.0, 3.0, 200)[:, None]
    found = impl.regress(x, y, new_x, hidden=(32, 32), epochs=40, lr=0.01, batch_size=20)
    shape(found, (200,), of="regress(x, sin(x), ...)")
    return float(((found - np.sin(new_x[:, 0])) ** 2).mean())


@DIABETES.measured_by
def diabetes(impl, seed):
    impl.seed(seed)
    split = data.diabetes()
    plan = {"hidden": (16,), "epochs": 20, "lr": 0.003, "batch_size": 32}
    found = impl.regress(split.train_x, split.train_y, split.test_x, **plan)
    shape(found, split.test_y.shape, of="regress on diabetes")
    return float(1 - ((found - split.test_y) ** 2).mean() / split.test_y.var())


@pytest.mark.grade(points=2, seconds=300)
def test_regress_learns_the_sine(impl):
    """the median mean squared error of three trainings on 400 points of sin(x) is at most 0.02"""
    SINE.expect(impl)


@pytest.mark.grade(points=2, seconds=300)
def test_regress_learns_diabetes(impl):
    """the median R squared of three trainings on diabetes is at least 0.24"""
    DIABETES.expect(impl)
