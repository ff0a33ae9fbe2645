"""Hidden checks of exercises/forecasting.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring.adam import RATE, STEPS, expect_betas, expect_epsilon
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.expect import (
    close,
    dtype,
    equal,
    full_size,
    generator,
    holds,
    normal,
    number,
    raises,
    random_seed,
    shape,
)
from katagrad.authoring.initial import default_dense, default_lstm
from katagrad.authoring.minibatches import expect_epochs, expect_rng_decides, visited
from katagrad.authoring.oracle import EPSILON, OTHER_EPSILON, UNDECIDED, Adam
from katagrad.authoring.recurrence import lstm, lstm_layers
from katagrad.authoring.states import expect_frozen, old_gradients
from katagrad.authoring.structure import every_epoch, keys, pair, recorded
from katagrad.authoring.threshold import Threshold

LAST = "The last window ends with the last step of the series: T - lookback - horizon + 1 starts."
STACK = "All states of one LSTM are the input of the next; the linear layer reads the last state."
FEED = "Append the forecasts to the values, and let the model see the last L of them."
PAST = "Scale by fit_scaler(past); make windows of past and future apart."
NAMES = ("network", "persistence", "autoregression")
PLAN = {"share": 0.6, "lookback": 4, "horizon": 3, "units": (3,)}
TRAINING = {"epochs": 2, "lr": 0.01, "batch": 8}


# -- oracle ----------------------------------------------------------------------------------------


def time_split(series, share):
    cut = int(share * len(series))
    return series[:cut], series[cut:]


def fit_scaler(series):
    return series.mean(), np.where(np.ptp(series) > 0, series.std(), 1.0)[()]


def windows(series, lookback, horizon=1, stride=1):
    starts = np.arange(0, len(series) - lookback - horizon + 1, stride)
    x = series[starts[:, None] + np.arange(lookback)]
    return x[..., None], series[starts[:, None] + lookback + np.arange(horizon)]


def persistence(x, horizon):
    return np.repeat(x[:, -1], horizon, axis=1)


def design(x):
    return np.concatenate([x[:, :, 0], np.ones((len(x), 1))], axis=1)


def autoregression(x, y, new_x):
    return design(new_x) @ np.linalg.lstsq(design(x), y, rcond=None)[0]


def network(layers, x):
    """What the stacked LSTM of `impl.layers` computes, (B, H)."""
    for layer in lstm_layers(layers):
        x = lstm(x, layer)
    return x[:, -1] @ layers[-1]["kernel"] + layers[-1]["bias"]


def forecast(kernel, bias, history, steps):
    values = list(history)
    while len(values) < len(history) + steps:
        values += list(np.array(values[-len(history) :]) @ kernel + bias)
    return np.array(values[len(history) : len(history) + steps])


def trained(kernel, bias, x, y, epochs, lr, batch, epsilon=EPSILON):
    """(kernel, bias, losses) of a linear model after Adam, with the rows in their order."""
    adam, flat, history = Adam(lr, epsilon), x[:, :, 0], []
    for _ in range(epochs):
        total = 0.0
        for i in range(0, len(x), batch):
            rows, error = (
                flat[i : i + batch],
                flat[i : i + batch] @ kernel + bias - y[i : i + batch],
            )
            total += (error**2).mean() * len(rows)
            g = 2 * error / error.size
            kernel, bias = adam.moved("k", kernel, rows.T @ g), adam.moved("b", bias, g.sum(0))
        history.append(total / len(x))
    return kernel, bias, history


def linear(impl, kernel, bias):
    """The grader's own model: (B, L, 1) to (B, H) by one dense layer, so that every forecast is known."""
    first = {"type": "input", "shape": (len(kernel), 1)}
    return impl.sequential(first, "flatten", {"type": "dense", "kernel": kernel, "bias": bias})


# -- the split, the scaler and the windows ---------------------------------------------------------


