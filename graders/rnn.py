"""Hidden checks of exercises/rnn.py."""

from functools import partial

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring.adam import expect_epsilon, expect_history
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_least,
    at_most,
    close,
    dtype,
    equal,
    from_scratch,
    generator,
    holds,
    normal,
    number,
    opaque,
)
from katagrad.authoring.minibatches import expect_new_batches, followed
from katagrad.authoring.oracle import Adam, slopes
from katagrad.authoring.structure import every_epoch, losses, pair
from katagrad.authoring.threshold import Threshold
from katagrad.errors import Failure

TIME = "xs is (B, T, D): step t is xs[:, t]."
THROUGH = (
    "The gradient by h_t is its own part of dhs, and what comes back from step t + 1 through wh."
)
MASK = "where(mask[:, t, None], new state, state before), forward and backward."
NAMES = ("wx", "wh", "b")


# -- oracle ----------------------------------------------------------------------------------------


def forward(xs, h0, wx, wh, b, mask=None):
    """(B, T, H) states."""
    h, hs = h0, []
    for t in range(xs.shape[1]):
        new = np.tanh(xs[:, t] @ wx + h @ wh + b)
        h = new if mask is None else np.where(mask[:, t, None], new, h)
        hs.append(h)
    return np.stack(hs, 1)


def backward(dhs, xs, h0, wx, wh, b, mask=None):
    """(dxs, dh0, dwx, dwh, db), and the gradients by each state (T, B, H)."""
    hs = forward(xs, h0, wx, wh, b, mask)
    mask = np.ones(xs.shape[:2], bool) if mask is None else mask
    dxs, dwx, dwh, db, dh = np.zeros_like(xs), 0 * wx, 0 * wh, 0 * b, np.zeros_like(h0)
    by_step = []
    for t in range(xs.shape[1])[::-1]:
        dh = dh + dhs[:, t]
        by_step.insert(0, dh)
        here = mask[:, t, None]
        dz = np.where(here, dh * (1 - hs[:, t] ** 2), 0)
        dxs[:, t] = dz @ wx.T
        dwx, db = dwx + np.where(here, xs[:, t], 0).T @ dz, db + dz.sum(0)
        dwh = dwh + (hs[:, t - 1] if t else h0).T @ dz
        dh = dz @ wh.T + np.where(here, 0, dh)
    return (dxs, dh, dwx, dwh, db), np.stack(by_step)


def problem(batch=4, steps=5, inputs=3, units=2, scale=0.7):
    """Arguments of rnn_forward but for the mask; all axes differ, no weight is near zero."""
    return (
        normal(batch, steps, inputs),
        normal(batch, units, scale=0.5),
        normal(inputs, units, scale=scale),
        normal(units, units, scale=scale),
        normal(units, scale=scale),
    )


def some_mask(batch, steps):
    """A mask with true and false in each column, and a row without a single step."""
    mask = generator().random((batch, steps)) < 0.6
    mask[0], mask[1, -1], mask[2, -1] = False, False, True
    return mask


def behind(xs, mask):
    """xs with NaN and infinity by turns where the mask is false."""
    turns = np.where(np.indices(mask.shape).sum(0) % 2, np.nan, np.inf)
    return np.where(mask[..., None], xs, turns[..., None])


# -- the cell and the sequence ---------------------------------------------------------------------


@pytest.mark.grade(points=1)
def test_all_is_written_from_scratch(impl):
    """no recurrent layer of the framework, and no automatic differentiation"""
    names = ("rnn_step", "rnn_forward", "rnn_backward", "gradient_by_step", "predict", "train")
    from_scratch(impl, *names)


