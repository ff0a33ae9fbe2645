"""Hidden checks of exercises/logistic_regression.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit

from katagrad import data
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    close,
    dtype,
    equal,
    finite,
    holds,
    integers,
    normal,
    number,
    same_inputs,
    shape,
)
from katagrad.authoring.structure import items, losses, pair, recorded
from katagrad.authoring.threshold import Threshold

STABLE = (
    "Compute the loss from z: softplus(z) - z y, with the framework's softplus, never overflows."
)
STEP = (
    "Each step subtracts lr times both gradients at the present w and b. Take them by hand: the tape sees "
    "kinks at z = 0 in max(z, 0) and |z|, where fit starts."
)
ZERO = np.array(0.0)
ERROR = "The derivative of a row's loss by its score is p - y; average it over the rows."


def loss_and_grads(x, y, w, b, l2=0.0):
    z = x @ w + b
    loss = (np.logaddexp(0, z) - y * z).mean() + l2 * (w**2).sum()
    error = expit(z) - y
    return loss, x.T @ error / len(x) + 2 * l2 * w, error.mean()


def squared_error(x, y, w, b, l2=0.0):
    p = expit(x @ w + b)
    error = 2 * (p - y) * p * (1 - p)
    loss = ((p - y) ** 2).mean() + l2 * (w**2).sum()
    return loss, x.T @ error / len(x) + 2 * l2 * w, error.mean()


def fit(x, y, lr, epochs, l2=0.0, gradients=loss_and_grads):
    w, b, history = np.zeros(x.shape[1]), 0.0, []
    for _ in range(epochs):
        loss, dw, db = gradients(x, y, w, b, l2)
        w, b = w - lr * dw, b - lr * db
        history.append(loss)
    return w, b, history


def labels(count):
    """0s and 1s, both present, more 1s than 0s."""
    return np.where(np.arange(count) % 3 == 0, 0, 1)[np.argsort(normal(count))]


def three(result, of):
    """The three items of a result."""
    return items(result, of, ("loss", "dw", "db") if "grads" in of else ("w", "b", "history"))


@pytest.mark.grade(points=1, hint="p = 1 / (1 + exp(-(x w + b))).")
@pytest.mark.parametrize("size", [(6, 3), (1, 4), (5, 1)])
def test_predict_proba_is_the_sigmoid(impl, size):
    """predict_proba is the sigmoid of x w + b, of shape (n,)"""
    x, w, b = normal(*size), normal(size[1]), normal(shift=1.0)
    z = x @ w + b
    result = same_inputs(impl, "predict_proba", x, w, b)
    mistakes = {
        "the score itself": z,
        "the probability of class 0": expit(-z),
        "the sigmoid of x w, without b": expit(x @ w),
        "tanh": np.tanh(z),
    }
    close(result, expit(z), of=f"predict_proba of x {size}", mistakes=mistakes)
    dtype(result, "float32", of="predict_proba of float32 tensors")
    exact = impl.float64.predict_proba(x, w, b)
    close(exact, expit(z), of="predict_proba in float64", rtol=1e-9)
    dtype(exact, "float64", of="predict_proba of float64 tensors")


@pytest.mark.grade(points=1, hint="exp(z) / (1 + exp(z)) is inf / inf; 1 / (1 + exp(-z)) is not.")
def test_predict_proba_bears_large_scores(impl):
    """scores of 10,000 and -10,000 have the probabilities 1 and 0"""
    x = np.array([[1e4, 0.0], [-1e4, 0.0], [0.0, 100.0], [0.0, -100.0], [0.0, 0.0]])
    result = impl.predict_proba(x, np.array([1.0, 1.0]), ZERO)
    finite(result, of="predict_proba of scores of 10,000")
    close(result, np.array([1.0, 0.0, 1.0, 0.0, 0.5]), of="predict_proba of scores of 10,000")


@pytest.mark.grade(points=1, hint="Stay with the framework's own operations on tensors.")
def test_predict_proba_passes_gradients(impl):
    """gradients flow through predict_proba: c p (1 - p) for each row's score"""
    x, w, b, c = normal(5, 3), normal(3), normal(), normal(5)
    p = expit(x @ w + b)
    dw, db = impl.grad("predict_proba", x, w, b, wrt=[1, 2], cotangent=c)
    close(dw, x.T @ (c * p * (1 - p)), of="d predict_proba / d w")
    close(db, (c * p * (1 - p)).sum(), of="d predict_proba / d b")


