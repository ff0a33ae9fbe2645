"""Hidden checks of exercises/linear_regression.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    close,
    dtype,
    equal,
    holds,
    normal,
    number,
    raises,
    same_inputs,
    shape,
    uniform,
)
from katagrad.authoring.structure import items, losses, recorded

SHAPES = "Bring x and y to one shape, (n,), first: (n, 1) - (n,) broadcasts to (n, n)."
STEP = "Each step: both gradients at the present w and b, then w - lr * dw and b - lr * db."
# Seconds of a check with up to 400 epochs, and with 2,000. An epoch of Keras's own `fit` takes 40 ms of CPU time,
# however few the points are, and the machine may have other work.
LONG, LONGEST = 90, 400


def gradients(x, y, w, b):
    error = w * x + b - y
    return 2 * (error * x).mean(), 2 * error.mean()


def fit(x, y, lr, epochs, gradients=gradients):
    w = b = 0.0
    history = []
    for _ in range(epochs):
        history.append(((w * x + b - y) ** 2).mean())
        dw, db = gradients(x, y, w, b)
        w, b = w - lr * dw, b - lr * db
    return w, b, history


def half(x, y, w, b):
    return tuple(g / 2 for g in gradients(x, y, w, b))


def fixed_bias(x, y, w, b):
    return gradients(x, y, w, b)[0], 0.0


def uphill(x, y, w, b):
    return tuple(-g for g in gradients(x, y, w, b))


def three(result):
    """The (w, b, history) of `fit`."""
    return items(result, "fit(x, y)", ("w", "b", "history"))


@pytest.mark.grade(points=1, hint=SHAPES)
@pytest.mark.parametrize("size", [(5,), (1,), (4, 1), (1, 1)])
def test_predict_lies_on_the_line(impl, size):
    """predict is w x + b, of shape (n,) and the dtype of x, for x (n,) and (n, 1)"""
    x, w, b = normal(*size), normal(), normal()
    expected = w * x.reshape(-1) + b
    result = same_inputs(impl, "predict", x, w, b)
    mistakes = {"w x, without b": expected - b, "x + b, without w": x.reshape(-1) + b}
    close(result, expected, of=f"predict of x {size}", mistakes=mistakes)
    dtype(result, "float32", of="predict of a float32 tensor")
    dtype(impl.float64.predict(x, w, b), "float64", of="predict of a float64 tensor")


@pytest.mark.grade(points=1, hint="Stay with the framework's own operations on tensors.")
def test_predict_passes_gradients(impl):
    """gradients flow through predict: c w to x, sum(c x) to w, sum(c) to b"""
    x, w, b, c = normal(6), normal(), normal(), normal(6)
    dx, dw, db = impl.grad("predict", x, w, b, wrt=[0, 1, 2], cotangent=c)
    close(dx, c * w, of="d predict / d x")
    close(dw, (c * x).sum(), of="d predict / d w")
    close(db, c.sum(), of="d predict / d b")


@pytest.mark.grade(points=3, hint="d mean(e**2) / d w is mean(2 e x), with e = w x + b - y.")
@pytest.mark.parametrize("count", [1, 2, 7])
def test_mse_gradients_follow_the_definition(impl, count):
    """mse_gradients are the derivatives of the mean squared error by w and by b"""
    x, y, w, b = normal(count, shift=1.0), normal(count, scale=3.0), normal(), normal()
    dw, db = same_inputs(impl, "mse_gradients", x, y, w, b)
    right = gradients(x, y, w, b)
    for name, found, i in (("dw", dw, 0), ("db", db, 1)):
        mistakes = {
            "the gradient without its factor 2": right[i] / 2,
            "the gradient of the sum instead of the mean": right[i] * count,
            "the gradient with its sign turned": -right[i],
            "the gradient by the other parameter": right[1 - i],
        }
        shape(found, (), of=name)
        close(found, right[i], of=f"{name} of mse_gradients", mistakes=mistakes)
    # A line a million away from 0, as far as float32 holds all numbers: errors of 1 to 3, and x near 2^20.
    far = 2.0**20 + np.arange(count)
    given = (far, 2 * far + 1 - (1 + np.arange(count) % 3), 2.0, 1.0)
    of = "mse_gradients of x from 2^20 on, with y 1 to 3 below 2 x + 1, at w = 2 and b = 1"
    for name, found, expected in zip(
        ("dw", "db"), impl.mse_gradients(*given), gradients(*given), strict=True
    ):
        close(found, expected, of=f"{name} of {of}")
    exact = impl.float64.mse_gradients(x, y, w, b)
    for name, found, expected in zip(("dw", "db"), exact, right, strict=True):
        close(found, expected, of=f"{name} in float64", rtol=1e-9)


@pytest.mark.grade(points=2, hint=SHAPES)
@pytest.mark.parametrize(("x_column", "y_column"), [(True, False), (False, True), (True, True)])
def test_mse_gradients_take_columns_and_rows(impl, x_column, y_column):
    """x and y may each be (n,) or (n, 1), in any combination"""
    x, y, w, b = normal(5), normal(5), normal(), normal()
    sent = [v.reshape(-1, 1) if c else v for v, c in ((x, x_column), (y, y_column))]
    of = f"mse_gradients of x {sent[0].shape}, y {sent[1].shape}"
    # A column minus a row is all pairs, (n, n); their mean is not the mean over the points.
    pairs = (w * x + b)[:, None] - y
    mistakes = {
        "the gradient of errors broadcast to (n, n), times a column": 2
        * (pairs * x[:, None]).mean(),
        "the gradient of errors broadcast to (n, n), times a row": 2 * (pairs * x).mean(),
    }
    found = impl.mse_gradients(*sent, w, b)
    for i, expected in enumerate(gradients(x, y, w, b)):
        close(found[i], expected, of=f"{('dw', 'db')[i]} of {of}", mistakes=mistakes)


@pytest.mark.grade(points=1, hint="Compare the numbers of elements before anything broadcasts.")
@pytest.mark.parametrize("size", [(1,), (3,), (8,), (1, 1)])
def test_mse_gradients_refuse_other_lengths(impl, size):
    """x and y of different lengths are a ValueError, also where they would broadcast"""
    x, y = normal(4), normal(*size)
    with raises("ValueError", of=f"mse_gradients of x (4,), y {size}"):
        impl.mse_gradients(x, y, normal(), normal())
    with raises("ValueError", of=f"mse_gradients of x {size}, y (4,)"):
        impl.mse_gradients(y, x, normal(), normal())
    for epochs in (1, 0):
        with raises("ValueError", of=f"fit of x (4,), y {size}, {epochs=}"):
            impl.fit(x, y, lr=0.1, epochs=epochs)
        with raises("ValueError", of=f"fit of x {size}, y (4,), {epochs=}"):
            impl.fit(y, x, lr=0.1, epochs=epochs)


@pytest.mark.grade(points=3, hint=STEP)
@pytest.mark.parametrize(("lr", "epochs"), [(0.1, 3), (0.02, 4), (0.1, 1)])
def test_fit_takes_exact_steps(impl, lr, epochs):
    """w, b and the whole history after a few steps are those of gradient descent from 0"""
    x, y = normal(6, shift=0.5), normal(6, shift=2.0)
    w, b, history = three(same_inputs(impl, "fit", x, y, lr, epochs))
    right = fit(x, y, lr, epochs)
    likely = {
        "descent without the factor 2 of the gradient": fit(x, y, lr, epochs, half),
        "descent that leaves b at 0": fit(x, y, lr, epochs, fixed_bias),
        "ascent": fit(x, y, lr, epochs, uphill),
    }
    of = f"fit(x, y, {lr=}, {epochs=})"
    history = losses(history, epochs)
    for i in range(epochs):
        mistakes = {name: wrong[2][i] for name, wrong in likely.items()}
        if i == 0:
            mistakes["the sum of the squared errors"] = right[2][0] * len(x)
        if i + 1 < epochs:
            mistakes["the loss after the step"] = right[2][i + 1]
        number(history[i], right[2][i], of=f"history[{i}] of {of}", rtol=1e-4, mistakes=mistakes)
    for i, (name, found) in enumerate((("w", w), ("b", b))):
        mistakes = {name: wrong[i] for name, wrong in likely.items()}
        close(found, right[i], of=f"{name} of {of}", mistakes=mistakes)


@pytest.mark.grade(points=1, seconds=LONG)
def test_fit_has_its_defaults(impl):
    """fit takes 100 steps of 0.1 unless told otherwise"""
    x, y = uniform(8, low=-1), normal(8)
    w, b, history = three(impl.fit(x, y))
    right = fit(x, y, 0.1, 100)
    number(losses(history, 100)[-1], right[2][-1], of="the last loss of fit(x, y)", rtol=1e-3)
    close(w, right[0], of="w of fit(x, y)")
    close(b, right[1], of="b of fit(x, y)")


@pytest.mark.grade(points=1)
def test_fit_keeps_the_dtype(impl):
    """w and b have the dtype of x, and float64 is computed in float64"""
    x, y = normal(6), normal(6)
    for found, name in zip(three(impl.fit(x, y, 0.05, 2))[:2], "wb", strict=True):
        dtype(found, "float32", of=f"{name} of fit on float32 tensors")
    found = three(impl.float64.fit(x, y, 0.05, 20))
    for i, name in enumerate("wb"):
        dtype(found[i], "float64", of=f"{name} of fit on float64 tensors")
        close(
            found[i],
            fit(x, y, 0.05, 20)[i],
            of=f"{name} of fit on float64 tensors",
            rtol=1e-6,
            atol=1e-7,
        )


@pytest.mark.grade(points=2, hint=STEP, seconds=LONG)
@pytest.mark.parametrize(
    ("slope", "offset", "column"), [(2.0, 0.0, False), (3.0, 1.0, True), (-0.5, 4.0, False)]
)
def test_fit_finds_the_line(impl, slope, offset, column):
    """from points of y = 2x, y = 3x + 1 and others, fit finds the line"""
    x = uniform(20, low=-2.0, high=2.0)
    y = slope * x + offset
    sent = x[:, None] if column else x
    w, b, history = three(impl.fit(sent, y, lr=0.1, epochs=200))
    of = f"of fit on y = {slope:g} x + {offset:g}, x {sent.shape}"
    close(w, slope, of=f"w {of}", atol=0.01)
    close(b, offset, of=f"b {of}", atol=0.01)
    history = np.asarray(losses(history, 200))
    rising = np.flatnonzero(np.diff(history) > 1e-6)
    holds(
        not len(rising),
        f"the loss {of} rises in epoch {rising[0] + 1 if len(rising) else 0}, but should only fall",
    )


@pytest.mark.grade(
    points=2,
    hint="The bias needs thousands of steps: x far from 0 slows it down.",
    seconds=LONGEST,
)
def test_fit_converts_celsius_to_fahrenheit(impl):
    """from pairs of temperatures, fit finds Fahrenheit = 1.8 Celsius + 32"""
    celsius = np.arange(-24.0, 40.0, 4.0) + normal(16)
    w, b, _ = three(impl.fit(celsius, 1.8 * celsius + 32, lr=2e-3, epochs=2000))
    close(w, 1.8, of="w of Fahrenheit = w Celsius + b", atol=0.01)
    close(b, 32.0, of="b of Fahrenheit = w Celsius + b", atol=0.1)


@pytest.mark.grade(points=2, hint=STEP, seconds=LONG)
def test_fit_agrees_with_least_squares(impl):
    """on a noisy line, fit finds what least squares finds"""
    x = uniform(60, low=-1.0, high=3.0)
    y = normal() * x + normal() + normal(60, scale=0.5)
    slope, offset = np.polyfit(x, y, 1)
    w, b, _ = three(impl.fit(x, y, lr=0.1, epochs=400))
    close(w, slope, of="w of fit on a noisy line", atol=0.01)
    close(b, offset, of="b of fit on a noisy line", atol=0.01)


@pytest.mark.grade(points=2, seconds=LONG)
@pytest.mark.parametrize("name", ["predict", "mse_gradients", "fit"])
def test_functions_keep_the_contracts_words(impl, name):
    """each function keeps what docs/contract.md says of every function"""
    x, y = normal(5, 1), normal(5)
    if name == "predict":
        options = {"expected": lambda x, w, b: w * x.reshape(-1) + b}
        conform(impl, name, [x, normal(), normal()], rows=[0], rowwise=True, **options)
    elif name == "mse_gradients":
        options = {"expected": lambda x, y, w, b: gradients(x.reshape(-1), y, w, b)}
        conform(impl, name, [x, y, normal(), normal()], rows=[0, 1], **options)
    else:

        def oracle(x, y, lr, epochs):
            w, b, history = fit(x.reshape(-1), y, lr, epochs)
            return np.float64(w), np.float64(b), [float(loss) for loss in history]

        options = {"expected": oracle, "rows": [0, 1], "without": ["gradients"]}
        conform(impl, name, [x, y], {"lr": 0.03, "epochs": 3}, **options)


@pytest.mark.grade(
    points=1, hint="w and b may be Python numbers, which have no dtype of their own."
)
def test_lines_may_be_python_numbers(impl):
    """predict and mse_gradients take Python numbers for w and b"""
    x, y, w, b = normal(6), normal(6), 0.1, -1 / 3
    # A constant may have been rounded to float32, also where little remains of a difference.
    forms = (impl, "float32", 1e-4, 1e-5), (impl.float64, "float64", 1e-6, 1e-6)
    for submission, kind, digits, last in forms:
        found = submission.predict(x, w, b)
        close(found, w * x + b, of="predict(x, 0.1, -1/3)", dtype=kind, rtol=digits, atol=last)
        close(submission.predict(x, 2, 1), 2 * x + 1, of="predict(x, 2, 1)", dtype=kind)
        found = items(submission.mse_gradients(x, y, w, b), "mse_gradients", ("dw", "db"))
        for i, right in enumerate(gradients(x, y, w, b)):
            of = f"{('dw', 'db')[i]} of mse_gradients(x, y, 0.1, -1/3)"
            close(found[i], right, of=of, dtype=kind, rtol=digits, atol=last)


@pytest.mark.grade(points=2, hint="No step is skipped, clipped or made smaller.", seconds=LONG)
@pytest.mark.parametrize(
    ("size", "far", "lr"), [(1e-6, 0.5, 0.05), (1e6, 0.5, 0.05), (1, 200, 1e-5)]
)
def test_fit_takes_steps_of_any_size(impl, size, far, lr):
    """the steps are those of gradient descent for y of 1e-6 and of 1e6 and for x of 200, too, to the last of 60"""
    x, y = normal(7, shift=far), normal(7, scale=size)
    of = f"fit(x, y, {lr=}, epochs=60) for y of {size:g} and x of {far:g}"
    w, b, history = three(impl.float64.fit(x, y, lr, 60))
    right = fit(x, y, lr, 60)
    recorded(history, right[2], of, rtol=1e-6, atol=1e-9 * size**2)
    close(w, right[0], of=f"w of {of}", rtol=1e-6, atol=1e-9 * size)
    close(b, right[1], of=f"b of {of}", rtol=1e-6, atol=1e-9 * size)
    found = impl.float64.mse_gradients(x, y, np.float64(0.5), np.float64(-0.5))
    for i, expected in enumerate(gradients(x, y, 0.5, -0.5)):
        of = f"{('dw', 'db')[i]} of mse_gradients for y of {size:g}"
        close(found[i], expected, of=of, rtol=1e-9)


@pytest.mark.grade(points=1, hint="The loop over the epochs may run no times.")
def test_fit_may_take_no_steps(impl):
    """no epochs leave w and b at 0, and an empty history"""
    w, b, history = three(impl.fit(normal(4), normal(4), lr=0.1, epochs=0))
    close(w, 0.0, of="w after no steps")
    close(b, 0.0, of="b after no steps")
    losses(history, 0, "fit(x, y, lr=0.1, epochs=0)", "float")
    found = three(impl.float64.fit(normal(4), normal(4), lr=0.1, epochs=0))
    for value, name in zip(found[:2], "wb", strict=True):
        close(value, 0.0, of=f"{name} after no steps on float64 tensors", dtype="float64")


@pytest.mark.grade(points=1, hint="Take `epochs` steps, whatever the losses are.")
def test_fit_takes_all_its_steps(impl):
    """a loss that no longer falls, rises, is 0 at once or overflows ends nothing: all `epochs` steps are taken"""
    for x, y in ((normal(4), np.zeros(4)), (np.array([1.0, -1.0]), np.array([1.0, -1.0]))):
        of = f"fit({np.round(x, 2).tolist()}, {y.tolist()}, lr=0.5, epochs=6)"
        _, _, history = three(impl.fit(x, y, lr=0.5, epochs=6))
        recorded(history, fit(x, y, 0.5, 6)[2], of, atol=1e-9)
    # Each step makes the loss 33 times as large.
    of = "fit([1, 2], [1, 0], lr=1.0, epochs=5), whose loss rises"
    right = fit(np.array([1.0, 2.0]), np.array([1.0, 0.0]), 1.0, 5)
    w, b, history = three(impl.fit(np.array([1.0, 2.0]), np.array([1.0, 0.0]), lr=1.0, epochs=5))
    recorded(history, right[2], of)
    close(w, right[0], of=f"w of {of}")
    close(b, right[1], of=f"b of {of}")
    # The loss of a step of 1e6 grows by 1e12 or more: from the fifth on, no float32 holds it.
    _, _, history = three(impl.fit(np.array([1.0, 2.0]), np.array([1.0, 0.0]), lr=1e6, epochs=8))
    equal(
        len(history), 8, of="the number of losses of fit(x, y, lr=1e6, epochs=8), which diverges,"
    )


@pytest.mark.grade(points=1, hint="Every point counts as much as every other.")
def test_fit_uses_every_point(impl):
    """w and b depend on each of 40 points, the last one too"""
    x, y = normal(40), normal(40)
    y[[0, 20, 39]] += 50.0  # points that nobody can leave out unseen
    right = fit(x, y, 0.05, 3)
    for xs, ys in ((x, y), (x, y[:, None]), (x[:, None], y[:, None])):
        w, b, history = three(impl.fit(xs, ys, 0.05, 3))
        of = "fit of 40 points, of which the first, the 21st and the last lie far off"
        of += f", x {xs.shape}, y {ys.shape}"
        recorded(history, right[2], of)
        close(w, right[0], of=f"w of {of}")
        close(b, right[1], of=f"b of {of}")
