"""Hidden checks of exercises/regularization.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_least,
    at_most,
    close,
    equal,
    from_scratch,
    holds,
    normal,
    number,
    same_inputs,
)

BIAS = "A tensor with fewer than two axes is a bias: leave it out unless skip_bias is False."
DECOUPLED = "Decay acts on the weight itself: w - lr * g - lr * decay * w, g being the loss's gradient alone."


def penalized(params, skip_bias=True):
    return [p for p in params if p.ndim > 1 or not skip_bias]


def l1_penalty(params, skip_bias=True):
    return sum(np.abs(p).sum() for p in penalized(params, skip_bias))


def l2_penalty(params, skip_bias=True):
    return sum((p**2).sum() for p in penalized(params, skip_bias))


def adam_step(params, grads, moments, step, lr=0.001, l2=0.0, decay=0.0, skip_bias=True):
    after, means, squares = [], [], []
    for p, g, m, v in zip(params, grads, *moments, strict=True):
        charged = float(p.ndim > 1 or not skip_bias)
        g = g + charged * 2 * l2 * p
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        move = (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
        after.append(p - lr * move - charged * lr * decay * p)
        means.append(m)
        squares.append(v)
    return after, (means, squares)


def weight_decay_step(params, grads, lr, decay, skip_bias=True):
    charged = [decay * (p.ndim > 1 or not skip_bias) for p in params]
    return [p - lr * g - lr * c * p for p, g, c in zip(params, grads, charged, strict=True)]


def penalized_loss(loss, params, l1=0.0, l2=0.0, skip_bias=True):
    return loss + l1 * l1_penalty(params, skip_bias) + l2 * l2_penalty(params, skip_bias)


def sparsity(params, tol=0.0, skip_bias=True):
    chosen = np.concatenate([p.ravel() for p in penalized(params, skip_bias)])
    return float((np.abs(chosen) <= tol).mean())


def soft_threshold(w, threshold):
    return np.sign(w) * np.maximum(np.abs(w) - threshold, 0)


def fit_lasso(x, y, l1, lr, steps):
    w, b = np.zeros(x.shape[1]), 0.0
    for _ in range(steps):
        residual = x @ w + b - y
        w = soft_threshold(w - lr * x.T @ residual / len(x), lr * l1)
        b = b - lr * residual.mean()
    return w, b


def tensors():
    """A matrix, a bias, an image kernel, another bias, a bias () and the kernel of a sequence, of unlike size.

    Two biases follow each other, so that no rule of places tells weights from biases. The last kernel has axes of
    size 1, which are axes, too.
    """
    kernel = normal(2, 2, 3, 2, scale=0.5)
    return [
        normal(3, 4),
        normal(4, scale=2.0),
        kernel,
        normal(2),
        np.asarray(normal()),
        normal(1, 3, 1),
    ]


@pytest.mark.grade(points=2, hint=BIAS)
@pytest.mark.parametrize("skip_bias", [True, False])
def test_penalties_follow_their_definitions(impl, skip_bias):
    """l1_penalty is the sum of |w| and l2_penalty the sum of w^2, without biases unless asked"""
    params = tensors()
    other = not skip_bias
    given = {} if skip_bias else {"skip_bias": False}
    l1, l2 = l1_penalty(params, skip_bias), l2_penalty(params, skip_bias)
    mistakes = {
        "the penalty of the other skip_bias": l1_penalty(params, other),
        "the sum of squares": l2,
        "the mean over the elements": l1 / sum(p.size for p in penalized(params, skip_bias)),
        "the sum without the absolute value": sum(p.sum() for p in penalized(params, skip_bias)),
    }
    result = same_inputs(impl, "l1_penalty", params, **given)
    close(result, l1, of=f"l1_penalty(params, {skip_bias=})", mistakes=mistakes)
    mistakes = {
        "the penalty of the other skip_bias": l2_penalty(params, other),
        "half the sum of squares": l2 / 2,
        "the root of the sum of squares": np.sqrt(l2),
        "the sum of |w|": l1,
    }
    result = same_inputs(impl, "l2_penalty", params, **given)
    close(result, l2, of=f"l2_penalty(params, {skip_bias=})", mistakes=mistakes)


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_penalties_hold_at_every_scale(impl, scale):
    """both penalties follow their definitions for weights near 1e-9, exact zeros and weights near 1e9"""
    params = tensors()
    params[0][0, :2] = 0.0
    given = [scale * p for p in params]
    found = impl.float64.l1_penalty(given)
    of = f"l1_penalty of weights near {scale:g}, divided by {scale:g}"
    close(np.asarray(found / scale), l1_penalty(params), of=of)
    found = impl.float64.l2_penalty(given)
    of = f"l2_penalty of weights near {scale:g}, divided by the square of {scale:g}"
    close(np.asarray(found / scale**2), l2_penalty(params), of=of)


@pytest.mark.grade(points=1, hint="Nothing to sum is 0.")
def test_biases_alone_cost_nothing(impl):
    """with biases only, both penalties are a tensor 0 of their dtype, and the sparsity is 0.0"""
    biases = [np.zeros(3), normal(2)]
    loss = np.array(2.5)
    for driver, kind in ((impl, "float32"), (impl.float64, "float64")):
        of = f"of {kind} biases alone"
        for name in ("l1_penalty", "l2_penalty"):
            close(driver.call(name, biases), np.zeros(()), of=f"{name} {of}", dtype=kind)
            if kind == "float32":
                close(driver.call(name, []), np.zeros(()), of=f"{name}([])", dtype=kind)
        found = driver.penalized_loss(loss, biases, 0.3, 0.2)
        close(found, loss, of=f"penalized_loss {of}", dtype=kind)
        for given in (biases, [], [np.zeros((0, 3)), normal(2)]):
            found = driver.sparsity(given)
            of = f"sparsity of {kind} tensors of shapes {[p.shape for p in given]}"
            holds(isinstance(found, float), f"{of} is {found!r}, but should be a Python float")
            number(found, 0.0, of=of)


@pytest.mark.grade(
    points=2, hint="The penalty must stay in the graph: no detach, no .item(), no NumPy."
)
@pytest.mark.parametrize("skip_bias", [True, False])
def test_gradients_reach_the_weights(impl, skip_bias):
    """d l1_penalty / d w is sign(w), 0 at 0, and d l2_penalty / d w is 2 w, times the cotangent"""
    params = tensors()
    params[0][0, :2] = 0.0
    for name, slope in (("l1_penalty", np.sign), ("l2_penalty", lambda w: 2 * w)):
        c = normal()
        found = impl.grad(name, params, cotangent=c, skip_bias=skip_bias)
        for i, (p, g) in enumerate(zip(params, found, strict=True)):
            of = f"d {name} / d params[{i}]"
            if p.ndim > 1 or not skip_bias:
                close(g, c * slope(p), of=of)
            else:
                none = g is None or not np.any(g)
                holds(none, f"{of} is not 0, but params[{i}] is a bias")
        still = [np.zeros_like(params[0])]
        of = f"d {name} / d params[0] where every weight is 0"
        close(impl.grad(name, still)[0], still[0], of=of)


@pytest.mark.grade(points=2, hint="loss + l1 * sum |w| + l2 * sum w^2, each with its own factor.")
@pytest.mark.parametrize(("l1", "l2"), [(0.3, 0.0), (0.0, 0.2), (0.1, 0.4)])
@pytest.mark.parametrize("skip_bias", [True, False])
def test_loss_adds_its_penalties(impl, l1, l2, skip_bias):
    """penalized_loss is loss + l1 * l1_penalty + l2 * l2_penalty, and passes gradients to loss and params"""
    loss, params = np.asarray(normal()), tensors()
    a, b = l1_penalty(params, skip_bias), l2_penalty(params, skip_bias)
    given = {} if skip_bias else {"skip_bias": False}
    result = impl.penalized_loss(loss, params, l1=l1, l2=l2, **given)
    mistakes = {
        "l1 and l2 swapped": loss + l2 * a + l1 * b,
        "l2 / 2": loss + l1 * a + l2 * b / 2,
        "the penalties of the other skip_bias": loss
        + l1 * l1_penalty(params, not skip_bias)
        + l2 * l2_penalty(params, not skip_bias),
    }
    close(
        result, loss + l1 * a + l2 * b, of=f"penalized_loss(..., {l1=}, {l2=})", mistakes=mistakes
    )
    c = normal()
    found = impl.grad(
        "penalized_loss", loss, params, l1=l1, l2=l2, skip_bias=skip_bias, wrt=[0, 1], cotangent=c
    )
    close(found[0], c, of="d penalized_loss / d loss")
    for i, (p, g) in enumerate(zip(params, found[1], strict=True)):
        if p.ndim > 1 or not skip_bias:
            close(g, c * (l1 * np.sign(p) + 2 * l2 * p), of=f"d penalized_loss / d params[{i}]")


@pytest.mark.grade(points=1)
def test_loss_is_plain_by_default(impl):
    """without l1 and l2, penalized_loss is the loss"""
    loss = np.asarray(normal())
    close(impl.penalized_loss(loss, tensors()), loss, of="penalized_loss(loss, params)")


@pytest.mark.grade(points=2, hint=DECOUPLED)
@pytest.mark.parametrize("skip_bias", [True, False])
def test_weight_decay_shrinks_weights(impl, skip_bias):
    """weight_decay_step gives w - lr * g - lr * decay * w, and biases without decay"""
    params, grads = tensors(), tensors()
    lr, decay = 0.3, 0.2
    given = {} if skip_bias else {"skip_bias": False}
    found = same_inputs(impl, "weight_decay_step", params, grads, lr, decay, **given)
    equal(len(found), len(params), of="len(weight_decay_step(...))")
    for i, (p, g, f) in enumerate(zip(params, grads, found, strict=True)):
        share = decay if p.ndim > 1 or not skip_bias else 0.0
        mistakes = {
            "the step without decay": p - lr * g,
            "the step with decay": p - lr * g - lr * decay * p,
            "a decay that lr does not scale": p - lr * g - decay * p,
            "a decay of the weight after the step": (p - lr * g) * (1 - lr * decay),
            "the gradient of decay * w^2": p - lr * (g + 2 * decay * p),
        }
        of = f"weight_decay_step(...)[{i}], shape {p.shape}"
        close(f, p - lr * g - lr * share * p, of=of, mistakes=mistakes)


@pytest.mark.grade(points=3, hint=DECOUPLED)
@pytest.mark.parametrize("skip_bias", [True, False])
@pytest.mark.parametrize(("l2", "decay"), [(0.0, 0.0), (0.3, 0.0), (0.0, 0.3), (0.2, 0.1)])
def test_adam_keeps_l2_and_decay_apart(impl, l2, decay, skip_bias):
    """over six steps, l2 goes through Adam's moments and decay does not"""
    params = tensors()
    given = {"l2": l2, "decay": decay} | ({} if skip_bias else {"skip_bias": False})
    zeros = [np.zeros_like(p) for p in params]
    expected, moments = params, (zeros, zeros)
    found, state = params, (zeros, zeros)
    for step in range(1, 7):
        grads = [normal(*p.shape, scale=10.0 ** (i - 2)) for i, p in enumerate(params)]
        confused = adam_step(expected, grads, moments, step, 0.05, decay / 2, 2 * l2, skip_bias)
        others = adam_step(expected, grads, moments, step, 0.05, l2, decay, not skip_bias)
        expected, moments = adam_step(expected, grads, moments, step, 0.05, l2, decay, skip_bias)
        found, state = impl.adam_step(found, grads, state, step, lr=0.05, **given)
        equal(len(found), len(params), of="the number of params after adam_step")
        for i, value in enumerate(expected):
            of = (
                f"params[{i}], shape {value.shape}, after {step} steps of Adam with {l2=}, {decay=}"
            )
            mistakes = {
                "what l2 and decay give when they are confused": confused[0][i],
                "the result of the other skip_bias": others[0][i],
            }
            close(found[i], value, of=of, rtol=1e-3, atol=1e-4, mistakes=mistakes)
        for name, f, e in zip(("m", "v"), state, moments, strict=True):
            close(list(f), e, of=f"{name} after step {step}", rtol=1e-3, atol=1e-4)