@pytest.mark.grade(points=1)
@pytest.mark.parametrize(
    ("steps", "share"), [(10, 0.5), (11, 0.7), (7, 0.9), (2, 0.5), (100, 0.99)]
)
def test_split_follows_time(impl, steps, share):
    """the past is the first floor(share T) steps, the future the rest, both in order"""
    series = normal(steps)
    expected = time_split(series, share)
    found = pair(impl.time_split(series, share), f"time_split(series, {share})", ("past", "future"))
    close(found, expected, of=f"time_split(series of {steps} steps, {share})")


@pytest.mark.grade(points=1)
@pytest.mark.parametrize(
    ("steps", "share"), [(5, 0.1), (5, 1.0), (1, 0.5), (4, 0.0), (4, 1.5), (5, -0.2)]
)
def test_split_leaves_no_part_empty(impl, steps, share):
    """a share that leaves a part without steps raises ValueError"""
    with raises("ValueError", of=f"time_split(series of {steps} steps, {share})"):
        impl.time_split(normal(steps), share)


@pytest.mark.grade(points=1, hint="Divide by T; replace a deviation of 0 by 1.")
@pytest.mark.parametrize(
    "kind", ["noise", "many steps", "far from 0", "tiny", "constant", "one step"]
)
def test_scaler_gives_mean_and_deviation(impl, kind):
    """mean and standard deviation over all steps; 1 for the deviation of a constant series"""
    series = {
        "noise": normal(12, scale=3.0, shift=2.0),
        "many steps": normal(200, scale=3.0, shift=2.0),
        "far from 0": normal(9, scale=0.5, shift=-400.0),
        "tiny": normal(9, scale=1e-9),
        "constant": np.full(6, 7.0),
        "one step": normal(1),
    }[kind]
    of = f"fit_scaler(series), {kind},"
    mean, std = pair(impl.float64.fit_scaler(series), of, ("mean", "standard deviation"))
    mistakes = {"0": 0.0, "the variance": series.var()}
    if kind in ("noise", "many steps"):
        mistakes["that of division by T - 1"] = series.std(ddof=1)
    close(mean, series.mean(), of=f"the mean of {of}")
    close(std, fit_scaler(series)[1], of=f"the deviation of {of}", mistakes=mistakes, atol=1e-18)


@pytest.mark.grade(
    points=1, hint="Ask whether all values are the same: rounding moves the deviation."
)
def test_scaler_knows_a_constant_series(impl):
    """the deviation of a constant series is 1 whatever its value, also where its mean is rounded"""
    for steps in (3, 6, 7, 10, 13, 29):
        for value in (0.1, -1e4 / 3):
            for precision, name in ((impl, ""), (impl.float64, ", in float64")):
                of = f"fit_scaler({steps} steps of {value:g}){name}"
                found = pair(
                    precision.fit_scaler(np.full(steps, value)), of, ("mean", "standard deviation")
                )
                close(found[1], np.float64(1), of=f"the deviation of {of}")


@pytest.mark.grade(points=2, hint=LAST)
@pytest.mark.parametrize(
    ("steps", "lookback", "horizon", "stride"),
    [
        (12, 4, 1, 1),
        (12, 4, 3, 1),
        (13, 3, 2, 4),
        (12, 3, 2, 4),
        (9, 2, 5, 1),
        (5, 1, 1, 7),
        (7, 4, 3, 1),
    ],
)
def test_windows_meet_but_do_not_overlap(impl, steps, lookback, horizon, stride):
    """y begins where x ends, no step is in both, and the last window that fits is there"""
    series = normal(steps)
    of = f"windows(series of {steps} steps, {lookback}, {horizon}, {stride})"
    found = pair(impl.windows(series, lookback, horizon, stride), of, ("x", "y"))
    expected = windows(series, lookback, horizon, stride)
    mistakes = {
        "(x, y) without the last window": tuple(part[:-1] for part in expected),
        "y that begins with the last step of x": (
            expected[0],
            windows(series[: steps - 1], lookback, horizon, stride)[1],
        ),
    }
    starts = len(expected[0])
    mistakes["y that begins one step late"] = (expected[0], np.roll(series, -1)[
        np.arange(starts)[:, None] * stride + lookback + np.arange(horizon)])  # fmt: skip
    close(found, expected, of=of, mistakes=mistakes)