@pytest.mark.grade(points=2)
@pytest.mark.parametrize(("batch", "inputs", "units"), [(4, 3, 2), (1, 1, 5), (3, 2, 2)])
def test_step_is_tanh_of_both_products(impl, batch, inputs, units):
    """the next state is tanh(x wx + h wh + b)"""
    xs, h, wx, wh, b = problem(batch, 1, inputs, units)
    x = xs[:, 0]
    plain = x @ wx + h @ wh + b
    close(
        impl.rnn_step(x, h, wx, wh, b),
        np.tanh(plain),
        of="rnn_step(x, h, wx, wh, b)",
        mistakes={
            "the sum without tanh": plain,
            "the state without its history": np.tanh(x @ wx + b),
            "the product with wh transposed": np.tanh(x @ wx + h @ wh.T + b),
            "the bias left out": np.tanh(x @ wx + h @ wh),
        },
    )
    large = 1000 * x
    expected = np.tanh(large @ wx + h @ wh + b)
    close(impl.rnn_step(large, h, wx, wh, b), expected, of="rnn_step(1000 * x, h, wx, wh, b)")


@pytest.mark.grade(points=1)
def test_functions_keep_the_contracts_words(impl):
    """rnn_step and predict keep dtypes and views, and leave their arguments as they were"""
    xs, h, wx, wh, b = problem(4, 1, 3, 2)
    oracle = lambda x, h, wx, wh, b: np.tanh(x @ wx + h @ wh + b)  # noqa: E731
    conform(impl, "rnn_step", [xs[:, 0], h, wx, wh, b], expected=oracle, rows=[0, 1], rowwise=True)
    conform(
        impl,
        "predict",
        [weights(3, 4, 2), normal(5, 6, 3)],
        expected=predict,
        rows=[1],
        rowwise=True,
    )
    params, xs = weights(3, 4, 2), normal(5, 6, 3)
    params |= {name: 1e6 * params[name] for name in ("wo", "bo")}
    # Steps of zeros are steps, and a dict has no places: the names tell which is which.
    xs[1, 4:] = 0
    turned = dict(reversed(params.items()))
    of = "predict(params, xs) in float64, with wo and bo about 1e6"
    close(impl.float64.predict(turned, xs), predict(params, xs), of=of)


@pytest.mark.grade(points=2, hint=TIME)
@pytest.mark.parametrize(("batch", "steps"), [(4, 5), (1, 1), (5, 5), (2, 7)])
def test_forward_carries_the_state(impl, batch, steps):
    """every state follows from the one before, and the first from h0; batch comes first, then time"""
    arguments = problem(batch, steps)
    xs, h0, wx, wh, b = arguments
    expected = forward(*arguments)
    found, _ = impl.rnn_forward(*arguments, returns=(None, opaque))
    mistakes = {
        "states that forget the one before": np.tanh(xs @ wx + b),
        "states from a first state of zeros": forward(xs, 0 * h0, wx, wh, b),
        "the states in reverse": forward(xs[:, ::-1], h0, wx, wh, b)[:, ::-1],
    }
    if batch == steps:
        mistakes["time first, then batch"] = forward(xs.swapaxes(0, 1), h0, wx, wh, b).swapaxes(
            0, 1
        )
    close(found, expected, of="the states of rnn_forward(xs, h0, wx, wh, b)", mistakes=mistakes)


@pytest.mark.grade(points=2, hint=MASK)
def test_forward_keeps_the_state_where_masked(impl):
    """a masked step keeps the state, whatever x holds there, also NaN or infinity; other rows go on"""
    arguments = problem(5, 6)
    mask = some_mask(5, 6)
    xs = behind(arguments[0], mask)
    expected = forward(arguments[0], *arguments[1:], mask)
    found, _ = impl.rnn_forward(xs, *arguments[1:], mask, returns=(None, opaque))
    close(
        found,
        expected,
        of="the states of rnn_forward(..., mask), with NaN and inf in the masked steps",
        mistakes={
            "the mask ignored": forward(*arguments),
            "states of 0 where masked": np.where(mask[..., None], expected, 0),
            "the mask inverted": forward(arguments[0], *arguments[1:], ~mask),
        },
    )
    whole, _ = impl.rnn_forward(*arguments, mask | True, returns=(None, opaque))
    close(whole, forward(*arguments), of="the states with a mask that is true everywhere")
    far = 2.0**20 * arguments[1]
    held, _ = impl.rnn_forward(xs, far, *arguments[2:], mask, returns=(None, opaque))
    of = "the states of a row without a single step, whose h0 is about 1e6"
    close(held[0], np.tile(far[0], (6, 1)), of=of)