@pytest.mark.grade(points=1)
def test_adam_reads_its_defaults(impl):
    """adam_step moves by about 0.001 at first, keeps dtypes, and leaves what it is given alone"""
    params, grads = [normal(3, 2)], [normal(3, 2)]
    zeros = [np.zeros((3, 2))]
    found, _ = same_inputs(impl, "adam_step", params, grads, (zeros, zeros), 1)
    expected, _ = adam_step(params, grads, (zeros, zeros), 1, 0.001)
    moved, wanted = found[0] - params[0], expected[0] - params[0]
    close(moved.astype(np.float32), wanted, of="the first step of Adam", rtol=1e-2, atol=1e-6)
    # Constants and lr may be rounded to float32, as tf.cast(0.9, p.dtype) does.
    near = {"rtol": 1e-6, "atol": 1e-9}
    wide, _ = impl.float64.adam_step(params, grads, (zeros, zeros), 1)
    close(wide[0], expected[0], of="the first step of Adam in float64", **near)
    small = [1e-7 * grads[0]]
    wide, _ = impl.float64.adam_step(params, small, (zeros, zeros), 1)
    expected, _ = adam_step(params, small, (zeros, zeros), 1, 0.001)
    close(wide[0], expected[0], of="the first step of Adam for gradients near 1e-7", **near)
    moments = ([normal(3, 2)], [normal(3, 2) ** 2])
    still = [np.zeros((3, 2))]
    for step, slopes, which in ((40, grads, ""), (400, grads, ""), (40, still, " and grads of 0")):
        found, state = impl.float64.adam_step(params, slopes, moments, step)
        expected, means = adam_step(params, slopes, moments, step, 0.001)
        of = f"after adam_step with step={step}{which}"
        # What float32 leaves of 1 - 0.999 has five digits.
        close(found[0], expected[0], of=f"params[0] {of}", rtol=1e-6, atol=1e-6)
        for name, f, e in zip(("m", "v"), state, means, strict=True):
            close(f[0], e[0], of=f"{name}[0] {of}", rtol=1e-5, atol=1e-6)