@pytest.mark.grade(points=1)
def test_windows_that_do_not_fit_are_refused(impl):
    """too short a series, and a lookback, horizon or stride below 1, raise ValueError"""
    cases = [(4, 4, 1, 1), (4, 2, 3, 1), (0, 1, 1, 1), (9, 0, 2, 1), (9, 2, 0, 1), (9, 2, 2, 0)]
    for steps, *rest in [*cases, (9, -1, 2, 1), (9, 3, -1, 1), (9, 3, 1, -1)]:
        with raises("ValueError", of=f"windows(series of {steps} steps, {str(rest)[1:-1]})"):
            impl.windows(normal(steps), *rest)


@pytest.mark.grade(points=2)
def test_preparations_keep_the_contracts_words(impl):
    """time_split, fit_scaler and windows keep what docs/contract.md says of every function"""
    series = normal(9, scale=2.0, shift=1.0)
    conform(impl, "time_split", [series, 0.7], expected=time_split, large=[0])
    conform(impl, "fit_scaler", [series], expected=fit_scaler, large=[0])
    conform(impl, "windows", [series, 3], expected=windows, large=[0])
    conform(impl, "windows", [series, 3, 2, 2], expected=windows, large=[0])


# -- the baselines ---------------------------------------------------------------------------------


@pytest.mark.grade(points=1)
@pytest.mark.parametrize(("rows", "lookback", "horizon"), [(4, 3, 2), (1, 1, 1), (2, 2, 4)])
def test_persistence_repeats_the_last_value(impl, rows, lookback, horizon):
    """each step of the forecast is the last value of its window"""
    x = normal(rows, lookback, 1)
    mistakes = {
        "the first value": np.repeat(x[:, 0], horizon, axis=1),
        "the mean of the window": np.repeat(x.mean(1), horizon, axis=1),
    }
    of = f"persistence(x, {horizon})"
    close(impl.persistence(x, horizon), persistence(x, horizon), of=of, mistakes=mistakes)


@pytest.mark.grade(
    points=2, hint="Least squares of y on the L values of a window and a column of 1."
)
@pytest.mark.parametrize(("rows", "lookback", "horizon"), [(20, 3, 2), (9, 5, 1), (30, 1, 4)])
def test_autoregression_fits_by_least_squares(impl, rows, lookback, horizon):
    """the forecast is that of the best linear function with a constant"""
    x, y, new_x = (
        normal(rows, lookback, 1),
        normal(rows, horizon, shift=2.0),
        normal(4, lookback, 1),
    )
    plain = new_x[:, :, 0] @ np.linalg.lstsq(x[:, :, 0], y, rcond=None)[0]
    close(
        impl.float64.autoregression(x, y, new_x),
        autoregression(x, y, new_x),
        of="autoregression(x, y, new_x)",
        mistakes={"the forecast without a constant": plain},
    )


@pytest.mark.grade(points=1)
def test_autoregression_takes_dependent_columns(impl):
    """where the values of a window depend on each other, a best fit is still found"""
    x = np.repeat(normal(12, 1, 1), 3, axis=1)
    y = 2 * x[:, 0] + 1
    new_x = np.repeat(normal(5, 1, 1), 3, axis=1)
    of = "autoregression of windows whose values are all the same"
    close(
        impl.float64.autoregression(x, y, new_x), 2 * new_x[:, 0] + 1, of=of, rtol=1e-3, atol=1e-3
    )


@pytest.mark.grade(points=1)
def test_baselines_keep_the_contracts_words(impl):
    """persistence and autoregression keep what docs/contract.md says of every function"""
    x = normal(5, 4, 1)
    conform(impl, "persistence", [x, 3], expected=persistence, rows=[0], rowwise=True, large=[0])
    # Nothing has to be repeated for one step, so the windows themselves are easily given back.
    conform(impl, "persistence", [x, 1], expected=persistence, only=["result", "shared"])
    given = [normal(12, 3, 1), normal(12, 2), normal(4, 3, 1)]
    options = {"rows": [2], "tolerance": 1e-3, "large": [1]}
    conform(impl, "autoregression", given, expected=autoregression, **options)