# -- back-propagation through time -----------------------------------------------------------------


def differentiate(impl, dhs, arguments, *mask):
    _, cache = impl.rnn_forward(*arguments, *mask, returns=(None, opaque))
    return impl.rnn_backward(dhs, cache)


def compare(found, expected, of, rtol=None, mistakes=None):
    for name, one, wanted in zip(("dxs", "dh0", "dwx", "dwh", "db"), found, expected, strict=True):
        named = {key: value[name] for key, value in (mistakes or {}).items() if name in value}
        close(one, wanted, of=f"{name} of {of}", rtol=rtol, mistakes=named)


@pytest.mark.grade(points=4, hint=THROUGH)
@pytest.mark.parametrize(
    ("batch", "steps", "inputs", "units"), [(4, 5, 3, 2), (1, 1, 2, 3), (3, 6, 1, 4)]
)
def test_backward_goes_through_time(impl, batch, steps, inputs, units):
    """all five gradients are right for a loss with a part at every step"""
    arguments = problem(batch, steps, inputs, units)
    dhs = normal(batch, steps, units)
    expected, _ = backward(dhs, *arguments)
    last = dhs * 0
    last[:, -1] = dhs[:, -1]
    hs = forward(*arguments)
    dz = dhs * (1 - hs**2)
    mistakes = {
        "that of a loss of the last step alone": dict(
            zip(("dxs", "dh0", "dwx", "dwh", "db"), backward(last, *arguments)[0], strict=True)
        ),
        "that of single steps, without what comes back from later ones": {
            "dxs": dz @ arguments[2].T,
            "dwx": np.einsum("btd,bth->dh", arguments[0], dz),
            "db": dz.sum((0, 1)),
        },
    }
    found = differentiate(impl, dhs, arguments)
    equal(len(found), 5, of="the number of gradients of rnn_backward")
    compare(found, expected, "rnn_backward(dhs, cache)", mistakes=mistakes)


@pytest.mark.grade(points=1, hint=THROUGH)
def test_backward_is_exact_in_float64(impl):
    """in float64, the gradients are those of central differences, also of large losses and over many steps"""
    arguments = problem(2, 4, 2, 3)
    dhs, wide = normal(2, 4, 3), impl.float64
    loss = lambda: float((forward(*arguments) * dhs).sum())  # noqa: E731
    found = differentiate(wide, dhs, arguments)
    for one, given, name in zip(found, arguments, ("dxs", "dh0", "dwx", "dwh", "db"), strict=True):
        of = f"{name} of rnn_backward in float64"
        dtype(one, "float64", of=f"{name} for float64 inputs")
        # A central difference is off by about 1e-9, which is much of a slope that is nearly 0.
        close(one, slopes(loss, given), of=of, rtol=1e-6, atol=1e-8)
    compare(found, backward(dhs, *arguments)[0], "rnn_backward in float64", rtol=1e-6)
    large = [1e6 * one for one in backward(dhs, *arguments)[0]]
    found = differentiate(wide, 1e6 * dhs, arguments)
    compare(found, large, "rnn_backward(1e6 * dhs, cache) in float64", rtol=1e-6)
    arguments, dhs = problem(2, 60, 2, 3, scale=0.4), normal(2, 60, 3)
    found, (expected, _) = differentiate(wide, dhs, arguments), backward(dhs, *arguments)
    compare(found, expected, "rnn_backward over 60 steps in float64", rtol=1e-6)