@pytest.mark.grade(
    points=2, hint="Count |w| <= tol over all penalised elements together, and divide."
)
@pytest.mark.parametrize("tol", [0.0, 0.5])
@pytest.mark.parametrize("skip_bias", [True, False])
def test_sparsity_counts_small_weights(impl, tol, skip_bias):
    """sparsity is the share of penalised elements with |w| <= tol"""
    params = tensors()
    params[0][1] = 0.0
    params[1][:] = 0.0
    params[2][0, 0, 0, 0] = -0.5
    given = ({} if tol == 0.0 else {"tol": tol}) | ({} if skip_bias else {"skip_bias": False})
    chosen = np.concatenate([p.ravel() for p in penalized(params, skip_bias)])
    found = impl.sparsity(params, **given)
    holds(isinstance(found, float), f"sparsity is {found!r}, but should be a Python float")
    mistakes = {
        "the share of |w| > tol": float((np.abs(chosen) > tol).mean()),
        "the share of w <= tol": float((chosen <= tol).mean()),
        "the mean of each tensor's share": float(
            np.mean([(np.abs(p) <= tol).mean() for p in penalized(params, skip_bias)])
        ),
        "the share with tol itself left out": float((np.abs(chosen) < tol).mean()),
    }
    expected = float((np.abs(chosen) <= tol).mean())
    number(found, expected, of=f"sparsity(params, {tol=}, {skip_bias=})", mistakes=mistakes)


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("tol", [0.0, 1e-9, 1e-4])
def test_sparsity_compares_with_tol_itself(impl, tol):
    """a weight slightly above tol is not counted, one slightly below is, at 0 and at tiny tol, too"""
    above = tol * 1.01 if tol else 1e-12
    params = [np.array([[above, -above, 0.0], [tol * 0.99, -tol * 0.99, 1.0]])]
    found = impl.float64.sparsity(params, tol=tol)
    number(found, 0.5, of=f"sparsity({params[0].tolist()}, {tol=})")