# -- the network -----------------------------------------------------------------------------------


@pytest.mark.grade(points=3, hint=STACK)
@pytest.mark.parametrize(("units", "horizon"), [((5,), 1), ((4, 3), 2), ((2, 3, 4), 3)])
def test_build_stacks_lstm_layers(impl, units, horizon):
    """LSTM layers of the given widths, each on all states of the one before, then a linear layer"""
    model = impl.fed(impl.build(units, horizon), 6, 1)
    layers, of = impl.layers(model), f"build({units}, {horizon})"
    recurrent = lstm_layers(layers)
    found = [layer["recurrent"].shape[0] for layer in recurrent]
    equal(found, list(units), of=f"the widths of the LSTM layers of {of}")
    equal(
        [layer["kernel"].shape[0] for layer in recurrent],
        [1, *units[:-1]],
        of=f"the inputs of the LSTM layers of {of}",
    )
    holds("kernel" in layers[-1], f"{of} does not end in a dense layer")
    equal(layers[-1]["kernel"].shape, (units[-1], horizon), of=f"the kernel at the end of {of}")
    for lookback in (6, 9):
        x = normal(4, lookback, 1, scale=2.0)
        close(model(x), network(layers, x), of=f"the model of {of} for x {x.shape}", rtol=1e-3)
    close(model(x[:1]), network(layers, x[:1]), of=f"the model of {of} for one row", rtol=1e-3)


@pytest.mark.grade(points=1)
def test_build_draws_its_weights(impl):
    """two models have weights of their own, drawn as the framework draws them, and no setting changes"""
    first, second = (impl.layers(impl.fed(impl.build((4,), 2), 6, 1)) for _ in range(2))
    apart = np.abs(first[-1]["kernel"] - second[-1]["kernel"]).max()
    holds(apart > 1e-3, "two models of build((4,), 2) have the same weights")
    large = impl.layers(impl.fed(impl.build((40, 30, 30, 30), 20), 6, 1))
    default_lstm(impl.framework, lstm_layers(large), "build((40, 30, 30, 30), 20)")
    default_dense(impl.framework, large[-1:], "build((40, 30, 30, 30), 20)")
    conform(
        impl,
        "build",
        [(3, 2), 2],
        only=["settings", "shared", "keywords"],
        gives="anything",
        seeded=True,
    )


@pytest.mark.grade(points=3, seconds=60)
def test_fit_takes_steps_of_adam(impl):
    """with whole batches, a linear model and its losses are those of Adam on the mean squared error"""
    kernel, bias, x, y = normal(4, 3), normal(3), normal(9, 4, 1), normal(9, 3, scale=2.0)
    model = linear(impl, kernel, bias)
    old_gradients(impl, model, x)
    found = impl.fit(model, x, y, 3, 0.05, 16, impl.rng())
    of = "fit(model, x, y, 3, 0.05, 16, rng)"
    plan = kernel, bias, x, y, 3, 0.05, 16
    right, other = trained(*plan), trained(*plan, OTHER_EPSILON)
    mistakes = {"the sum over outputs": 3 * right[2][0]}
    recorded(found, right[2], of=of, mistakes=mistakes)

    def expect_layer(right, other, of):
        after = impl.layers(model)[-1]
        for name, expected, less in zip(("kernel", "bias"), right[:2], other[:2], strict=True):
            same = np.where(np.abs(expected - less) < UNDECIDED, after[name], expected)
            close(same, expected, of=f"the {name} after {of}", rtol=5e-3, atol=5e-3)
        return [np.asarray(after[name], float) for name in ("kernel", "bias")]

    plan = *expect_layer(right, other, of), x, -y, 1, 0.02, 16
    impl.fit(model, x, -y, 1, 0.02, 16, impl.rng())
    of = "a second call, fit(model, x, -y, 1, 0.02, 16, rng)"
    expect_layer(trained(*plan), trained(*plan, OTHER_EPSILON), of)
    # From weights that are nearly right, the first loss stays the smallest: neither the rate nor the weights that are
    # left may depend on it.
    plan = 0 * kernel, 0 * bias, x, 0.01 * y, 16, 0.5, 16
    model = linear(impl, *plan[:2])
    impl.fit(model, *plan[2:], impl.rng())
    of = "fit(model, x, y, 16, 0.5, 16, rng), from weights that are nearly right"
    expect_layer(trained(*plan), trained(*plan, OTHER_EPSILON), of)