@pytest.mark.grade(points=3, hint=ERROR)
@pytest.mark.parametrize("l2", [0.0, 0.3])
@pytest.mark.parametrize("size", [(7, 3), (1, 2), (4, 1)])
def test_loss_and_grads_follow_the_definition(impl, size, l2):
    """loss and gradients are those of the mean cross-entropy plus the penalty on w"""
    n, d = size
    x, y, w, b = normal(*size, shift=0.5), labels(n), normal(d), normal()
    of = f"loss_and_grads(x {size}, y, w, b, {l2=})"
    right = loss_and_grads(x, y, w, b, l2)
    plain = loss_and_grads(x, y, w, b)
    likely = {
        "that of the mean squared error": squared_error(x, y, w, b, l2),
        "that of labels -1 and 1 in the formula for 0 and 1": loss_and_grads(
            x, 2 * y - 1, w, b, l2
        ),
        "that without the penalty": plain,
        "that of a penalty of l2 / 2": loss_and_grads(x, y, w, b, l2 / 2),
        "that of the sum over the rows": tuple(
            n * p + r - p for p, r in zip(plain, right, strict=True)
        ),
        "that of the classes exchanged": loss_and_grads(x, 1 - y, w, b, l2),
        "that of a penalty on b, too": (right[0] + l2 * b**2, right[1], right[2] + 2 * l2 * b),
    }
    found = three(same_inputs(impl, "loss_and_grads", x, y, w, b, l2), of)
    exact = three(impl.float64.loss_and_grads(x, y, w, b, l2), of)
    for i, name in enumerate(("loss", "dw", "db")):
        mistakes = {mistake: wrong[i] for mistake, wrong in likely.items()}
        shape(found[i], np.shape(right[i]), of=f"{name} of {of}")
        close(found[i], right[i], of=f"{name} of {of}", mistakes=mistakes)
        close(exact[i], right[i], of=f"{name} of {of} in float64", rtol=1e-6, atol=1e-7)


@pytest.mark.grade(points=1, hint="Every step of the computation keeps the dtype of x.")
def test_loss_and_grads_have_the_digits_of_float64(impl):
    """loss and gradients of float64 tensors are right to ten digits"""
    x, y, w, b = normal(9, 3), labels(9), normal(3), normal()
    found = three(impl.float64.loss_and_grads(x, y, w, b, 0.25), "loss_and_grads")
    for name, got, right in zip(
        ("loss", "dw", "db"), found, loss_and_grads(x, y, w, b, 0.25), strict=True
    ):
        close(got, right, of=f"{name} in float64", dtype="float64", rtol=1e-10, atol=1e-12)


@pytest.mark.grade(points=1, hint="At w = 0, b = 0 every probability is 1/2.")
def test_loss_starts_at_ln_two(impl):
    """the loss of a model that knows nothing is ln 2, whatever the labels and the penalty"""
    x, y = normal(9, 4), integers(2, 9)
    loss, _, db = three(impl.loss_and_grads(x, y, np.zeros(4), ZERO, 3.0), "loss_and_grads")
    close(loss, np.log(2), of="the loss at w = 0, b = 0")
    close(db, 0.5 - y.mean(), of="db at w = 0, b = 0")