@pytest.mark.grade(points=1, hint="sign(w) * max(|w| - threshold, 0)")
@pytest.mark.parametrize("size", [(7,), (3, 4)])
def test_soft_threshold_moves_towards_zero(impl, size):
    """soft_threshold takes `threshold` from |w|, and stops at 0"""
    w = normal(*size, scale=2.0)
    mistakes = {
        "hard thresholding": w * (np.abs(w) > 0.8),
        "w - threshold": w - 0.8,
        "the positive part alone": np.maximum(w - 0.8, 0),
    }
    found = same_inputs(impl, "soft_threshold", w, 0.8)
    close(found, soft_threshold(w, 0.8), of="soft_threshold(w, 0.8)", mistakes=mistakes)
    close(impl.soft_threshold(w, 0.0), w, of="soft_threshold(w, 0.0)")
    edge = np.array([0.5, -0.5, 0.25, 0.0, -0.75])
    for threshold in (0.5, 0.0):
        found = impl.soft_threshold(edge, threshold)
        of = f"soft_threshold({edge.tolist()}, {threshold})"
        close(found, soft_threshold(edge, threshold), of=of, atol=0.0)
    # A power of two, since tf.cast(threshold, w.dtype) rounds the threshold to float32.
    unit = 2.0**-30
    found = impl.float64.soft_threshold(unit * w, unit)
    expected = soft_threshold(w, 1.0)
    close(found / unit, expected, of="2**30 * soft_threshold(w, 2**-30) for w near 2**-30")