@pytest.mark.grade(
    points=1, seconds=30, hint="Frameworks have other defaults for epsilon than 1e-7."
)
def test_fit_uses_the_numbers_of_adam(impl):
    """beta1, beta2 and epsilon of Adam are those of the stub, and what has no gradient stays"""

    def bias(start, epochs, lr):
        # Nothing but the bias has a gradient: the windows are 0, and so are the targets.
        kernel = normal(4, 3)
        model = linear(impl, kernel, start)
        impl.fit(model, np.zeros((5, 4, 1)), np.zeros((5, 3)), epochs, lr, 5, impl.rng())
        after = impl.layers(model)[-1]
        kept = f"the kernel, whose gradient is 0, after fit on windows of zeros, {epochs=}, {lr=}"
        close(after["kernel"], kernel, of=kept, rtol=1e-6, atol=0)
        return after["bias"]

    start = np.array([2.0, -1.5, 1.0])[generator().permutation(3)]
    of = f"fit on windows of zeros, epochs={STEPS}, lr={RATE}"
    expect_betas(bias(start, STEPS, RATE), start, lambda b: 2 * b / 3, of)
    start *= 4e-7
    of = "fit on windows of zeros, with a bias near 0"
    expect_epsilon(bias(start, 1, 1.0), start, 2 * start / 3, 1.0, of)


@pytest.mark.grade(points=2, seconds=30)
def test_fit_takes_every_batch(impl):
    """every batch makes a step, the short last one too, and the loss is the mean over rows"""
    kernel, bias = normal(4, 1), normal(1)
    # All rows alike: whatever the order, each step is known.
    x, y = np.repeat(normal(1, 4, 1), 9, 0), np.full((9, 1), 3.0)
    model = linear(impl, kernel, bias)
    of = "fit on 9 equal rows in batches of 4, 2 epochs"
    recorded(
        impl.fit(model, x, y, 2, 0.05, 4, impl.rng()),
        trained(kernel, bias, x, y, 2, 0.05, 4)[2],
        of=of,
    )
    x, y = normal(7, 4, 1), normal(7, 1) * np.arange(7)[:, None]
    expected = ((x[:, :, 0] @ kernel + bias - y) ** 2).mean()
    found = impl.fit(linear(impl, kernel, bias), x, y, 2, 1e-9, 3, impl.rng())
    recorded(found, [expected] * 2, of="fit on 7 rows in batches of 3, at a learning rate of 1e-9")
    model = linear(impl, 0 * kernel, 0 * bias)
    of = "fit(model, x, y, 4, 0.05, 3, rng) from weights of 0, where every target is 0"
    every_epoch(impl.fit(model, x, 0 * y, 4, 0.05, 3, impl.rng()), 4, of)


@pytest.mark.grade(points=2, seconds=60, hint="Draw rng.permutation inside the loop over epochs.")
def test_fit_draws_a_new_order_each_epoch(impl):
    """each epoch takes each row once, in batches of the size asked for, in a new order from rng"""
    x, y = normal(11, 4, 1), normal(11, 2)

    def run(seed, epochs=1):
        model = linear(impl, normal(4, 2), normal(2))
        return visited(
            impl, model, x, lambda: impl.fit(model, x, y, epochs, 0.01, 4, impl.rng(seed))
        )

    expect_epochs(run(3, 3), 11, 4, 3, "fit(model, x, y, 3, 0.01, 4, rng)")
    expect_rng_decides(run, "fit(model, x, y, 1, 0.01, 4, rng)")