@pytest.mark.grade(points=2, hint=MASK)
def test_backward_passes_masked_steps_by(impl):
    """where masked, the gradient goes on to the state before, dxs is 0, and NaN or infinity in x does no harm"""
    arguments = problem(5, 6)
    mask, dhs = some_mask(5, 6), normal(5, 6, 2)
    xs = behind(arguments[0], mask)
    expected, _ = backward(dhs, *arguments, mask)
    ignored = dict(
        zip(("dxs", "dh0", "dwx", "dwh", "db"), backward(dhs, *arguments)[0], strict=True)
    )
    found = differentiate(impl, dhs, (xs, *arguments[1:]), mask)
    compare(found, expected, "rnn_backward with a mask", mistakes={"the mask ignored": ignored})


@pytest.mark.grade(points=1)
def test_backward_leaves_the_cache_and_its_arguments(impl):
    """rnn_backward gives the same twice, and keeps its own call's cache when another call comes between"""
    first, second = problem(3, 4), problem(3, 4)
    dhs = normal(3, 4, 2)
    _, cache = impl.rnn_forward(*first, returns=(None, opaque))
    impl.rnn_forward(*second, returns=(None, opaque))
    expected, _ = backward(dhs, *first)
    for turn in ("first", "second"):
        compare(
            impl.rnn_backward(dhs, cache),
            expected,
            f"the {turn} rnn_backward of an earlier call's cache",
        )


@pytest.mark.grade(points=2)
def test_gradients_vanish_or_explode_step_by_step(impl):
    """the norms are those of the gradients by each state; small weights make them vanish, large ones explode"""
    for scale, steps in ((0.25, 12), (1.5, 5)):
        arguments = problem(3, steps, 2, 4, scale)
        dlast = normal(3, 4)
        dhs = np.zeros((3, steps, 4))
        dhs[:, -1] = dlast
        expected = np.sqrt((backward(dhs, *arguments)[1] ** 2).sum((1, 2)))
        _, cache = impl.rnn_forward(*arguments, returns=(None, opaque))
        close(
            impl.gradient_by_step(dlast, cache),
            expected,
            of="gradient_by_step(dlast, cache)",
            rtol=1e-3,
            atol=1e-9,
            mistakes={"the last step first": expected[::-1], "the squared norms": expected**2},
            dtype="float32",
        )
        _, cache = impl.float64.rnn_forward(*arguments, returns=(None, opaque))
        for size in (1e-6, 1e6):
            found = impl.float64.gradient_by_step(size * dlast, cache)
            of = f"gradient_by_step({size:g} * dlast, cache) in float64"
            close(found, size * expected, of=of, dtype="float64", rtol=1e-6, atol=0)


@pytest.mark.grade(points=1, hint=MASK)
def test_gradient_by_step_knows_the_mask(impl):
    """a masked step passes the gradient on as it is"""
    arguments = problem(4, 6, 2, 3)
    mask, dlast = some_mask(4, 6), normal(4, 3)
    dhs = np.zeros((4, 6, 3))
    dhs[:, -1] = dlast
    expected = np.sqrt((backward(dhs, *arguments, mask)[1] ** 2).sum((1, 2)))
    _, cache = impl.rnn_forward(*arguments, mask, returns=(None, opaque))
    close(
        impl.gradient_by_step(dlast, cache), expected, of="gradient_by_step with a mask", rtol=1e-3
    )


# -- training --------------------------------------------------------------------------------------


def weights(inputs, units, outputs):
    """Parameters far from symmetric, with biases."""
    return {
        "wx": normal(inputs, units, scale=0.6), "wh": normal(units, units, scale=0.4), "b": normal(units, scale=0.3),
        "wo": normal(units, outputs, scale=0.6), "bo": normal(outputs, scale=0.3),
    }  # fmt: skip


def predict(params, xs):
    h0 = np.zeros((len(xs), len(params["b"])))
    return forward(xs, h0, *(params[name] for name in NAMES))[:, -1] @ params["wo"] + params["bo"]


