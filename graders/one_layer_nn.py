"""Hidden checks of exercises/one_layer_nn.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest
from scipy.special import expit

from katagrad import data
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_least,
    at_most,
    between,
    close,
    dtype,
    equal,
    finite,
    holds,
    integers,
    normal,
    number,
    opaque,
    same_inputs,
    shape,
)
from katagrad.authoring.structure import every_epoch, losses, pair, recorded
from katagrad.authoring.threshold import Threshold

LAYERS = "h = tanh(x w1 + b1), then p = sigmoid(h w2 + b2)."
CHAIN = (
    "With e = (p - y) / n: dw2 = h^T e, db2 = sum(e); d = outer(e, w2) * (1 - h**2), dw1 = x^T d, db1 = sum of d "
    "over the rows. Compute all of them, and only then move."
)
NAMES = ("w1", "b1", "w2", "b2")


def forward(params, x, bend=np.tanh):
    hidden = bend(x @ params["w1"] + params["b1"])
    return hidden, hidden @ params["w2"] + params["b2"]


def cross_entropy(score, y):
    return (np.logaddexp(0, score) - y * score).mean()


def pull(params, x, hidden, d_score, w2=None):
    """Gradients by the parameters, from those by the scores."""
    d_hidden = np.outer(d_score, params["w2"] if w2 is None else w2) * (1 - hidden**2)
    w1, b1 = x.T @ d_hidden, d_hidden.sum(0)
    return {"w1": w1, "b1": b1, "w2": hidden.T @ d_score, "b2": d_score.sum(keepdims=True)}


def step(params, x, y, lr):
    hidden, score = forward(params, x)
    slopes = pull(params, x, hidden, (expit(score) - y) / len(y))
    return {n: params[n] - lr * slopes[n] for n in NAMES}, cross_entropy(score, y)


def wrong_steps(params, x, y, lr):
    """What the usual mistakes make of a step, by name."""
    hidden, score = forward(params, x)
    p = expit(score)
    error = (p - y) / len(y)
    slopes = pull(params, x, hidden, error)
    moved = {n: params[n] - lr * slopes[n] for n in NAMES}
    late = pull(params, x, hidden, error, moved["w2"])
    flat = x.T @ np.outer(error, params["w2"])
    squared = pull(params, x, hidden, 2 * error * p * (1 - p))
    halved = pull(params, x, hidden, error * p * (1 - p))
    return {
        "a step with w2 changed before dw1 was taken": {**moved, **{n: params[n] - lr * late[n] for n in ("w1", "b1")}},
        "a step without the slope of tanh": {**moved, "w1": params["w1"] - lr * flat},
        "a step on the squared error": {n: params[n] - lr * squared[n] for n in NAMES},
        "a step with the sigmoid's slope in it": {n: params[n] - lr * halved[n] for n in NAMES},
        "a step on the sum over the rows": {n: params[n] - lr * len(y) * slopes[n] for n in NAMES},
        "a step uphill": {n: params[n] + lr * slopes[n] for n in NAMES},
        "the parameters before the step": params,
    }  # fmt: skip


def problem(n, n_in, n_hidden):
    """Parameters, rows and labels."""
    params = {"w1": normal(n_in, n_hidden), "b1": normal(n_hidden), "w2": normal(n_hidden)}
    return {**params, "b2": normal(1)}, normal(n, n_in), integers(2, n)


def two(result, of):
    """The two items of a result."""
    return pair(
        result, of, ("p", "cache") if of.startswith("forward") else ("params", "the loss or losses")
    )


@pytest.mark.grade(points=1)
@pytest.mark.parametrize(("n_in", "n_hidden"), [(2, 3), (2, 16), (1, 1), (5, 2)])
def test_init_has_its_shapes(impl, n_in, n_hidden):
    """init gives four float32 tensors of the widths asked for, drawn from rng alone, biases 0"""
    seed = int(integers(1000))
    of = f"init({n_in}, {n_hidden}, rng)"
    params = impl.init(n_in, n_hidden, impl.rng(seed))
    holds(isinstance(params, dict), f"{of} returned no dict")
    equal(sorted(params), sorted(NAMES), of=f"the keys of {of}")
    sizes = {"w1": (n_in, n_hidden), "b1": (n_hidden,), "w2": (n_hidden,), "b2": (1,)}
    for name, size in sizes.items():
        shape(params[name], size, of=f"{name} of {of}")
        dtype(params[name], "float32", of=f"{name} of {of}")
        if name in ("b1", "b2"):
            close(params[name], np.zeros(size), of=f"{name} of {of}")
    count = sum(int(p.size) for p in params.values())
    equal(count, n_in * n_hidden + 2 * n_hidden + 1, of=f"the number of parameters of {of}")
    again, other = (impl.init(n_in, n_hidden, impl.rng(s)) for s in (seed, seed + 1))
    for name in ("w1", "w2"):
        close(again[name], params[name], of=f"{name} of a second init with an rng of the same seed")
        holds(
            not np.allclose(other[name], params[name], atol=1e-6),
            f"{name} of {of} is the same for two seeds of rng, but should be drawn from rng",
        )


@pytest.mark.grade(points=1, hint="rng.normal(0, deviation, size), with the fan-in under the root.")
def test_init_scales_by_fan_in(impl):
    """w1 has the standard deviation 1 / sqrt(n_in), w2 has 1 / sqrt(n_hidden), each from draws of its own"""
    params = impl.init(25, 4000, impl.rng())
    # 100,000 and 4,000 draws: five standard errors of a deviation are 1.1 % and 5.6 % of it, of a mean 1.6 % and 7.9 %.
    for name, right, wide, far in (("w1", 0.2, 0.012, 0.017), ("w2", 4000**-0.5, 0.06, 0.085)):
        w = params[name]
        of = f"of {name} of init(25, 4000, rng)"
        between(w.std() / right, 1 - wide, 1 + wide, of=f"the deviation {of}, over {right:.4g},")
        between(w.mean() / right, -far, far, of=f"the mean {of}, over {right:.4g},")
        share = float((np.abs(w) < right).mean())
        between(share, 0.64, 0.725, of=f"the share within one deviation {of}, 0.683 if normal,")
        # Of 100,000 float32 draws, a few in a thousand are equal by chance.
        shown = f"the share of different sizes {of}, which has {w.size:,} draws,"
        at_least(len(np.unique(np.abs(w))) / w.size, 0.95, of=shown)
    # Of 100,000 normal draws, 46 are expected beyond 3.5 deviations.
    of = "the largest |w1| of init(25, 4000, rng), over its deviation of 0.2,"
    at_least(np.abs(params["w1"]).max() / 0.2, 3.5, of=of)
    # Of 4,000 draws of their own, 0.1 is more than six standard errors.
    alike = np.abs(np.corrcoef([params["w2"], *params["w1"]])[0, 1:]).max()
    of = "the largest correlation of w2 of init(25, 4000, rng) with a row of w1"
    at_most(alike, 0.1, of=of)


@pytest.mark.grade(points=3, hint=LAYERS)
@pytest.mark.parametrize("size", [(5, 2, 3), (1, 2, 4), (4, 3, 1), (3, 1, 2)])
def test_forward_follows_its_formula(impl, size):
    """p is sigmoid(tanh(x w1 + b1) w2 + b2), of shape (n,)"""
    params, x, _ = problem(*size)
    _, score = forward(params, x)
    mistakes = {
        "the score, without the sigmoid": score,
        "p without the tanh": expit(forward(params, x, lambda s: s)[1]),
        "p with sigmoid in place of tanh": expit(forward(params, x, expit)[1]),
        "p with ReLU in place of tanh": expit(forward(params, x, lambda s: np.maximum(s, 0))[1]),
        "p without b1": expit(forward({**params, "b1": 0.0}, x)[1]),
        "p without b2": expit(score - params["b2"]),
        "tanh of the score": np.tanh(score),
    }
    of = f"p of forward(params, x {x.shape})"
    p, _ = two(same_inputs(impl, "forward", params, x), "forward(params, x)")
    close(p, expit(score), of=of, mistakes=mistakes)
    dtype(p, "float32", of=of)
    # A dict has no places: the names tell which is which.
    turned = dict(reversed(params.items()))
    exact, _ = two(impl.float64.forward(turned, x), "forward(params, x)")
    of = f"{of} in float64, with b2 first and w1 last in params,"
    close(exact, expit(score), of=of, rtol=1e-9)


@pytest.mark.grade(points=2, hint="Stay with the framework's own operations on tensors.")
def test_forward_passes_gradients(impl):
    """gradients flow from p to every parameter and to x"""
    params, x, _ = problem(6, 2, 3)
    c = normal(6)
    hidden, score = forward(params, x)
    p = expit(score)
    d_score = c * p * (1 - p)
    right = pull(params, x, hidden, d_score)
    found, dx = impl.grad("forward", params, x, wrt=[0, 1], output=0, cotangent=c)
    for name in NAMES:
        close(found[name], right[name], of=f"d p / d {name}")
    expected = (np.outer(d_score, params["w2"]) * (1 - hidden**2)) @ params["w1"].T
    close(dx, expected, of="d p / d x")
    # p is flat where it is 0 or 1: each gradient is 0 there, and none is NaN.
    params = {"w1": np.array([[50.0]]), "b1": np.zeros(1), "w2": np.array([2e3]), "b2": np.zeros(1)}
    x = np.array([[-1.0], [1.0]])
    found, dx = impl.grad("forward", params, x, wrt=[0, 1], output=0, cotangent=np.ones(2))
    for name in NAMES:
        close(
            found[name], 0 * params[name], of=f"d p / d {name} where the scores are -2000 and 2000"
        )
    close(dx, 0 * x, of="d p / d x where the scores are -2000 and 2000")


@pytest.mark.grade(points=4, hint=CHAIN)
@pytest.mark.parametrize("size", [(6, 2, 3), (1, 2, 4), (5, 3, 1)])
@pytest.mark.parametrize("lr", [0.5, 3.0])
def test_step_is_exact(impl, size, lr):
    """every parameter moves by lr times the gradient of the mean loss, taken at the old parameters"""
    params, x, y = problem(*size)
    right, before = step(params, x, y, lr)
    wrong = wrong_steps(params, x, y, lr)
    of = f"step(params, x {x.shape}, y, {lr=})"
    moved, loss = two(same_inputs(impl, "step", params, x, y, lr), of)
    exact, _ = two(impl.float64.step(dict(reversed(params.items())), x, y, lr), of)
    number(
        loss,
        before,
        of=f"the loss of {of}",
        rtol=1e-4,
        atol=1e-5,
        mistakes={
            "the loss after the step": cross_entropy(forward(right, x)[1], y),
            "the sum over the rows": before * len(y),
            "the mean squared error": ((expit(forward(params, x)[1]) - y) ** 2).mean(),
        },
    )
    for name in NAMES:
        mistakes = {n: w[name] for n, w in wrong.items() if not np.allclose(w[name], right[name])}
        close(moved[name], right[name], of=f"{name} after {of}", mistakes=mistakes)
        dtype(moved[name], "float32", of=f"{name} after {of}")
        shown = f"{name} after {of} in float64, with b2 first and w1 last in params,"
        close(exact[name], right[name], of=shown, rtol=1e-6, atol=1e-7)


@pytest.mark.grade(points=1, hint="softplus(z) - y z of the score z, which the cache can keep.")
@pytest.mark.parametrize("score", [16.0, 300.0])
def test_loss_stays_finite(impl, score):
    """the loss is finite, and the step exact, where p rounds to 0 or 1, or almost"""
    params = {
        "w1": np.array([[50.0]]),
        "b1": np.zeros(1),
        "w2": np.array([score]),
        "b2": np.zeros(1),
    }
    x, y = np.array([[1.0], [-1.0], [1.0], [-1.0]]), np.array([0, 1, 1, 0])
    moved, loss = two(impl.step(params, x, y, 1.0), "step")
    of = f"the loss of scores of {score:g}, half of them wrong"
    finite(loss, of=of)
    number(loss, score / 2, of=of, rtol=1e-4)
    close(moved["w2"], np.array([score - 0.5]), of="w2 after that step")


@pytest.mark.grade(points=2, hint="Each step starts where the one before it ended.")
@pytest.mark.parametrize(("lr", "epochs"), [(0.5, 4), (0.1, 1)])
def test_fit_repeats_the_step(impl, lr, epochs):
    """after a few epochs, parameters and history are those of exact steps from params"""
    params, x, y = problem(7, 2, 5)
    of = f"fit(params, x, y, {lr=}, {epochs=})"
    found, history = two(same_inputs(impl, "fit", params, x, y, lr, epochs), of)
    right, expected = params, []
    for _ in range(epochs):
        right, loss = step(right, x, y, lr)
        expected.append(loss)
    history = losses(history, epochs)
    for i in range(epochs):
        number(history[i], expected[i], of=f"history[{i}] of {of}")
    for name in NAMES:
        mistakes = {
            "the parameters before the step": params[name],
            "the parameters after one step": step(params, x, y, lr)[0][name],
        }
        close(found[name], right[name], of=f"{name} of {of}", mistakes=mistakes)


def trained(impl, seed, x, y, n_hidden, epochs):
    """The probability function of a network trained from init."""
    start = impl.init(2, n_hidden, impl.rng(seed))
    params, _ = two(impl.fit(start, x, y, 1.0, epochs), "fit(params, x, y, lr, epochs)")
    return lambda new: two(impl.forward(params, new), "forward(params, x)")[0]


XOR = Threshold(
    "the number of corners told apart",
    at_least=4,
    torch=[4, 4, 4, 4, 4, 4, 4, 4, 4, 4],
    tensorflow=[4, 4, 4, 4, 4, 4, 4, 4, 4, 4],
)


@XOR.measured_by
def xor_corners(impl, seed):
    x, y = data.xor(4, np.random.default_rng(seed), noise=0.0)
    p = trained(impl, seed, x, y, 8, 400)(x)
    shape(p, (4,), of="p of the four corners")
    return float(((p > 0.5) == y).sum())


@pytest.mark.grade(points=2, seconds=40, hint="Without a bend between the layers, it is a line.")
def test_network_learns_exclusive_or(impl):
    """in two of three runs or more, all four corners of exclusive or are told apart"""
    XOR.expect(impl)


MOONS = Threshold(
    "accuracy on new points of two moons",
    at_least=0.94,
    torch=[0.968, 0.97, 0.958, 0.982, 0.963, 0.957, 0.969, 0.961, 0.954, 0.959],
    tensorflow=[0.968, 0.97, 0.958, 0.982, 0.963, 0.957, 0.969, 0.961, 0.954, 0.959],
)


@MOONS.measured_by
def moons_accuracy(impl, seed):
    rng = np.random.default_rng(seed)
    x, y = data.moons(300, rng)
    new_x, new_y = data.moons(1000, rng)
    p = trained(impl, seed, x, y, 16, 600)(new_x)
    shape(p, (1000,), of="p of 1,000 points")
    return float(((p > 0.5) == new_y).mean())


@pytest.mark.grade(points=2, seconds=60, hint="Without a bend between the layers, it is a line.")
def test_network_learns_the_moons(impl):
    """the median of three runs reaches 0.94 on new points, where a line reaches 0.86"""
    MOONS.expect(impl)


@pytest.mark.grade(points=1, hint="Nothing is cut off: a probability may round to 0 or 1.")
def test_forward_reaches_0_and_1(impl):
    """scores of -2,000 and 2,000 have the probabilities 0 and 1, to the last digit of float32, however large x is"""
    params = {"w1": np.array([[50.0]]), "b1": np.zeros(1), "w2": np.array([2e3]), "b2": np.zeros(1)}
    for size in (1.0, 1e4):
        x = np.array([[-size], [size]])
        p, _ = two(impl.forward(params, x), "forward(params, x)")
        of = f"p of the scores -2000 and 2000, where x is {size:g} and w1 is 50,"
        close(p, np.array([0.0, 1.0]), of=of, rtol=0.0, atol=1e-9)


@pytest.mark.grade(points=1, hint=CHAIN)
@pytest.mark.parametrize("size", [1e-3, 1e3])
def test_step_takes_steps_of_any_size(impl, size):
    """a step is exact for features of 0.001 and of 1,000, and steps before it leave no trace"""
    params, x, y = problem(6, 2, 3)
    params, x = {**params, "w1": params["w1"] / size, "w2": params["w2"] * 10}, x * size
    for lr in (0.5, 20.0):
        right, loss = step(params, x, y, lr)
        of = f"step(params, x of size {size:g}, y, {lr=})"
        moved, found = two(impl.float64.step(params, x, y, lr), of)
        close(found, loss, of=f"the loss of {of}", rtol=1e-9)
        for name in NAMES:
            close(moved[name], right[name], of=f"{name} after {of}", dtype="float64", rtol=1e-9)


@pytest.mark.grade(points=1, hint="A part of the rows is a share of the mean only.")
def test_step_weighs_many_rows_alike(impl):
    """a step on 700 rows is one step on the mean of all of them"""
    params, x, y = problem(700, 2, 3)
    right, loss = step(params, x, y, 0.5)
    of = "step(params, x (700, 2), y, lr=0.5)"
    moved, found = two(impl.float64.step(params, x, y, 0.5), of)
    close(found, loss, of=f"the loss of {of}", rtol=1e-7)
    for name in NAMES:
        close(moved[name], right[name], of=f"{name} after {of}", rtol=1e-7, atol=1e-9)


@pytest.mark.grade(points=1, hint="Return the parameters as the last step leaves them.")
@pytest.mark.parametrize("epochs", [3, 5])
def test_fit_keeps_its_last_step(impl, epochs):
    """a step that makes the loss larger counts, too: the parameters are those after the last step"""
    x = np.array([[1.0, 0.5], [2.0, -1.0], [-1.0, 2.0], [3.0, 1.0], [0.5, -2.0]])
    y, lr = np.array([0, 1, 0, 1, 1]), 4.0
    params = {"w1": np.array([[0.5, -0.25, 1.0], [0.25, 1.0, -0.5]])}
    params |= {"b1": np.array([0.0, 0.5, -0.5]), "w2": np.array([1.0, -0.5, 0.5])}
    params["b2"] = np.array([0.25])
    of = f"fit(params, x, y, {lr=}, {epochs=}), whose third step makes the loss larger"
    found, history = two(impl.float64.fit(params, x, y, lr, epochs), of)
    right, expected, best = params, [], params
    for epoch in range(epochs):  # the losses: 0.436, 0.167, 0.158, and 0.680 after the third step
        best = right if epoch == 2 else best
        right, loss = step(right, x, y, lr)
        expected.append(loss)
    recorded(history, expected, of, rtol=1e-6)
    for name in NAMES:
        mistakes = {f"the {name} of the smallest loss": best[name]}
        close(found[name], right[name], of=f"{name} of {of}", rtol=1e-6, mistakes=mistakes)


@pytest.mark.grade(points=1, hint="Every step is taken, however small the loss is.")
def test_fit_steps_where_the_loss_is_small(impl):
    """the parameters move by exact steps where the loss is a hundred-thousandth, too"""
    params = {"w1": np.array([[2.0, -1.0]]), "b1": np.array([0.1, -0.2])}
    params |= {"w2": np.array([8.0, -6.0]), "b2": np.array([0.1])}
    x, y = np.array([[1.0], [-1.0], [2.0], [-2.0]]), np.array([1, 0, 1, 0])
    of = "fit(params, x, y, lr=100.0, epochs=3), where the loss is small from the start"
    found, history = two(impl.float64.fit(params, x, y, 100.0, 3), of)
    right, expected = params, []
    for _ in range(3):
        right, loss = step(right, x, y, 100.0)
        expected.append(loss)
    recorded(history, expected, of, rtol=1e-6, atol=1e-12)
    for name in NAMES:
        close(found[name], right[name], of=f"{name} of {of}", rtol=1e-8)


@pytest.mark.grade(points=2, hint="Every row counts in every step, and every step is taken.")
@pytest.mark.parametrize("epochs", [0, 200])
def test_fit_takes_all_steps_on_all_rows(impl, epochs):
    """no epochs leave the parameters; 200 epochs on 40 rows are 200 exact steps, while the loss is small, too"""
    params, x, _ = problem(40, 2, 3)
    x[:, 0] = np.sign(x[:, 0]) * (1 + np.abs(x[:, 0]))
    y = (x[:, 0] > 0).astype(np.int64)
    params["w1"][0], params["w2"] = 1.5, np.abs(params["w2"]) + 2
    params["b1"], params["b2"] = params["b1"] * 0.1, params["b2"] * 0.1
    of = f"fit(params, x, y, lr=0.5, {epochs=})"
    found, history = two(impl.float64.fit(params, x, y, 0.5, epochs), of)
    right, expected = params, []
    for _ in range(epochs):
        right, loss = step(right, x, y, 0.5)
        expected.append(loss)
    recorded(history, expected, of, rtol=1e-6, atol=1e-9)
    for name in NAMES:
        close(found[name], right[name], of=f"{name} of {of}", rtol=1e-6)
    sure = {"w1": np.array([[50.0]]), "b1": np.zeros(1), "w2": np.array([2e3]), "b2": np.zeros(1)}
    of = "fit(params, [[1], [-1]], [1, 0], 0.5, 4), where the network is sure of both rows"
    _, history = two(impl.fit(sure, np.array([[1.0], [-1.0]]), np.array([1, 0]), 0.5, 4), of)
    every_epoch(history, 4, of)


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("name", ["init", "forward", "step", "fit"])
def test_functions_keep_the_contracts_words(impl, name):
    """each function keeps what docs/contract.md says of every function"""
    params, x, y = problem(5, 2, 3)
    y[:2] = 0, 1
    if name == "init":
        conform(impl, name, [2, 3, impl.rng()])
    elif name == "forward":
        options = {"rows": [1], "rowwise": True, "without": ["shared"]}
        conform(impl, name, [params, x], returns=(None, opaque), **options)
    elif name == "step":

        def oracle(params, x, y, lr):
            moved, loss = step(params, x, y, lr)
            return moved, np.float64(loss)

        options = {"expected": oracle, "rows": [1, 2], "data": [1]}
        conform(impl, name, [params, x, y, 0.5], **options)
        # A step of no size gives new tensors, too.
        conform(impl, name, [params, x, y, 0.0], expected=oracle, only=["result", "shared"])
    else:
        rules = ["result", "untouched", "settings", "twice", "float64", "integers", "shared"]
        rules += ["gradients"]

        def oracle(params, x, y, lr, epochs):
            history = []
            for _ in range(epochs):
                params, loss = step(params, x, y, lr)
                history.append(float(loss))
            return params, history

        conform(impl, name, [params, x, y, 0.5, 3], expected=oracle, only=rules, data=[1])