@pytest.mark.grade(points=2, hint=STABLE)
@pytest.mark.parametrize("score", [16.0, 200.0, 1e4, 1e30])
def test_loss_stays_finite(impl, score):
    """the loss of a hopeless guess is the size of its score, and that of a sure one is 0"""
    x = np.array([[score], [-score], [score], [-score]])
    w = np.array([1.0])
    loss, dw, db = three(impl.loss_and_grads(x, np.array([0, 1, 0, 0]), w, ZERO), "loss_and_grads")
    of = f"with scores of {score:g}, wrong in three rows of four"
    finite(loss, of=f"the loss {of}")
    close(loss, 0.75 * score, of=f"the loss {of}")
    close(dw, np.array([0.75 * score]), of=f"dw {of}")
    close(db, 0.25, of=f"db {of}")
    loss, dw, _ = three(impl.loss_and_grads(x[:2], np.array([1, 0]), w, ZERO), "loss_and_grads")
    close(loss, 0.0, of=f"the loss with scores of {score:g}, all right")
    close(dw, np.zeros(1), of=f"dw with scores of {score:g}, all right")
    sure = impl.loss_and_grads(x[:2], np.array([1, 0]), w, ZERO, 0.5)
    loss, dw, _ = three(sure, "loss_and_grads")
    of = f"with scores of {score:g}, all right, and l2=0.5"
    close(loss, 0.5, of=f"the loss {of}")
    close(dw, np.ones(1), of=f"dw {of}")


@pytest.mark.grade(
    points=3, hint="Each step subtracts lr times both gradients at the present w, b."
)
@pytest.mark.parametrize(("lr", "epochs", "l2"), [(0.5, 3, 0.0), (0.1, 4, 0.2), (1.0, 1, 0.5)])
def test_fit_takes_exact_steps(impl, lr, epochs, l2):
    """w, b and the whole history after a few steps are those of gradient descent from 0"""
    x, y = normal(8, 3, shift=0.5), labels(8)
    of = f"fit(x, y, {lr=}, {epochs=}, {l2=})"
    found = three(same_inputs(impl, "fit", x, y, lr, epochs, l2), of)
    right = fit(x, y, lr, epochs, l2)
    likely = {
        "descent on the squared error": fit(x, y, lr, epochs, l2, squared_error),
        "descent without the penalty": fit(x, y, lr, epochs),
        "descent on the sum over the rows": fit(x, y, lr * 8, epochs, l2 / 8),
        "ascent": fit(x, y, -lr, epochs, l2),
    }
    history = losses(found[2], epochs)
    for i in range(epochs):
        mistakes = {name: wrong[2][i] for name, wrong in likely.items()}
        if i + 1 < epochs:
            mistakes["the loss after the step"] = right[2][i + 1]
        number(history[i], right[2][i], of=f"history[{i}] of {of}", mistakes=mistakes)
    for i, name in enumerate("wb"):
        mistakes = {mistake: wrong[i] for mistake, wrong in likely.items()}
        close(found[i], right[i], of=f"{name} of {of}", mistakes=mistakes)
    exact = three(impl.float64.fit(x, y, lr, epochs, l2), of)
    for i, name in enumerate("wb"):
        close(exact[i], right[i], of=f"{name} of {of} in float64", rtol=1e-6, atol=1e-7)
        dtype(exact[i], "float64", of=f"{name} of {of} in float64")


@pytest.mark.grade(points=1)
def test_fit_has_its_defaults(impl):
    """fit takes 100 steps of 0.5 without a penalty unless told otherwise"""
    x, y = normal(20, 2, scale=0.3), labels(20)
    w, b, history = three(impl.fit(x, y), "fit(x, y)")
    right = fit(x, y, 0.5, 100)
    number(losses(history, 100)[-1], right[2][-1], of="the last loss of fit(x, y)")
    close(w, right[0], of="w of fit(x, y)", rtol=1e-3)
    close(b, right[1], of="b of fit(x, y)", rtol=1e-3)


@pytest.mark.grade(points=2, hint=ERROR)
def test_fit_finds_the_minimum(impl):
    """with a penalty the loss has one minimum, and fit gets there"""
    x, y = normal(40, 2), labels(40)

    def loss(parameters):
        value, dw, db = loss_and_grads(x, y, parameters[:2], parameters[2], 0.1)
        return value, np.append(dw, db)

    best = minimize(loss, np.zeros(3), jac=True, tol=1e-10).x
    w, b, _ = three(impl.fit(x, y, lr=1.0, epochs=150, l2=0.1), "fit")
    close(w, best[:2], of="w of fit(x, y, lr=1.0, epochs=150, l2=0.1)", atol=2e-3)
    close(b, best[2], of="b of fit(x, y, lr=1.0, epochs=150, l2=0.1)", atol=2e-3)