def gradients(params, xs, y):
    """(mean squared error, its gradients by name)."""
    h0 = np.zeros((len(xs), len(params["b"])))
    arguments = (xs, h0, *(params[name] for name in NAMES))
    hs, error = forward(*arguments), predict(params, xs) - y
    dout, dhs = 2 * error / error.size, np.zeros((*xs.shape[:2], len(params["b"])))
    dhs[:, -1] = dout @ params["wo"].T
    found = dict(zip(NAMES, backward(dhs, *arguments)[0][2:], strict=True))
    return (error**2).mean(), {**found, "wo": hs[:, -1].T @ dout, "bo": dout.sum(0)}


def clip(grads, norm):
    common = np.sqrt(sum((g**2).sum() for g in grads.values()))
    return {name: g * min(1.0, norm / common) for name, g in grads.items()} if common else grads


@pytest.mark.grade(points=1)
def test_params_have_their_shapes_and_bounds(impl):
    """the weights are uniform within 1 / sqrt(H), from rng; the biases are 0"""
    shapes = {"wx": (30, 25), "wh": (25, 25), "b": (25,), "wo": (25, 40), "bo": (40,)}
    found = impl.init_params(30, 25, 40, impl.rng())
    holds(
        isinstance(found, dict) and set(found) == set(shapes),
        f"init_params gave {sorted(found)}, but should give wx, wh, b, wo and bo",
    )
    for name, size in shapes.items():
        dtype(found[name], "float32", of=f"{name} of init_params")
        equal(found[name].shape, size, of=f"the shape of {name} of init_params(30, 25, 40, rng)")
        if name in ("b", "bo"):
            close(found[name], np.zeros(size), of=f"{name} of init_params")
            continue
        at_most(np.abs(found[name]).max(), 0.2, of=f"the largest of {name}, with 25 units")
        at_least(np.abs(found[name]).max(), 0.196, of=f"the largest of {name}, with 25 units")
        # That of n uniform draws scatters by 0.45 / sqrt(n) of itself.
        spread = 5 * 0.45 / np.sqrt(found[name].size)
        number(
            found[name].std(), 0.2 / np.sqrt(3), of=f"the standard deviation of {name}", rtol=spread
        )
    again, other = (
        impl.init_params(30, 25, 40, impl.rng(3)),
        impl.init_params(30, 25, 40, impl.rng(4)),
    )
    close(
        impl.init_params(30, 25, 40, impl.rng(3))["wh"],
        again["wh"],
        of="wh of init_params with rng(3) again",
    )
    holds(
        np.abs(again["wh"] - other["wh"]).max() > 1e-3,
        "init_params drew the same wh from rng(3) and rng(4)",
    )
    holds(
        abs(float(np.corrcoef(again["wx"].ravel()[:625], again["wh"].ravel())[0, 1])) < 0.25,
        "wx and wh of init_params are the same draws",
    )
    for sizes in ((30, 25, 40), (25, 25, 25)):
        found = impl.init_params(*sizes, impl.rng())
        drawn = np.concatenate([found[name].ravel() for name in ("wx", "wh", "wo")])
        of = f"the share of different numbers among all weights of init_params({', '.join(map(str, sizes))}, rng)"
        at_least(len(np.unique(drawn)) / drawn.size, 0.99, of=of)


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("norm", [0.5, 3.0])
def test_clip_scales_all_gradients_together(impl, norm):
    """above the norm, all are scaled by one factor; below it, none changes"""
    grads = {"a": normal(3, 4, scale=2.0), "b": normal(5, scale=2.0)}
    small = {name: value / 100 for name, value in grads.items()}
    each = {name: g * min(1, norm / np.sqrt((g**2).sum())) for name, g in grads.items()}
    cut = {name: np.clip(g, -norm, norm) for name, g in grads.items()}
    for given in (grads, small):
        found, expected = impl.clip(given, norm), clip(given, norm)
        equal(sorted(found), ["a", "b"], of="the names that clip returns")
        for name in given:
            close(
                found[name],
                expected[name],
                of=f"clip(grads, {norm})[{name!r}]",
                mistakes={
                    "each tensor scaled by itself": each[name],
                    "each number cut off": cut[name],
                },
            )
    rules = ["untouched", "shared", "twice", "float64"]
    for given in (grads, small):
        conform(impl, "clip", [given, norm], expected=clip, only=rules)
    for size in (1e-6, 1e6):
        sized = {name: size * value for name, value in grads.items()}
        for name, value in impl.clip(sized, size * norm).items():
            of = f"clip(grads, {size * norm:g})[{name!r}]"
            expected = clip(grads, norm)[name]
            close(value / size, expected, of=f"{1 / size:g} times {of}, grads about {size:g}")
    zero = impl.clip({"a": np.zeros((2, 2))}, 1.0)
    close(zero["a"], np.zeros((2, 2)), of="clip of gradients of 0")