def regression(rows=60, noise_features=12):
    """x, y: four features that matter, and others that do not."""
    x = normal(rows, 4 + noise_features)
    w = np.concatenate([np.array([2.0, -1.5, 1.0, -3.0]), np.zeros(noise_features)])
    return x, x @ w + 0.7 + 0.3 * normal(rows)


@pytest.mark.grade(
    points=2, hint="Descend on the squared error alone, then threshold w; b is free."
)
@pytest.mark.parametrize("steps", [0, 1, 2, 7])
def test_lasso_takes_exact_steps(impl, steps):
    """fit_lasso gives the weights of the oracle after 0, 1, 2 and 7 steps"""
    x, y = regression(rows=15, noise_features=3)
    # Numbers that float32 holds exactly: tf.cast(lr, x.dtype) rounds lr to float32.
    w, b = fit_lasso(x, y, 0.1875, 0.3125, steps)
    found = same_inputs(impl, "fit_lasso", x, y, 0.1875, 0.3125, steps)
    mistakes = {
        "the result without a penalty": fit_lasso(x, y, 0.0, 0.3125, steps)[0],
        "the result with a threshold that lr does not scale": fit_lasso(
            x, y, 0.1875 / 0.3125, 0.3125, steps
        )[0],
        "the result without the factor 1/2": fit_lasso(x, y, 0.1875 / 2, 2 * 0.3125, steps)[0],
    }
    close(found[0], w, of=f"w of fit_lasso with {steps=}", rtol=1e-3, atol=1e-4, mistakes=mistakes)
    close(found[1], b, of=f"b of fit_lasso with {steps=}", rtol=1e-3, atol=1e-4)
    wide = impl.float64.fit_lasso(x, y, 0.1875, 0.3125, steps)[0]
    close(wide, w, of=f"w of fit_lasso with {steps=} in float64")


@pytest.mark.grade(points=1, hint="steps says how many; no test for convergence ends them.")
@pytest.mark.parametrize("scale", [2.0**-20, 2.0**10])
def test_lasso_makes_all_its_steps(impl, scale):
    """fit_lasso makes 300 small steps, where y is tiny, too"""
    x, y = regression(rows=9, noise_features=1)
    # Powers of two, since tf.cast(lr, x.dtype) rounds lr to float32.
    y, l1 = scale * y, 0.0625 * scale
    w, b = impl.float64.fit_lasso(x, y, l1, 2.0**-7, 300)
    expected = fit_lasso(x, y, l1, 2.0**-7, 300)
    of = f"after 300 steps with y near {scale:g}, divided by {scale:g}"
    close(w / scale, expected[0] / scale, of=f"w {of}")
    close(np.asarray(b / scale), expected[1] / scale, of=f"b {of}")
    # No feature goes with y, so w stays 0 in the first step; b moves, and then w does.
    x, y = np.array([[1.0], [3.0]]), scale * np.array([3.0, -1.0])
    w, _ = impl.float64.fit_lasso(x, y, 0.125 * scale, 0.125, 6)
    expected, _ = fit_lasso(x, y, 0.125 * scale, 0.125, 6)
    of = f"w after 6 steps, the first of which leaves it at 0, with y near {scale:g}, divided by {scale:g}"
    close(w / scale, expected / scale, of=of)