@pytest.mark.grade(points=1, seconds=120)
def test_fit_keeps_the_contracts_words(impl):
    """fit changes its model and nothing else, and answers alike"""
    given = [anew("build", (2,), 1), normal(8, 3, 1), normal(8, 1), 1, 0.01, 3, impl.rng(1)]
    rules = ["result", "untouched", "twice", "rng", "settings"]
    conform(impl, "fit", given, changes=[0], gives="anything", only=rules)
    model = impl.fed(impl.build((2,), 1), 3, 1)
    run = lambda: impl.fit(model, *given[1:3], 1, 0.01, 3, impl.rng())  # noqa: E731
    expect_frozen(impl, model, run, "fit(model, x, y, 1, 0.01, 3, rng)")
    model = linear(impl, normal(3, 1), normal(1))
    equal(impl.fit(model, *given[1:3], 0, 0.01, 3, impl.rng()), [], of="fit of 0 epochs")


@pytest.mark.grade(points=3, hint=FEED)
@pytest.mark.parametrize("steps", [1, 2, 3, 7])
@pytest.mark.parametrize("horizon", [1, 2, 5])
def test_forecast_feeds_on_its_forecasts(impl, horizon, steps):
    """the model sees the last L values, forecasts among them, until there are enough; the rest is cut off"""
    kernel, bias, history = normal(4, horizon, scale=0.4), normal(horizon), normal(4)
    model = linear(impl, kernel, bias)
    expected = forecast(kernel, bias, history, steps)
    first = history @ kernel + bias
    mistakes = {
        "the first forecast, repeated": np.resize(first, steps),
        "the last value, repeated": np.full(steps, history[-1]),
    }
    if horizon > 1:
        values = list(history)
        while len(values) < 4 + steps:
            values.append((np.array(values[-4:]) @ kernel + bias)[0])
        mistakes["forecasts that use only the first of each H"] = np.array(values[4:])
    found = impl.forecast(model, history, steps)
    close(
        found,
        expected,
        of=f"forecast(model of horizon {horizon}, history, {steps})",
        mistakes=mistakes,
    )


@pytest.mark.grade(points=1, seconds=60)
def test_forecast_keeps_the_contracts_words(impl):
    """forecast leaves history and model as they were, and answers alike"""
    given = [anew("build", (3,), 2), normal(5), 3]
    conform(impl, "forecast", given, without=["float64", "digits", "memory"])
    kernel, bias, history = normal(300, 2, scale=0.05), normal(2), normal(300)
    found = impl.forecast(linear(impl, kernel, bias), history, 5)
    close(
        found,
        forecast(kernel, bias, history, 5),
        of="forecast of a history of 300 values",
        rtol=1e-3,
    )
    kernel, bias, history = normal(4, 2, scale=0.4), normal(2), normal(4)
    for size in (1e-3, 1e6):
        found = impl.forecast(linear(impl, kernel, size * bias), size * history, 5)
        expected = forecast(kernel, size * bias, size * history, 5)
        of = f"forecast of values about {size:g}"
        close(found, expected, of=of, rtol=1e-3, atol=1e-4 * size, dtype="float32")


# -- the whole -------------------------------------------------------------------------------------


def evaluated(impl, series, seed, rng_seed=3, **changes):
    """(forecasts, errors) of the submission, with the global generators seeded."""
    plan = {**PLAN, **TRAINING, **changes}
    impl.seed(seed)
    found = impl.evaluate(series, rng=impl.rng(rng_seed), **plan)
    forecasts, errors = pair(found, "evaluate(...)", ("forecasts", "errors"))
    keys(forecasts, "the forecasts of evaluate(...)", NAMES)
    keys(errors, "the errors of evaluate(...)", NAMES)
    return forecasts, errors