def plan(params, xs, y, epochs, lr, corrected=True):
    """(parameters, losses) of training on whole batches."""
    params, adam, history = dict(params), Adam(lr, corrected=corrected), []
    for _ in range(epochs):
        loss, grads = gradients(params, xs, y)
        history.append(loss)
        params = {name: adam.moved(name, params[name], g) for name, g in clip(grads, 1.0).items()}
    return params, history


@pytest.mark.grade(points=3, seconds=30)
@pytest.mark.parametrize("case", ["small errors", "large errors", "errors about the limit"])
def test_train_takes_clipped_steps_of_adam(impl, case):
    """with whole batches, losses and parameters are those of Adam on gradients clipped to a norm of 1"""
    params, xs, error = weights(2, 4, 3), normal(6, 5, 2), normal(6, 3, scale=0.3)
    epochs, lr = 4, 0.05
    if case == "large errors":
        error *= 100
    if case == "errors about the limit":
        # Adam undoes a factor that all gradients share. From a norm of 1.5 on, some steps are clipped, and some not.
        first = gradients(params, xs, predict(params, xs) + error)[1]
        error *= 1.5 / np.sqrt(sum((g**2).sum() for g in first.values()))
        epochs, lr = 8, 0.1
    y = predict(params, xs) + error
    run = partial(plan, params, xs, y, epochs, lr)
    # A batch of 20 rows would hold more than there are.
    found, seen = impl.train(params, xs, y, epochs, 20, lr, impl.rng())
    form = expect_history(seen, lambda corrected: run(corrected)[1], "train")
    expected, _ = run(form)
    equal(sorted(found), sorted(params), of="the names of the parameters that train returned")
    for name in params:
        of = f"{name} after {epochs} steps of train, {case}"
        close(found[name], expected[name], of=of, rtol=2e-3, atol=2e-3, dtype="float32")


@pytest.mark.grade(
    points=1, seconds=30, hint="An optimizer has an epsilon of its own if none is given."
)
def test_train_has_the_epsilon_asked_for(impl):
    """where gradients are as small as epsilon, a step of Adam shows that it is 1e-7"""
    # With wo of 0, the output is its bias, whose gradient is the mean error.
    params, small = weights(2, 4, 3), np.array([1e-7, -2e-7, 4e-7])
    params["wo"], params["bo"] = 0 * params["wo"], 0 * params["bo"]
    xs, y = normal(6, 5, 2), np.tile(-small * 3 / 2, (6, 1))
    found, _ = impl.train(params, xs, y, 1, 6, 0.05, impl.rng())
    of = "bo after train on one batch, where the gradients of bo are 1e-7, -2e-7 and 4e-7"
    expect_epsilon(found["bo"], params["bo"], small, 0.05, of)


@pytest.mark.grade(points=1, seconds=30)
def test_train_of_no_epochs_changes_nothing(impl):
    """0 epochs give the parameters as they are; more leave the given ones alone"""
    params, xs, y = weights(1, 3, 1), normal(5, 4, 1), normal(5, 1)
    found, history = impl.train(params, xs, y, 0, 2, 0.1, impl.rng())
    equal(history, [], of="the history of 0 epochs")
    for name in params:
        close(found[name], params[name], of=f"{name} after 0 epochs")
    large = {name: 1e6 * value for name, value in params.items()}
    found, _ = impl.train(large, xs, y, 0, 2, 0.1, impl.rng())
    for name in params:
        close(found[name], large[name], of=f"{name} about 1e6, after 0 epochs")
    conform(
        impl,
        "train",
        [params, xs, y, 2, 2, 0.1, impl.rng(1)],
        only=["untouched", "shared", "twice", "rng", "settings", "gradients"],
        data=[1, 2],
        gives="anything",
    )