@pytest.mark.grade(points=2, hint="Compare the probability, not the score, and with >=.")
@pytest.mark.parametrize("threshold", [0.5, 0.2, 0.9])
def test_predict_honours_its_threshold(impl, threshold):
    """predict is 1 where the probability is at least the threshold"""
    x, w, b = normal(40, 3), normal(3, scale=2.0), normal()
    p = expit(x @ w + b)
    clear = np.abs(p - threshold) > 1e-3  # float32 may decide otherwise about the others
    x, p = x[clear], p[clear]
    result = same_inputs(impl, "predict", x, w, b, threshold)
    dtype(result, "int64", of="predict(x, w, b, threshold)")
    mistakes = {
        "a threshold on the score": (x @ w + b >= threshold).astype(int),
        "a threshold of 0.5 on the probability": (p >= 0.5).astype(int),
        "the classes exchanged": (p < threshold).astype(int),
    }
    expected = (p >= threshold).astype(int)
    equal(result, expected, of=f"predict(x, w, b, {threshold=})", mistakes=mistakes)


@pytest.mark.grade(points=1, hint="At least: a probability equal to the threshold counts.")
def test_predict_counts_a_tie(impl):
    """a probability equal to the threshold, by default 0.5, is class 1"""
    x = np.array([[0.0, 0.0], [0.1, 0.0], [-0.1, 0.0], [2.0, -2.0]])
    result = impl.predict(x, np.array([1.0, 1.0]), ZERO)
    equal(result, np.array([1, 1, 0, 1]), of="predict(x, w, b) at scores 0, 0.1, -0.1, 0")


@pytest.mark.grade(points=2, hint="On the boundary w0 x0 + w1 x1 + b = log(t / (1 - t)).")
@pytest.mark.parametrize("threshold", [None, 0.25, 0.8, 1e-9])
def test_boundary_has_the_threshold_as_probability(impl, threshold):
    """on the line that boundary returns, the probability equals the threshold"""
    w, b = normal(2) + np.array([0.0, 3.0]), normal()
    more = {} if threshold is None else {"threshold": threshold}
    result = impl.boundary(w, b, **more)
    holds(
        isinstance(result, (tuple, list)) and len(result) == 2,
        "boundary(w, b) returned no pair, but should return (slope, intercept)",
    )
    wanted = logit(threshold or 0.5)
    mistakes = {
        "the intercept of the line on which the score equals the threshold": (
            (threshold or 0.5) - b
        )
        / w[1],
        "the intercept for a threshold of 0.5": -b / w[1],
        "the intercept with its sign turned": (b - wanted) / w[1],
    }
    slopes = {"the slope with its sign turned": w[0] / w[1], "-w1 / w0": -w[1] / w[0]}
    close(result[0], -w[0] / w[1], of="the slope of boundary(w, b)", mistakes=slopes)
    of = f"the intercept of boundary(w, b, {threshold=})"
    close(result[1], (wanted - b) / w[1], of=of, mistakes=mistakes)
    level = pair(impl.boundary(np.array([0.0, 2.0]), b, **more), "boundary([0, 2], b)")
    close(level[0], 0.0, of="the slope of boundary([0, 2], b), a level line")
    close(level[1], (wanted - b) / 2, of="the intercept of boundary([0, 2], b), a level line")


CANCER = Threshold(
    "test accuracy on breast cancer",
    at_least=0.94,
    torch=[0.958, 0.958, 0.951, 0.958, 0.958, 0.958, 0.965, 0.965, 0.965, 0.965],
    tensorflow=[0.958, 0.958, 0.951, 0.958, 0.958, 0.958, 0.965, 0.965, 0.965, 0.965],
)