@pytest.mark.grade(points=2)
def test_lasso_picks_the_features_that_matter(impl):
    """at its minimum, fit_lasso zeroes most noise features, keeps the true ones, and shrinks with l1"""
    from sklearn.linear_model import Lasso

    x, y = regression()
    sums, zeros = [], []
    for l1 in (0.02, 0.2, 0.6):
        w, b = impl.fit_lasso(x, y, l1, 0.4, 150)
        best = Lasso(alpha=l1, tol=1e-10, max_iter=100_000).fit(x, y)
        close(w, best.coef_, of=f"w at l1 = {l1}", rtol=5e-3, atol=1e-3)
        number(b, best.intercept_, of=f"b at l1 = {l1}", rtol=5e-3, atol=1e-3)
        sums.append(float(np.abs(w).sum()))
        zeros.append(float((w[4:] == 0).mean()))
        if l1 == 0.2:
            at_least(float(np.abs(w[:4]).min()), 0.1, of="the smallest true weight at l1 = 0.2")
    at_least(zeros[1], 0.5, of="the share of noise features that are exactly 0 at l1 = 0.2")
    at_most(sums[1], sums[0], of="sum |w| at l1 = 0.2, against l1 = 0.02,")
    at_most(sums[2], sums[1], of="sum |w| at l1 = 0.6, against l1 = 0.2,")


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("name", ["l1_penalty", "l2_penalty"])
def test_penalties_keep_the_contracts_words(impl, name):
    """l1_penalty and l2_penalty follow the rules of docs/contract.md"""
    conform(
        impl, name, [tensors()], expected={"l1_penalty": l1_penalty, "l2_penalty": l2_penalty}[name]
    )


@pytest.mark.grade(points=1)
def test_penalized_loss_keeps_the_contracts_words(impl):
    """penalized_loss follows the rules of docs/contract.md"""
    given = {"l1": 0.3, "l2": 0.2}
    loss = np.asarray(normal())
    conform(impl, "penalized_loss", [loss, tensors()], given, expected=penalized_loss, large=[0, 1])
    # With nothing to add, too, the result is a new tensor.
    conform(impl, "penalized_loss", [loss, tensors()], only=["result", "shared"])


@pytest.mark.grade(points=1)
def test_weight_decay_step_keeps_the_contracts_words(impl):
    """weight_decay_step follows the rules of docs/contract.md"""
    given = [tensors(), tensors(), 0.3, 0.2]
    conform(impl, "weight_decay_step", given, expected=weight_decay_step, large=[0, 1])


@pytest.mark.grade(points=1)
def test_adam_step_keeps_the_contracts_words(impl):
    """adam_step follows the rules of docs/contract.md"""
    moments = tensors(), [np.abs(v) + 0.1 for v in tensors()]
    given = {"lr": 0.05, "l2": 0.2, "decay": 0.1}
    args = [tensors(), tensors(), moments, 3]
    conform(impl, "adam_step", args, given, expected=adam_step, large=[0, 1])


@pytest.mark.grade(points=1)
def test_sparsity_keeps_the_contracts_words(impl):
    """sparsity follows the rules of docs/contract.md"""
    conform(impl, "sparsity", [tensors()], {"tol": 0.5}, expected=sparsity)


@pytest.mark.grade(points=1)
def test_soft_threshold_keeps_the_contracts_words(impl):
    """soft_threshold follows the rules of docs/contract.md"""
    conform(impl, "soft_threshold", [normal(3, 4), 0.8], expected=soft_threshold, large=[0])
    # Where nothing is moved, too, the result is a new tensor.
    conform(impl, "soft_threshold", [normal(3, 4), 0.0], only=["result", "shared"])


@pytest.mark.grade(points=1)
def test_fit_lasso_keeps_the_contracts_words(impl):
    """fit_lasso follows the rules of docs/contract.md"""
    x, y = regression(rows=9, noise_features=1)
    given = [x, y, 0.2, 0.05, 5]
    options = {"rows": [0, 1], "large": [1], "without": ["gradients"]}
    conform(impl, "fit_lasso", given, expected=fit_lasso, **options)


@pytest.mark.grade(points=1)
def test_regularization_is_written_from_scratch(impl):
    """penalties, steps and thresholds are written without the framework's optimizers and regularizers"""
    from_scratch(impl, "penalized_loss", "weight_decay_step", "adam_step", "soft_threshold")