def parts(series, share=0.6, lookback=4, horizon=3):
    """(x, y) of the past, scaled, (x, y) of the future, scaled, mean and deviation."""
    past, future = time_split(series, share)
    mean, std = fit_scaler(past)
    return (
        *windows((past - mean) / std, lookback, horizon),
        *windows((future - mean) / std, lookback, horizon),
        mean,
        std,
    )


@pytest.mark.grade(points=3, hint=PAST, seconds=60)
@pytest.mark.parametrize(("size", "lookback"), [(1.0, 2), (1e-4, 4), (1e4, 4)])
def test_evaluate_reports_the_baselines(impl, size, lookback):
    """the baselines' forecasts and errors are in the units of the series, on windows of the future alone"""
    series = size * (np.cumsum(normal(61)) * 3 + 50)
    x, y, new_x, new_y, mean, std = parts(series, lookback=lookback)
    forecasts, errors = evaluated(impl, series, random_seed(), lookback=lookback)
    right = new_y * std + mean
    for name, scaled in {
        "persistence": persistence(new_x, 3),
        "autoregression": autoregression(x, y, new_x),
    }.items():
        expected = scaled * std + mean
        of = f"forecasts[{name!r}] of evaluate(series, ...)"
        near = {"rtol": 1e-3, "atol": 0.02 * size, "dtype": "float32"}
        close(
            forecasts[name],
            expected,
            of=of,
            mistakes={"the forecasts in scaled units": scaled},
            **near,
        )
        of = f"errors[{name!r}] of evaluate(series, ...)"
        wanted = np.abs(expected - right).mean()
        wrong = {"in scaled units": wanted / std, "squared": ((expected - right) ** 2).mean()}
        holds(isinstance(errors[name], float), f"{of} is not a Python float")
        number(errors[name], wanted, of=of, rtol=1e-3, atol=1e-3 * size, mistakes=wrong)
    of = "forecasts['network'] of evaluate(series, ...)"
    shape(forecasts["network"], right.shape, of=of)
    dtype(forecasts["network"], "float32", of=of)
    of = "errors['network'] of evaluate(series, ...)"
    holds(isinstance(errors["network"], float), f"{of} is not a Python float")
    wanted = np.abs(forecasts["network"] - right).mean()
    number(errors["network"], wanted, of=of, rtol=1e-3, atol=1e-3 * size)


@pytest.mark.grade(points=2, hint=PAST, seconds=60)
def test_evaluate_does_not_look_ahead(impl):
    """the last step of the series is only ever a target: no forecast changes with it"""
    series, seed = np.cumsum(normal(61)) + 20, random_seed()
    other = series.copy()
    other[-1] += 500.0
    first, _ = evaluated(impl, series, seed)
    second, _ = evaluated(impl, other, seed)
    for name in NAMES:
        of = f"forecasts[{name!r}] of evaluate(...) with another last step"
        close(second[name], first[name], of=of, rtol=1e-2, atol=1e-2)


@pytest.mark.grade(points=2, hint=PAST, seconds=60)
def test_evaluate_works_in_any_units(impl):
    """forecasts and errors follow the units of the series"""
    series, seed = np.cumsum(normal(61)), random_seed()
    first, before = evaluated(impl, series, seed)
    second, after = evaluated(impl, 40 * series + 300, seed)
    for name in NAMES:
        of = f"{name!r}] of evaluate(40 * series + 300, ...)"
        expected = 40 * first[name] + 300
        close(second[name], expected, of=f"forecasts[{of}", rtol=5e-3, atol=0.5)
        number(after[name], 40 * before[name], of=f"errors[{of}", rtol=1e-2, atol=0.5)