@CANCER.measured_by
def cancer_accuracy(impl, seed):
    cancer = data.breast_cancer()
    rows = np.random.default_rng(seed).permutation(len(cancer.train_y))[:341]
    x, y = cancer.train_x[rows], cancer.train_y[rows]
    mean, deviation = x.mean(0), x.std(0)
    w, b, _ = three(impl.fit((x - mean) / deviation, y, lr=0.5, epochs=100), "fit")
    guess = impl.predict((cancer.test_x - mean) / deviation, w, b)
    return float((guess == cancer.test_y).mean())


@pytest.mark.grade(points=2, seconds=30)
def test_model_learns_breast_cancer(impl):
    """the median of three runs reaches 0.94 on test rows"""
    CANCER.expect(impl)


MOONS = Threshold(
    "accuracy on new points of two moons",
    at_least=0.80,
    torch=[0.859, 0.873, 0.855, 0.866, 0.853, 0.855, 0.863, 0.87, 0.835, 0.861],
    tensorflow=[0.859, 0.873, 0.855, 0.866, 0.853, 0.855, 0.863, 0.87, 0.835, 0.861],
)


@MOONS.measured_by
def moons_accuracy(impl, seed):
    rng = np.random.default_rng(seed)
    x, y = data.moons(300, rng)
    new_x, new_y = data.moons(1000, rng)
    w, b, _ = three(impl.fit(x, y, lr=0.5, epochs=100), "fit")
    return float((impl.predict(new_x, w, b) == new_y).mean())


@pytest.mark.grade(points=1, seconds=30)
def test_model_divides_the_moons(impl):
    """the median of three runs reaches 0.80 on new points"""
    MOONS.expect(impl)


@pytest.mark.grade(points=1, hint="Nothing is cut off: a probability may round to 0 or 1.")
def test_predict_proba_reaches_0_and_1(impl):
    """scores of -2,000 and 2,000 have the probabilities 0 and 1, and small probabilities keep their size"""
    found = impl.predict_proba(np.array([[-2000.0], [2000.0]]), np.ones(1), ZERO)
    close(found, np.array([0.0, 1.0]), of="predict_proba of -2000 and 2000", rtol=0.0, atol=1e-9)
    x, p = np.array([[-40.0], [-25.0], [25.0]]), expit([-40.0, -25.0, 25.0])
    found = impl.float64.predict_proba(x, np.ones(1), ZERO)
    close(found, p, of="predict_proba of -40, -25 and 25 in float64", rtol=1e-6, atol=1e-15)
    classes = impl.float64.predict(x, np.ones(1), ZERO, threshold=1e-14)
    equal(classes, np.array([0, 1, 1]), of="predict of -40, -25 and 25 in float64, threshold=1e-14")


@pytest.mark.grade(points=1, hint="b may be a Python number, which has no dtype of its own.")
def test_biases_may_be_python_numbers(impl):
    """b may be a Python number wherever it is asked for"""
    x, w, b, y = normal(6, 2), normal(2, shift=1.0), -1 / 3, labels(6)
    # A constant may have been rounded to float32, also where little remains of a difference.
    forms = (impl, "float32", 1e-4, 1e-5), (impl.float64, "float64", 1e-6, 1e-6)
    for submission, kind, digits, last in forms:
        found = submission.predict_proba(x, w, b)
        close(
            found,
            expit(x @ w + b),
            of="predict_proba(x, w, -1/3)",
            dtype=kind,
            rtol=digits,
            atol=last,
        )
        found = three(submission.loss_and_grads(x, y, w, b), "loss_and_grads")
        for name, got, right in zip(
            ("loss", "dw", "db"), found, loss_and_grads(x, y, w, b), strict=True
        ):
            of = f"{name} of loss_and_grads(x, y, w, -1/3)"
            close(got, right, of=of, dtype=kind, rtol=digits, atol=last)
        found = pair(submission.boundary(w, b, 0.7), "boundary(w, -1/3, 0.7)")
        rise = (logit(0.7) - b) / w[1]
        close(
            found[1],
            rise,
            of="the intercept of boundary(w, -1/3, 0.7)",
            dtype=kind,
            rtol=digits,
            atol=last,
        )
    found = impl.predict(np.array([[-6.0], [-5.5], [-4.5], [-4.0]]), np.ones(1), 5.0)
    equal(found, np.array([0, 0, 1, 1]), of="predict of the scores -1, -0.5, 0.5 and 1, with b=5.0")