@pytest.mark.grade(points=1, seconds=30)
def test_train_weighs_rows_alike(impl):
    """the loss of an epoch is the mean over rows, also where the last batch is short"""
    params, xs = weights(2, 3, 2), normal(7, 4, 2)
    y = predict(params, xs) + normal(7, 2) * np.arange(7)[:, None]
    expected = ((predict(params, xs) - y) ** 2).mean()
    _, history = impl.train(params, xs, y, 2, 3, 1e-9, impl.rng())
    for epoch, loss in enumerate(losses(history, 2, kind="float")):
        number(
            loss,
            expected,
            of=f"the loss of epoch {epoch} of 7 rows in batches of 3, at a learning rate of 1e-9",
            rtol=1e-3,
        )
    nothing = {key: 0 * value for key, value in params.items()}
    _, history = impl.train(nothing, xs, 0 * y, 4, 3, 0.05, impl.rng())
    of = "train(params, xs, y, 4, 3, 0.05, rng) from weights of 0, where every target is 0"
    every_epoch(history, 4, of)
    # Where the start is nearly right, the first loss stays the smallest: neither the rate nor the parameters that come
    # back may depend on it. With weights of 0, the output is its bias.
    adam, bias = Adam(0.1), np.zeros(2)
    for _ in range(16):
        bias = adam.moved("bo", bias, bias - 0.001)
    found, _ = impl.train(nothing, xs, 0 * y + 0.001, 16, 7, 0.1, impl.rng())
    of = "bo after train(params, xs, y, 16, 7, 0.1, rng) from weights of 0, where every target is 0.001"
    close(found["bo"], bias, of=of, rtol=1e-3, atol=2e-3)


ROWS, ASKED = 16, 6


def drift(steps, count, lr=1e-3):
    """The bias after `count` steps of Adam on single rows: those at `steps` have the target 0.4, the others 0."""
    adam, bias = Adam(lr), np.zeros(1)
    for step in range(count):
        bias = adam.moved("bo", bias, 2 * (bias - (0.4 if step in steps else 0.0)))
    return float(bias[0])


def places(impl, seed, epochs, earlier):
    """The step of the last epoch, from 0, at which each of the first rows is used: read off how far the bias came.

    With weights of 0, the output is its bias. earlier: for each of these rows, its steps in the epochs before.
    """
    found = []
    total = ROWS * epochs
    nothing = {
        "wx": np.zeros((1, 1)),
        "wh": np.zeros((1, 1)),
        "b": np.zeros(1),
        "wo": np.zeros((1, 1)),
        "bo": np.zeros(1),
    }
    for row in range(ASKED):
        y = np.zeros((ROWS, 1))
        y[row] = 0.4
        params, _ = impl.train(nothing, np.zeros((ROWS, 1, 1)), y, epochs, 1, 1e-3, impl.rng(seed))
        known = [drift([*earlier[row], total - ROWS + step], total) for step in range(ROWS)]
        apart = np.abs(np.asarray(known) - float(params["bo"][0]))
        at_most(
            apart.min() / np.abs(np.diff(known)).min(),
            0.3,
            of=f"the distance, in steps, of the bias from that of the nearest order of the rows in epoch {epochs}",
        )
        found.append(int(apart.argmin()))
    equal(
        len(set(found)),
        ASKED,
        of=f"the number of different steps at which {ASKED} rows are used in epoch {epochs}",
    )
    return found