@pytest.mark.grade(points=1, seconds=90)
def test_evaluate_uses_its_settings(impl):
    """learning rate, epochs, batch size, widths, rng and every window change the network's forecasts"""
    series, seed = np.cumsum(normal(61)), random_seed()
    usual = evaluated(impl, series, seed)[0]["network"]
    others = {"lr": 0.1, "epochs": 4, "batch": 3, "units": (5,), "rng_seed": 4}
    for name, value in others.items():
        other = evaluated(impl, series, seed, **{name: value})[0]["network"]
        holds(
            np.abs(other - usual).max() > 1e-5,
            f"evaluate gives the same forecasts for {name}={value!r} as without it",
        )
    # The past has 36 steps, and its scaler does not see which of them come last. A stride that is not 1, or a window
    # too few, would not see it, either.
    series[34:36] = series[:36].mean() + 3 * np.array([-1, 1]) * series[:36].std()
    other = series.copy()
    other[34:36] = series[[35, 34]]
    one, two = (evaluated(impl, given, seed)[0]["network"] for given in (series, other))
    holds(
        np.abs(one - two).max() > 1e-4 * series.std(),
        "evaluate gives the same forecasts if the last two steps of the past change places, so the network was not "
        "trained on all windows of the past",
    )


@pytest.mark.grade(points=1, seconds=120)
def test_evaluate_keeps_the_contracts_words(impl):
    """evaluate leaves the series as it was, answers alike, and draws from rng"""
    plan = {**PLAN, **TRAINING, "rng": impl.rng(3)}
    rules = ["result", "untouched", "twice", "settings", "views"]
    conform(
        impl, "evaluate", [np.cumsum(normal(41))], plan, only=rules, gives="anything", seeded=True
    )


def share_of_persistence(impl, series, seed, **plan):
    """The network's error over that of persistence; the baselines stand beside it in the message."""
    impl.seed(seed)
    forecasts, _errors = impl.evaluate(series, rng=impl.rng(seed), **plan)
    _past, future = time_split(series, plan["share"])
    _, right = windows(future, plan["lookback"], plan["horizon"])
    shape(forecasts["network"], right.shape, of="forecasts['network'] of evaluate(...)")
    last = np.abs(
        persistence(windows(future, plan["lookback"], plan["horizon"])[0], plan["horizon"]) - right
    )
    return float(np.abs(forecasts["network"] - right).mean() / last.mean())


TWO_TONES = Threshold(
    "error of the network over that of persistence, on two tones (linear autoregression: 0.3)",
    at_most=0.75,
    torch=[0.4946, 0.4514, 0.3088, 0.4489, 0.3423, 0.3846, 0.554, 0.5883, 0.4783, 0.4515],
    tensorflow=[0.3322, 0.3654, 0.371, 0.5074, 0.3562, 0.4288, 0.4491, 0.4374, 0.3897, 0.3988],
)


@TWO_TONES.measured_by
def two_tones(impl, seed):
    series = data.two_tone(420, np.random.default_rng(seed))
    plan = {"share": 0.75, "lookback": 12, "horizon": 2, "units": (12, 8)}
    return share_of_persistence(impl, series, seed, **plan, epochs=12, lr=0.04, batch=32)


ETTH1 = Threshold(
    "error of the network over that of persistence, on ETTh1 (linear autoregression: 0.67)",
    at_most=0.85,
    torch=[0.7084, 0.722, 0.7292, 0.7114, 0.7116, 0.7064, 0.7447, 0.736, 0.7189, 0.7032],
    tensorflow=[0.7655, 0.7728, 0.7293, 0.7423, 0.7147, 0.7316, 0.7279, 0.7451, 0.7934, 0.7484],
)


@ETTH1.measured_by
def etth1(impl, seed):
    series = data.etth1()[:1500, data.ETTH1_COLUMNS.index("HUFL")]
    plan = {"share": 0.75, "lookback": 24, "horizon": 12, "units": (16,)}
    return share_of_persistence(impl, series, seed, **plan, epochs=15, lr=0.01, batch=32)


@pytest.mark.grade(points=2, seconds=240)
def test_network_beats_persistence(impl):
    """its median error is at most 0.75 of that of persistence on two tones, or 0.85 on ETTh1 where that is present"""
    (ETTH1 if full_size("etth1") else TWO_TONES).expect(impl)