@pytest.mark.grade(points=2, hint="No step is skipped, clipped or made smaller.")
@pytest.mark.parametrize("size", [1e-3, 1e3])
def test_fit_takes_steps_of_any_size(impl, size):
    """the steps are those of gradient descent for features of 0.001 and of 1,000, to the last of 150"""
    x, y = normal(40, 2, scale=size), labels(40)
    x[-1] = 5 * size * (1 - 2 * y[-1])  # a row that nobody can leave out unseen
    lr, l2 = 0.2 / size**2, 1e-3 * size**2
    of = f"fit(x, y, {lr=:g}, epochs=150, {l2=:g}) for x of {size:g}"
    right = fit(x, y, lr, 150, l2)
    found = three(impl.float64.fit(x, y, lr, 150, l2), of)
    recorded(found[2], right[2], of, rtol=1e-6)
    for i, name in enumerate("wb"):
        close(found[i], right[i], of=f"{name} of {of}", rtol=1e-5, atol=1e-6 / size)


@pytest.mark.grade(points=1, hint="Take `epochs` steps, whatever the losses are.")
def test_fit_takes_all_its_steps(impl):
    """a loss that does not fall, or is 0, ends nothing: the history has `epochs` losses"""
    x, y = np.array([[1.0], [-1.0], [1.0], [-1.0]]), np.array([0, 0, 1, 1])  # the gradient is 0
    _, _, history = impl.fit(x, y, 0.5, 6)
    recorded(history, [np.log(2)] * 6, "fit([[1], [-1], [1], [-1]], [0, 0, 1, 1], 0.5, 6)")
    _, _, history = impl.fit(np.array([[1.0], [-1.0]]), np.array([1, 0]), 1000.0, 5)
    expected = [np.log(2), 0.0, 0.0, 0.0, 0.0]
    recorded(history, expected, "fit([[1], [-1]], [1, 0], 1000.0, 5), whose loss is 0 at once,")


@pytest.mark.grade(points=1, hint="Every step is taken, however small the loss is.")
def test_fit_steps_where_the_loss_is_small(impl):
    """w and b move by exact steps where the loss is a hundred-thousandth, too"""
    x, y = np.array([[1.0], [-1.0], [2.0]]), np.array([1, 0, 1])
    right = fit(x, y, 20.0, 4)  # the losses: 0.693, and three of 1.5e-5
    of = "fit([[1], [-1], [2]], [1, 0, 1], lr=20.0, epochs=4)"
    found = three(impl.float64.fit(x, y, 20.0, 4), of)
    recorded(found[2], right[2], of, rtol=1e-6)
    for i, name in enumerate("wb"):
        close(found[i], right[i], of=f"{name} of {of}", rtol=1e-6, atol=1e-9)


@pytest.mark.grade(points=1, hint="A part of the rows is a share of the mean only.")
def test_many_rows_weigh_alike(impl):
    """loss and gradients of 700 rows, and a step of fit on them, are those of all rows at once"""
    x, y, w, b = normal(700, 2), labels(700), normal(2), normal()
    found = three(impl.float64.loss_and_grads(x, y, w, b, 0.1), "loss_and_grads")
    right = loss_and_grads(x, y, w, b, 0.1)
    for name, got, wanted in zip(("loss", "dw", "db"), found, right, strict=True):
        close(got, wanted, of=f"{name} of loss_and_grads of 700 rows", rtol=1e-7, atol=1e-9)
    found = three(impl.float64.fit(x, y, 0.5, 2), "fit")
    for i, name in enumerate("wb"):
        of = f"{name} of fit(x, y, lr=0.5, epochs=2) of 700 rows"
        close(found[i], fit(x, y, 0.5, 2)[i], of=of, rtol=1e-7, atol=1e-9)


