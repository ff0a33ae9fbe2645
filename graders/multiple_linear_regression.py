"""Hidden checks of exercises/multiple_linear_regression.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_least,
    close,
    dtype,
    finite,
    normal,
    raises,
    same_inputs,
)
from katagrad.authoring.structure import items, pair

LEAK = "Mean and deviation come from `train`; every other tensor is shifted and scaled by the same."
STEP = "With e = x w + b - y, the gradients are 2 x^T e / n and 2 mean(e), at the same w and b."
INTERCEPT = "Centre x and y, solve for w, then b = mean(y) - mean(x) w: b is never penalised."
# Seconds of a check with hundreds of epochs. An epoch of Keras's own `fit` takes 40 ms of CPU time, however few the
# rows are, and the machine may have other work.
LONG = 120


def standardize(train, *others, correction=0):
    mean, deviation = train.mean(0), train.std(0, ddof=correction)
    return [(x - mean) / np.where(np.ptp(train, 0) == 0, 1, deviation) for x in (train, *others)]


def fit_gd(x, y, lr, epochs, factor=2.0, bias=True):
    w, b = np.zeros(x.shape[1]), 0.0
    for _ in range(epochs):
        error = x @ w + b - y
        w, b = w - lr * factor * x.T @ error / len(x), b - lr * factor * error.mean() * bias
    return w, b


def fit_closed_form(x, y, l2=0.0):
    """Augmented least squares: for each feature a row more, which pulls its weight to 0."""
    n, d = x.shape
    rows = np.vstack([np.hstack([x, np.ones((n, 1))]), np.sqrt(n * l2) * np.eye(d, d + 1)])
    solution = np.linalg.lstsq(rows, np.concatenate([y, np.zeros(d)]), rcond=None)[0]
    return solution[:d], solution[d]


def penalised_bias(x, y, l2):
    ones = np.hstack([x, np.ones((len(x), 1))])
    solution = np.linalg.solve(
        ones.T @ ones / len(x) + l2 * np.eye(ones.shape[1]), ones.T @ y / len(x)
    )
    return solution[:-1], solution[-1]


def r2(y, p):
    return 1 - ((y - p) ** 2).sum() / ((y - y.mean()) ** 2).sum()


def two(result, of):
    """The (w, b) of a fit."""
    return pair(result, of, ("w", "b"))


def listed(result, count):
    """The tensors of `standardize`."""
    return items(result, "standardize(...)", ("train", *("another tensor",) * (count - 1)))


@pytest.mark.grade(points=1, hint=LEAK)
@pytest.mark.parametrize("rows", [(6,), (6, 4), (5, 1, 3), (1, 2)])
def test_standardize_uses_the_training_rows(impl, rows):
    """standardize shifts and scales every tensor by mean and deviation of the first"""
    parts = [normal(n, 3, scale=2.0, shift=4.0) * np.array([1, 10, 0.1]) for n in rows]
    result = listed(same_inputs(impl, "standardize", *parts), len(parts))
    right = standardize(*parts)
    everything = standardize(np.concatenate(parts), *parts)[1:]
    for i, found in enumerate(result):
        mistakes = {
            "x scaled by the statistics of all rows": everything[i],
            "x minus its mean, not scaled": parts[i] - parts[0].mean(0),
            "x scaled by one mean and deviation for all features": (parts[i] - parts[0].mean())
            / parts[0].std(),
        }
        if len(parts[0]) > 1:
            mistakes["x scaled with n - 1 under the root"] = standardize(*parts, correction=1)[i]
        if i:
            mistakes["x scaled by its own statistics"] = standardize(parts[i])[0]
        of = f"standardize(...)[{i}]"
        close(found, right[i], of=of, mistakes=mistakes, rtol=1e-3, atol=1e-4)
        dtype(found, "float32", of=of)


@pytest.mark.grade(points=1)
def test_standardize_computes_in_float64(impl):
    """float64 in is float64 out, with all its digits"""
    train, other = normal(7, 4, shift=100.0), normal(2, 4, shift=100.0)
    right = standardize(train, other)
    for i, found in enumerate(listed(impl.float64.standardize(train, other), 2)):
        close(found, right[i], of=f"standardize(...)[{i}] in float64", rtol=1e-6, atol=1e-7)
        dtype(found, "float64", of=f"standardize(...)[{i}]")


@pytest.mark.grade(points=2, hint="Divide by 1 where the deviation is 0.")
@pytest.mark.parametrize("value", [0.0, 7.0, -2.5, 0.1, 1e4])
def test_standardize_leaves_constants_unscaled(impl, value):
    """a feature that is constant over the training rows is shifted to 0, and not scaled"""
    # The mean of 29 numbers 0.1 is not 0.1 in float32.
    train, other = normal(29, 3), normal(4, 3)
    train[:, 1] = np.float32(value)
    # Constant where it is not asked for, and a little off it.
    other[:, 0], other[:, 1] = 0.25, np.float32(value) + 0.5
    train[-1, 2] = train[0, 2]  # equal in two rows, and not in all
    result = listed(impl.standardize(train, other), 2)
    right = standardize(train, other)
    for i, name in enumerate(("train", "other")):
        of = f"standardize(train, other) of a constant feature, {name}"
        finite(result[i], of=of)
        close(result[i], right[i], of=of, rtol=1e-3, atol=1e-4)


@pytest.mark.grade(points=3, hint=STEP)
@pytest.mark.parametrize(
    ("size", "lr", "epochs"), [((7, 3), 0.05, 3), ((4, 1), 0.1, 4), ((3, 5), 0.02, 1)]
)
def test_fit_gd_takes_exact_steps(impl, size, lr, epochs):
    """w and b after a few steps are those of gradient descent from 0"""
    x, y = normal(*size, shift=0.5), normal(size[0], shift=2.0)
    of = f"fit_gd(x {size}, y, {lr=}, {epochs=})"
    w, b = two(same_inputs(impl, "fit_gd", x, y, lr, epochs), of)
    likely = {
        "descent without the factor 2 of the gradient": fit_gd(x, y, lr, epochs, factor=1.0),
        "descent that leaves b at 0": fit_gd(x, y, lr, epochs, bias=False),
        "descent on the sum of squares": fit_gd(x, y, lr * len(x), epochs),
        "ascent": fit_gd(x, y, -lr, epochs),
    }
    right = fit_gd(x, y, lr, epochs)
    for i, (name, found) in enumerate((("w", w), ("b", b))):
        mistakes = {mistake: wrong[i] for mistake, wrong in likely.items()}
        close(found, right[i], of=f"{name} of {of}", mistakes=mistakes)
    for i, found in enumerate(two(impl.float64.fit_gd(x, y, lr, epochs), of)):
        close(found, right[i], of=f"{'wb'[i]} of {of} in float64", rtol=1e-6, atol=1e-7)
        dtype(found, "float64", of=f"{'wb'[i]} of {of} in float64")


@pytest.mark.grade(points=2, hint=STEP)
def test_fit_gd_agrees_with_least_squares(impl):
    """on standardised features, 100 steps of 0.2 reach the least-squares solution"""
    x = standardize(normal(50, 4, scale=3.0, shift=10.0))[0]
    y = x @ normal(4) + 5.0 + normal(50, scale=0.3)
    of = "fit_gd(x, y, lr=0.2, epochs=100)"
    w, b = two(impl.fit_gd(x, y, lr=0.2, epochs=100), of)
    right = fit_closed_form(x, y)
    close(w, right[0], of=f"w of {of}", atol=5e-3)
    close(b, right[1], of=f"b of {of}", atol=5e-3)


@pytest.mark.grade(points=1, seconds=LONG)
def test_fit_gd_has_its_defaults(impl):
    """fit_gd takes 500 steps of 0.1 unless told otherwise, also where that is too few"""
    x, y = normal(20, 2, scale=0.1), normal(20)
    w, b = two(impl.fit_gd(x, y), "fit_gd(x, y)")
    right = fit_gd(x, y, 0.1, 500)
    close(w, right[0], of="w of fit_gd(x, y)", rtol=1e-3, atol=1e-3)
    close(b, right[1], of="b of fit_gd(x, y)", rtol=1e-3, atol=1e-3)


@pytest.mark.grade(points=3, hint=INTERCEPT)
@pytest.mark.parametrize("size", [(8, 3), (5, 1), (16, 5)])
def test_fit_closed_form_is_least_squares(impl, size):
    """without a penalty, fit_closed_form solves least squares with an intercept"""
    x, y = normal(*size, shift=1.0), normal(size[0], shift=5.0)
    of = f"fit_closed_form(x {size}, y)"
    w, b = two(same_inputs(impl, "fit_closed_form", x, y), of)
    right = fit_closed_form(x, y)
    through_origin = np.linalg.lstsq(x, y, rcond=None)[0]
    for i, (name, found) in enumerate((("w", w), ("b", b))):
        mistakes = {"that of a model without intercept": through_origin if name == "w" else 0.0}
        close(found, right[i], of=f"{name} of {of}", rtol=5e-3, atol=5e-3, mistakes=mistakes)
        dtype(found, "float32", of=f"{name} of {of}")
    exact = two(impl.float64.fit_closed_form(x, y), of)
    for i, name in enumerate("wb"):
        close(exact[i], right[i], of=f"{name} of {of} in float64", rtol=1e-6, atol=1e-7)


@pytest.mark.grade(points=2, hint="Do not invert x^T x: least squares or the pseudo-inverse holds.")
@pytest.mark.parametrize("kind", ["a column twice", "one-hot columns", "fewer rows than columns"])
def test_fit_closed_form_bears_dependent_columns(impl, kind):
    """where columns depend on each other, the predictions are still those of least squares"""
    if kind == "a column twice":
        x = normal(9, 3)
        x[:, 2] = x[:, 0]
    elif kind == "one-hot columns":
        x = np.hstack([np.eye(3)[np.arange(9) % 3], normal(9, 1)])
    else:
        x = normal(4, 7)
    y = normal(len(x), shift=2.0)
    of = f"fit_closed_form(x, y), {kind}"
    w, b = two(impl.float64.fit_closed_form(x, y), of)
    finite(w, of=f"w of {of}")
    weights, offset = fit_closed_form(x, y)
    close(x @ w + b, x @ weights + offset, of=f"x w + b of {of}", rtol=1e-4, atol=1e-4)


@pytest.mark.grade(points=3, hint=INTERCEPT)
@pytest.mark.parametrize("l2", [0.1, 2.0])
@pytest.mark.parametrize("size", [(9, 3), (4, 6), (5, 1)])
def test_fit_closed_form_penalises_weights(impl, size, l2):
    """with a penalty, it minimises mean(e**2) + l2 sum(w**2), and b is not penalised"""
    x, y = normal(*size, shift=1.0), normal(size[0], shift=5.0)
    n = len(x)
    of = f"fit_closed_form(x {size}, y, {l2=})"
    right = fit_closed_form(x, y, l2)
    likely = {
        "least squares without the penalty": fit_closed_form(x, y),
        "the solution for sum(e**2) + l2 sum(w**2)": fit_closed_form(x, y, l2 / n),
        "the solution for a penalty of l2 / 2": fit_closed_form(x, y, l2 / 2),
        "the solution for a penalty on b, too": penalised_bias(x, y, l2),
    }
    found = two(impl.fit_closed_form(x, y, l2=l2), of)
    for i, name in enumerate("wb"):
        mistakes = {mistake: wrong[i] for mistake, wrong in likely.items()}
        close(found[i], right[i], of=f"{name} of {of}", rtol=1e-3, atol=1e-3, mistakes=mistakes)
    exact = two(impl.float64.fit_closed_form(x, y, l2), of)
    for i, name in enumerate("wb"):
        close(exact[i], right[i], of=f"{name} of {of} in float64", rtol=1e-6, atol=1e-7)


@pytest.mark.grade(points=1, hint=INTERCEPT)
def test_fit_closed_form_shrinks_to_the_mean(impl):
    """under an enormous penalty the weights vanish and b is the mean of y"""
    x, y = normal(10, 3, shift=2.0), normal(10, shift=40.0)
    w, b = two(impl.fit_closed_form(x, y, l2=1e6), "fit_closed_form(x, y, l2=1e6)")
    close(w, np.zeros(3), of="w of fit_closed_form(x, y, l2=1e6)", atol=1e-2)
    close(b, y.mean(), of="b of fit_closed_form(x, y, l2=1e6)", atol=1e-2)


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("noise", [0.0, 0.5, 5.0])
def test_r2_follows_its_definition(impl, noise):
    """r2 is 1 - SS_res / SS_tot: 1 at best, and negative for bad predictions"""
    y = normal(12, scale=2.0, shift=3.0)
    p = 0.8 * y + 1.0 + noise * normal(12) if noise else y
    mistakes = {
        "r2(p, y), the arguments exchanged": r2(p, y),
        "the squared correlation": np.corrcoef(y, p)[0, 1] ** 2,
        "SS_res / SS_tot": 1 - r2(y, p),
        "1 - SS_res / sum(y**2)": 1 - ((y - p) ** 2).sum() / (y**2).sum(),
        "1 - the mean squared error": 1 - ((y - p) ** 2).mean(),
    }
    result = same_inputs(impl, "r2", y, p)
    close(result, r2(y, p), of="r2(y, p)", mistakes=mistakes)
    close(impl.float64.r2(y, p), r2(y, p), of="r2(y, p) in float64", rtol=1e-9)
    close(impl.r2(y, np.full(12, y.mean())), 0.0, of="r2(y, mean(y))", atol=1e-4)


@pytest.mark.grade(points=1, hint="Compare the shapes before anything broadcasts.")
@pytest.mark.parametrize("size", [(5, 1), (1,), (4,)])
def test_r2_refuses_other_shapes(impl, size):
    """y and p of different shapes are a ValueError, also where they would broadcast"""
    with raises("ValueError", of=f"r2 of y (5,), p {size}"):
        impl.r2(normal(5), normal(*size))


@pytest.mark.grade(
    points=2,
    hint="Standardise, then fit; all ten features and the intercept count.",
    seconds=LONG,
)
def test_fits_predict_diabetes(impl):
    """standardised and fitted either way, diabetes is predicted with a test R2 of at least 0.33"""
    diabetes = data.diabetes()
    train_x, test_x = listed(impl.standardize(diabetes.train_x, diabetes.test_x), 2)
    for fit in ("fit_gd", "fit_closed_form"):
        w, b = two(impl.call(fit, train_x, diabetes.train_y), f"{fit}(x, y)")
        # Least squares reaches 0.359 (all draws alike: nothing here is random), BMI alone 0.158.
        of = f"the test R2 of {fit} on diabetes"
        at_least(r2(diabetes.test_y, test_x @ w + b), 0.33, of=of)


@pytest.mark.grade(points=1, hint="Only a feature whose values are all the same is constant.")
def test_standardize_scales_small_and_distant_features(impl):
    """features of deviation 1e-9 and features far from 0 get the deviation 1, too"""
    train = normal(9, 4) * np.array([1e-9, 1.0, 1e6, 1.0]) + np.array([0.0, 1e6, 0.0, -1e7])
    other = train[::-1] * 1.5
    for found, right, name in zip(
        listed(impl.float64.standardize(train, other), 2),
        standardize(train, other),
        ("train", "other"),
        strict=True,
    ):
        of = f"standardize of features near 1e-9, 1e6 and -1e7, {name}"
        close(found, right, of=of, rtol=1e-6, atol=1e-6)


@pytest.mark.grade(points=2, hint="No step is skipped, clipped or made smaller.")
@pytest.mark.parametrize("size", [1e-6, 1e6])
def test_fit_gd_takes_steps_of_any_size(impl, size):
    """the steps are those of gradient descent for y of 1e-6 and of 1e6, and for each of 40 rows"""
    x, y = normal(40, 3), normal(40, scale=size)
    y[-1] = 50 * size  # a row that nobody can leave out unseen
    of = f"fit_gd(x, y, lr=0.2, epochs=5) for y of {size:g}"
    for i, found in enumerate(two(impl.fit_gd(x, y, 0.2, 5), of)):
        close(found, fit_gd(x, y, 0.2, 5)[i], of=f"{'wb'[i]} of {of}", atol=1e-4 * size)


@pytest.mark.grade(
    points=1,
    hint="The loop over the epochs may run no times, and as often as asked.",
    seconds=LONG,
)
def test_fit_gd_takes_as_many_steps_as_asked(impl):
    """no epochs leave w and b at 0; 700 epochs are 700 steps; small steps and steps that go too far are steps, too"""
    x, y = normal(8, 2, scale=0.1), normal(8)
    # With lr = 1.5, each step doubles the mean error, so the loss rises.
    for epochs, lr in ((0, 0.05), (700, 0.05), (20, 1e-9), (5, 1.5)):
        of = f"fit_gd(x, y, {lr=}, {epochs=})"
        for i, found in enumerate(two(impl.float64.fit_gd(x, y, lr, epochs), of)):
            right = fit_gd(x, y, lr, epochs)[i]
            close(found, right, of=f"{'wb'[i]} of {of}", rtol=1e-7, atol=1e-5 * lr)


@pytest.mark.grade(
    points=1, hint="The best w is solved for: nothing is cut off, added or iterated."
)
@pytest.mark.parametrize("l2", [0.0, 1e-7])
def test_fit_closed_form_is_exact_for_unlike_features(impl, l2):
    """features of the sizes 1, 0.01 and 100 are fitted as exactly as others"""
    x = normal(12, 3) * np.array([1.0, 1e-2, 1e2])
    y = x @ np.array([1.0, 2e2, -1e-2]) + 0.5 * normal(12) + 4.0
    of = f"fit_closed_form(x, y, l2={l2:g}) for features of the sizes 1, 0.01 and 100"
    w, b = two(impl.float64.fit_closed_form(x, y, l2), of)
    right = fit_closed_form(x, y, l2)
    close(
        w * np.array([1.0, 1e-2, 1e2]),
        right[0] * np.array([1.0, 1e-2, 1e2]),
        of=f"w * sizes of {of}",
        rtol=1e-5,
    )
    close(b, right[1], of=f"b of {of}", rtol=1e-5)
    if not l2:
        # Solvers of x^T x keep two digits here, and their default cut-offs keep every feature.
        sizes = np.array([1.0, 1e-3, 2e3])
        x = normal(40, 3) * sizes
        y = x @ (np.array([1.0, 2.0, -1.0]) / sizes) + 0.5 * normal(40) + 4.0
        of = "fit_closed_form(x, y) for features of the sizes 1, 0.001 and 2000"
        w = two(impl.float64.fit_closed_form(x, y), of)[0]
        right = fit_closed_form(x / sizes, y)[0]
        close(w * sizes, right, of=f"w * sizes of {of}", rtol=5e-2, atol=5e-2)


@pytest.mark.grade(
    points=1,
    hint="Take the mean away before you square. Nothing is added to the sums, and nothing is cut off.",
)
@pytest.mark.parametrize("size", [1e-6, 1e6])
def test_r2_does_not_depend_on_units(impl, size):
    """r2 is the same for targets of 1e-6, of 1e6 and far from 0, and may be far below 0"""
    y, p = normal(9), 5 * normal(9)
    of = f"r2(y, p) for y of {size:g}"
    close(impl.float64.r2(size * y, size * p), r2(y, p), of=of, rtol=1e-6)
    of = f"r2(y, 1000 p) for y of {size:g}"
    close(impl.float64.r2(size * y, 1e3 * size * p), r2(y, 1e3 * p), of=of, rtol=1e-6)
    # The mean of y**2 less mean(y)**2 has lost all digits here.
    y, p = 1e7 + y, 1e7 + p
    close(impl.float64.r2(y, p), r2(y, p), of="r2(y, p) for y near 1e7", rtol=1e-6, atol=1e-6)


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("name", ["standardize", "fit_gd", "fit_closed_form", "r2"])
def test_functions_keep_the_contracts_words(impl, name):
    """each function keeps what docs/contract.md says of every function"""
    x, y = normal(6, 3), normal(6)
    if name == "standardize":
        options = {"expected": standardize, "rows": [1], "without": ["keywords", "defaults"]}
        conform(impl, name, [x, normal(4, 3)], tolerance=1e-3, **options)
    elif name == "r2":
        conform(impl, name, [y, normal(6)], expected=r2)
    else:
        oracle = {"fit_gd": fit_gd, "fit_closed_form": fit_closed_form}[name]
        given = {"lr": 0.05, "epochs": 3} if name == "fit_gd" else {"l2": 0.3}

        def expected(x, y, **given):
            w, b = oracle(x, y, **given)
            return w, np.float64(b)

        # The weights of both fits are a million times as large for such y.
        options = {"expected": expected, "rows": [0, 1], "large": [1], "without": ["gradients"]}
        conform(impl, name, [x, y], given, tolerance=1e-3, **options)