@pytest.mark.grade(points=2, seconds=120, hint="Draw rng.permutation inside the loop over epochs.")
def test_train_draws_a_new_order_each_epoch(impl):
    """each epoch uses every row once, in a new order drawn from rng"""
    seed, other = (int(one) for one in generator().integers(2**31, size=2))
    first = places(impl, seed, 1, [()] * ASKED)
    equal(
        places(impl, seed, 1, [()] * ASKED),
        first,
        of="the steps at which rows are used, with the same seed",
    )
    holds(
        places(impl, other, 1, [()] * ASKED) != first,
        "two generators of different seeds gave one order",
    )
    second = places(impl, seed, 2, [(step,) for step in first])
    holds(
        second != first,
        "the second epoch used the rows in the order of the first, but should have a new order",
    )


def adam_step(xs, y, lr, corrected):
    """A step for `followed`: ((parameters, Adam's state), row numbers) -> (the same after the step, its loss)."""

    def step(now, rows):
        params, memory = now
        adam = Adam(lr, corrected=corrected)
        adam.state |= memory
        loss, grads = gradients(params, xs[rows], y[rows])
        moved = {name: adam.moved(name, params[name], g) for name, g in clip(grads, 1.0).items()}
        # The mean of the three steps of an epoch is that of its five rows.
        return (moved, adam.state), loss * len(rows) * 3 / 5

    return step


@pytest.mark.grade(points=2, seconds=120, hint="Cut the new order of each epoch into batches.")
def test_train_puts_rows_together_anew(impl):
    """each epoch puts the rows into other batches, and each batch makes a step, also one of a single row"""
    params, xs, y = weights(1, 2, 1), normal(5, 2, 1), normal(5, 1, scale=2.0)
    # Steps so small that a constant of Adam that was rounded to float32 does not show.
    lr, epochs = 2.0**-10, 24
    of = f"train(params, xs, y, {epochs}, 2, {lr}, rng) on 5 rows"
    trained, history = pair(
        impl.float64.train(params, xs, y, epochs, 2, lr, impl.rng()), of, ("params", "history")
    )
    losses(history, epochs, of, "float")
    found = None
    for corrected in (True, False):
        try:
            step = adam_step(xs, y, lr, corrected)
            found = found or followed(history, (params, {}), step, 5, 2, of)
        except Failure as failure:
            reason = failure
    if found is None:
        raise reason
    order, (right, _) = found
    expect_new_batches(order, of)
    # Where a gradient is tiny, the place of Adam's epsilon decides how far a step goes: at most lr.
    for name, value in right.items():
        close(trained[name], value, of=f"{name} after {of}", rtol=0, atol=4 * lr)


TONES = 784


def windows(seed, lookback=24):
    """(windows (N, 24, 1), the steps that follow (N, 1))."""
    series = data.two_tone(TONES, np.random.default_rng(seed))
    starts = np.arange(TONES - lookback)
    return series[starts[:, None] + np.arange(lookback)][..., None], series[starts + lookback][
        :, None
    ]


ERROR = Threshold(
    "mean absolute error of forecasts of two tones",
    at_most=0.17,
    torch=[0.1538, 0.1405, 0.1252, 0.1142, 0.1216, 0.1011, 0.1399, 0.1013, 0.1065, 0.122],
    tensorflow=[0.1537, 0.1398, 0.1252, 0.114, 0.1216, 0.1011, 0.1399, 0.1013, 0.1065, 0.122],
)


@ERROR.measured_by
def forecast_error(impl, seed):
    xs, y = windows(seed)
    impl.seed(seed)
    params = impl.init_params(1, 24, 1, impl.rng(seed))
    params, _ = impl.train(params, xs[:560], y[:560], 15, 28, 0.01, impl.rng(seed + 1))
    plain = {name: np.asarray(value, float) for name, value in params.items()}
    return float(np.abs(predict(plain, xs[560:]) - y[560:]).mean())


@pytest.mark.grade(points=2, seconds=240)
def test_network_forecasts_two_tones(impl):
    """the median mean absolute error of the runs is at most 0.17, computed from the parameters"""
    ERROR.expect(impl)