@pytest.mark.grade(points=1, hint="The loop over the epochs may run no times.")
def test_fit_may_take_no_steps(impl):
    """no epochs leave w and b at 0, and an empty history"""
    w, b, history = three(impl.fit(normal(4, 2), labels(4), lr=0.1, epochs=0), "fit")
    close(w, np.zeros(2), of="w after no steps")
    close(b, 0.0, of="b after no steps")
    losses(history, 0, "fit(x, y, lr=0.1, epochs=0)", "float")
    w, b, _ = three(impl.float64.fit(normal(4, 2), labels(4), lr=0.1, epochs=0), "fit")
    close(w, np.zeros(2), of="w after no steps on float64 tensors", dtype="float64")
    close(b, 0.0, of="b after no steps on float64 tensors", dtype="float64")


@pytest.mark.grade(points=1, hint="Compare the probability itself with the threshold.")
def test_predict_takes_thresholds_near_0_and_1(impl):
    """thresholds of 0.00001 and 0.9999 are compared with the probability, too"""
    x = np.array([[-2000.0], [-9.0], [0.0], [8.0], [2000.0]])
    for threshold, expected in ((1e-5, [0, 1, 1, 1, 1]), (0.9999, [0, 0, 0, 0, 1])):
        found = impl.predict(x, np.ones(1), ZERO, threshold)
        of = f"predict of the scores -2000, -9, 0, 8 and 2000 with {threshold=}"
        equal(found, np.array(expected), of=of)
    # float32 holds this threshold, too; its score is 15.25.
    threshold, x = 1 - 2.0**-22, np.array([[-2000.0], [15.1], [15.4], [2000.0]])
    found = impl.float64.predict(x, np.ones(1), ZERO, threshold)
    of = f"predict of the scores -2000, 15.1, 15.4 and 2000 in float64 with {threshold=}"
    equal(found, np.array([0, 0, 1, 1]), of=of)


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("name", ["predict_proba", "loss_and_grads", "fit", "predict", "boundary"])
def test_functions_keep_the_contracts_words(impl, name):
    """each function keeps what docs/contract.md says of every function"""
    x, w, b, y = normal(5, 3), normal(3), normal(), labels(5)
    if name == "predict_proba":
        options = {"expected": lambda x, w, b: expit(x @ w + b)}
        conform(impl, name, [x, w, b], rows=[0], rowwise=True, **options)
    elif name == "loss_and_grads":
        conform(impl, name, [x, y, w, b], {"l2": 0.3}, expected=loss_and_grads, rows=[0, 1])
    elif name == "fit":

        def oracle(x, y, **given):
            w, b, history = fit(x, y, **given)
            return w, np.float64(b), [float(loss) for loss in history]

        options = {"expected": oracle, "rows": [0, 1], "without": ["gradients"]}
        conform(impl, name, [x, y], {"lr": 0.3, "epochs": 3, "l2": 0.1}, **options)
    elif name == "predict":
        options = {"expected": lambda x, w, b, threshold: (expit(x @ w + b) >= threshold) * 1}
        conform(impl, name, [x, w, b], {"threshold": 0.3}, rows=[0], rowwise=True, **options)
    else:
        options = {
            "expected": lambda w, b, threshold: (-w[0] / w[1], (logit(threshold) - b) / w[1])
        }
        given = [normal(2, shift=2.0), b]
        conform(impl, name, given, {"threshold": 0.3}, large=[1], **options)


@pytest.mark.grade(points=1, hint="Nothing is added to w[1]: the stub says that it is not 0.")
def test_boundary_is_right_for_small_weights(impl):
    """weights of a millionth, or far smaller, have the same boundary as weights of 1"""
    w, b = np.array([3.0, -2.0]), 1.0
    for size in (1.0, 1e-6, 1e-12, 1e6):
        of = f"boundary({(size * w).tolist()}, {size * b:g})"
        found = pair(impl.float64.boundary(size * w, np.float64(size * b)), of)
        close(found[0], 1.5, of=f"the slope of {of}", rtol=1e-6)
        close(found[1], 0.5, of=f"the intercept of {of}", rtol=1e-6)
