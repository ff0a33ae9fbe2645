"""Hidden checks of exercises/optimizers.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring.companion import plant
from katagrad.authoring.conformance import anew, conform
from katagrad.authoring.expect import (
    at_most,
    close,
    dtype,
    equal,
    finite,
    from_scratch,
    holds,
    normal,
    opaque,
    raises,
    shape,
)
from katagrad.authoring.objects import expect_apart
from katagrad.authoring.threshold import Threshold

MEMORY = "Keep velocity, means and step count in a dict by parameter name, inside the object."
KINDS = {
    "SGD": {"lr": 0.1},
    "momentum": {"lr": 0.1, "momentum": 0.9},
    "Nesterov": {"lr": 0.1, "momentum": 0.9, "nesterov": True},
    "RMSprop": {"lr": 0.01},
    "Adam": {"lr": 0.01},
    "AdamW": {"lr": 0.01},
}

# Whether a step without gradients gives the dict that it was given.
NOTHING = """
def same(optimizer, params):
    return optimizer.step(params, {}) is params
"""


def make(impl, kind, **settings):
    """The submission's optimizer; `kind` is a class, or one of SGD's two variants."""
    name = kind if kind in ("RMSprop", "Adam", "AdamW") else "SGD"
    return impl.call(name, **(KINDS[kind] | settings))


# -- the oracle: one parameter's path under a list of gradients, in float64 ------------------------


def sgd(w, gradients, lr, momentum=0.0, nesterov=False):
    v = 0.0
    for g in gradients:
        v = momentum * v + g
        w = w - lr * (g + momentum * v if nesterov else v)
        yield w


def rmsprop(w, gradients, lr, rho=0.9, eps=1e-8):
    s = 0.0
    for g in gradients:
        s = rho * s + (1 - rho) * g**2
        w = w - lr * g / (np.sqrt(s) + eps)
        yield w


def adam(w, gradients, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, decay_in=0.0):
    m = s = 0.0
    for t, gradient in enumerate(gradients, 1):
        g = gradient + decay_in * w
        m = beta1 * m + (1 - beta1) * g
        s = beta2 * s + (1 - beta2) * g**2
        step = m / (1 - beta1**t) / (np.sqrt(s / (1 - beta2**t)) + eps)
        w = w - lr * weight_decay * w - lr * step
        yield w


def uncorrected_adam(w, gradients, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    m = s = 0.0
    for g in gradients:
        m = beta1 * m + (1 - beta1) * g
        s = beta2 * s + (1 - beta2) * g**2
        w = w - lr * m / (np.sqrt(s) + eps)
        yield w


def course(steps=20):
    """Three parameters, and gradients whose scales span six decades and whose signs change."""
    params = {"w": normal(3, 4), "b": normal(4), "scale": normal()}
    scales = {
        "w": 10.0 ** np.linspace(2, -4, 12).reshape(3, 4),
        "b": 10.0 ** -np.arange(4.0),
        "scale": 1.0,
    }
    grads = [
        {name: scales[name] * normal(*w.shape) for name, w in params.items()} for _ in range(steps)
    ]
    return params, [{k: np.float64(np.float32(g)) for k, g in one.items()} for one in grads]


def follow(optimizer, params, grads, path, of, mistakes=None, atol=None):
    """Expect every fourth point of the path; `path` and the mistakes map (w, gradients) to points.

    Settings that float32 holds exactly need no atol. Others may have been rounded to it, as docs/contract.md allows:
    of 0.999, 1 - beta2 keeps five digits, so that 20 steps may be off by a thousandth of the learning rate.
    """
    wanted = {k: list(path(w, [g[k] for g in grads])) for k, w in params.items()}
    wrong = {
        name: {k: list(wrong_path(w, [g[k] for g in grads])) for k, w in params.items()}
        for name, wrong_path in (mistakes or {}).items()
    }
    for t, gradient in enumerate(grads):
        params = optimizer.step(params, gradient)
        if t in (0, 1, 2) or t % 4 == 3:
            for k in wanted:
                close(
                    params[k],
                    wanted[k][t],
                    of=f"{of}: {k!r} after step {t + 1}",
                    atol=atol,
                    mistakes={name: points[k][t] for name, points in wrong.items()},
                )


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("kind", KINDS)
def test_step_returns_a_new_dict(impl, kind):
    """step returns a new dict of the same names, shapes and dtypes, and changes neither argument"""
    start = {"w": normal(3, 2), "b": normal(2), "scale": normal()}
    # Results of steps stay in the worker as dicts: one serves as parameters, one as gradients.
    params = make(impl, "SGD").step(start, start, returns=opaque)
    grads = make(impl, "SGD", lr=0.5).step(start, start, returns=opaque)
    before, slopes = params.fetch(), grads.fetch()
    optimizer = make(impl, kind)
    optimizer.step(params, grads)
    same = plant(impl, "nothing.py", NOTHING).same(optimizer, params)
    holds(not same, "step(params, {}) returned params itself, but should return a new dict")
    after = optimizer.step(params, grads)
    equal(sorted(after), sorted(start), of="the names of what step returned")
    for name, w in start.items():
        shape(after[name], w.shape, of=f"step(...)[{name!r}]")
        dtype(after[name], "float32", of=f"step(...)[{name!r}] of a float32 parameter")
        close(
            params.fetch()[name],
            before[name],
            of=f"params[{name!r}] after the call",
            rtol=0,
            atol=0,
        )
        close(
            grads.fetch()[name], slopes[name], of=f"grads[{name!r}] after the call", rtol=0, atol=0
        )
    exact = make(impl.float64, kind).step(start, start)
    dtype(exact["w"], "float64", of="step(...)['w'] of a float64 parameter")


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("kind", KINDS)
def test_step_keeps_the_contracts_words(impl, kind):
    """step keeps what docs/contract.md says of every function"""
    paths = {"RMSprop": rmsprop, "Adam": adam, "AdamW": adam}
    settings = KINDS[kind] | ({"weight_decay": 0.01} if kind == "AdamW" else {})

    def step(params, grads):
        path = paths.get(kind, sgd)
        return {name: next(path(w, [grads[name]], **settings)) for name, w in params.items()}

    given = [{"w": normal(3, 2), "b": normal(2)}, {"w": normal(3, 2), "b": normal(2)}]
    name = kind if kind in paths else "SGD"
    conform(impl, "step", given, on=anew(name, **KINDS[kind]), expected=step, large=[1])


@pytest.mark.grade(points=1)
def test_sgd_subtracts_the_scaled_gradient(impl):
    """plain SGD moves by -lr times the gradient, and remembers nothing, with nesterov=True, too"""
    params, grads = course(8)
    path = lambda w, gs: sgd(w, gs, 0.03125)  # noqa: E731
    follow(make(impl.float64, "SGD", lr=0.03125), params, grads, path, "SGD(lr=0.03125)")
    still = impl.float64.SGD(lr=0.03125, nesterov=True)
    follow(still, params, grads, path, "SGD(lr=0.03125, nesterov=True)")


@pytest.mark.grade(points=2, hint="v = momentum * v + g, then w - lr * v: nothing damps g.")
@pytest.mark.parametrize("momentum", [0.875, 0.5])
def test_momentum_adds_up_gradients(impl, momentum):
    """SGD with momentum follows its recurrence for 20 steps"""
    params, grads = course()
    follow(
        make(impl.float64, "momentum", lr=0.03125, momentum=momentum),
        params,
        grads,
        lambda w, gs: sgd(w, gs, 0.03125, momentum),
        f"SGD(lr=0.03125, {momentum=})",
        mistakes={
            "momentum that damps the gradient by 1 minus momentum": lambda w, gs: sgd(
                w, [g * (1 - momentum) for g in gs], 0.03125, momentum
            ),
            "Nesterov momentum": lambda w, gs: sgd(w, gs, 0.03125, momentum, True),
            "gradient descent without momentum": lambda w, gs: sgd(w, gs, 0.03125),
        },
    )


@pytest.mark.grade(points=2, hint="Update v first, then step by g + momentum * v.")
@pytest.mark.parametrize("momentum", [0.875, 0.5])
def test_nesterov_looks_ahead(impl, momentum):
    """SGD with nesterov=True follows its recurrence for 20 steps"""
    params, grads = course()
    follow(
        make(impl.float64, "Nesterov", lr=0.03125, momentum=momentum),
        params,
        grads,
        lambda w, gs: sgd(w, gs, 0.03125, momentum, True),
        f"SGD(lr=0.03125, {momentum=}, nesterov=True)",
        mistakes={
            "plain momentum": lambda w, gs: sgd(w, gs, 0.03125, momentum),
        },
    )


@pytest.mark.grade(points=2, hint="Divide by sqrt(s) + eps; eps is not under the root.")
@pytest.mark.parametrize("settings", [{}, {"rho": 0.5, "eps": 0.0078125}], ids=["defaults", "own"])
def test_rmsprop_divides_by_the_running_size(impl, settings):
    """RMSprop follows its recurrence for 20 steps, with its defaults and with others"""
    params, grads = course()
    rho, eps = settings.get("rho", 0.9), settings.get("eps", 1e-8)

    def eps_under_the_root(w, gradients):
        s = 0.0
        for g in gradients:
            s = rho * s + (1 - rho) * g**2
            w = w - 0.015625 * g / np.sqrt(s + eps)
            yield w

    follow(
        make(impl.float64, "RMSprop", lr=0.015625, **settings),
        params,
        grads,
        lambda w, gs: rmsprop(w, gs, 0.015625, rho, eps),
        "RMSprop(lr=0.015625" + "".join(f", {k}={v}" for k, v in settings.items()) + ")",
        mistakes={
            "RMSprop with eps under the root": eps_under_the_root,
            "RMSprop with rho and its complement swapped": lambda w, gs: rmsprop(
                w, gs, 0.015625, 1 - rho, eps
            ),
            "steps by the sign of the gradient": lambda w, gs: sgd(
                w, [np.sign(g) for g in gs], 0.015625
            ),
        },
        atol=None if settings else 1e-3 * 0.015625,
    )


@pytest.mark.grade(points=3, hint="Correct m by 1 - beta1**t and s by 1 - beta2**t; t starts at 1.")
@pytest.mark.parametrize(
    "settings",
    [{}, {"lr": 0.015625}, {"lr": 0.015625, "beta1": 0.75, "beta2": 0.9375, "eps": 0.0078125}],
    ids=["defaults", "lr", "own"],
)
def test_adam_follows_its_recurrence(impl, settings):
    """Adam follows algorithm 1 of its paper for 20 steps, with its defaults and with others"""
    params, grads = course()
    lr = settings.get("lr", 0.001)
    follow(
        impl.float64.Adam(**settings),
        params,
        grads,
        lambda w, gs: adam(w, gs, **settings),
        "Adam(" + ", ".join(f"{k}={v}" for k, v in settings.items()) + ")",
        mistakes={
            "Adam without bias correction": lambda w, gs: uncorrected_adam(
                w, gs, **settings | {"lr": lr}
            ),
            "steps by the sign of the gradient": lambda w, gs: sgd(w, [np.sign(g) for g in gs], lr),
            "RMSprop": lambda w, gs: rmsprop(w, gs, lr, settings.get("beta2", 0.999)),
        },
        atol=None if "eps" in settings else 1e-3 * lr,
    )


@pytest.mark.grade(
    points=1, hint="At t = 1 the corrected means are g and g * g: their ratio is a sign."
)
def test_adam_first_step_is_the_learning_rate(impl):
    """Adam's first step has the length lr in every parameter, however large or small the gradient"""
    g = np.array([1e-4, -1e-2, 1.0, -1e2, 1e4])
    moved = impl.Adam(lr=0.25).step({"w": np.zeros(5)}, {"w": g})["w"]
    close(moved, -0.25 * np.sign(g), of="Adam(lr=0.25).step(zeros, g)", rtol=1e-3)


@pytest.mark.grade(points=2, hint="Decay the parameter itself: w - lr * weight_decay * w - step.")
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"lr": 0.015625, "weight_decay": 0.5},
        {"lr": 0.0625, "beta1": 0.5, "beta2": 0.875, "eps": 0.0078125, "weight_decay": 0.125},
    ],
    ids=["defaults", "decay", "own"],
)
def test_adamw_decays_the_weights_apart(impl, settings):
    """AdamW shrinks the parameters by lr * weight_decay, outside of the running means"""
    params, grads = course()
    full = {"weight_decay": 0.01} | settings
    coupled = {k: v for k, v in full.items() if k != "weight_decay"}
    coupled["decay_in"] = full["weight_decay"]
    unscaled = full | {"weight_decay": full["weight_decay"] / full.get("lr", 0.001)}
    follow(
        impl.float64.AdamW(**settings),
        params,
        grads,
        lambda w, gs: adam(w, gs, **full),
        "AdamW(" + ", ".join(f"{k}={v}" for k, v in settings.items()) + ")",
        mistakes={
            "Adam with the decay added to the gradient": lambda w, gs: adam(w, gs, **coupled),
            "weight decay without lr": lambda w, gs: adam(w, gs, **unscaled),
            "Adam without decay": lambda w, gs: adam(w, gs, **full | {"weight_decay": 0.0}),
        },
        atol=None if "eps" in settings else 1e-3 * full.get("lr", 0.001),
    )


@pytest.mark.grade(points=1, hint=MEMORY)
def test_optimizers_share_nothing(impl):
    """optimizers of other settings are used side by side, and each keeps its own settings and memory"""
    params = {"w": normal(3, 2), "b": normal(2)}
    calls = [
        ("step", (params, {name: normal(*w.shape) for name, w in params.items()})) for _ in range(3)
    ]
    made = [
        anew("SGD", lr=0.1, momentum=0.9, nesterov=True),
        anew("SGD", lr=0.1, momentum=0.5),
        anew("SGD", lr=0.2),
        anew("RMSprop", lr=0.01, rho=0.5, eps=0.1),
        anew("RMSprop", lr=0.02),
        anew("Adam", lr=0.01, beta1=0.5, beta2=0.9, eps=0.1),
        anew("Adam", lr=0.02),
        anew("AdamW", lr=0.01, beta1=0.5, beta2=0.9, eps=0.1, weight_decay=0.5),
        anew("AdamW", lr=0.02),
    ]
    expect_apart(impl, made, calls)


@pytest.mark.grade(points=1, hint=MEMORY)
@pytest.mark.parametrize("kind", ["momentum", "RMSprop", "Adam", "AdamW"])
def test_memory_belongs_to_one_parameter(impl, kind):
    """a parameter without a gradient is returned as it is, and its memory and step count rest"""
    params = {"w": normal(2, 3), "b": normal(2, 3), "late": normal(4)}
    grads = [{name: normal(*w.shape) for name, w in params.items()} for _ in range(4)]
    del grads[0]["late"]
    grads[1]["b"] = np.zeros((2, 3))  # a gradient of zeros is a gradient: momentum goes on
    optimizer = make(impl, kind)
    first = optimizer.step(params, grads[0])
    second = optimizer.step(first, {"b": grads[1]["b"]})
    equal(
        sorted(second), ["b", "late", "w"], of="the names after a step without a gradient for 'w'"
    )
    close(second["w"], first["w"], of="'w' after a step without a gradient for it", rtol=0, atol=0)
    # A gradient belongs to a parameter by its name, not by its place.
    third = optimizer.step(second, {name: grads[2][name] for name in ("b", "w", "late")})
    path = {"momentum": sgd, "RMSprop": rmsprop, "Adam": adam, "AdamW": adam}[kind]
    settings = KINDS[kind] | ({"weight_decay": 0.01} if kind == "AdamW" else {})
    w = list(path(params["w"], [grads[0]["w"], grads[2]["w"]], **settings))
    b = list(path(params["b"], [g["b"] for g in grads[:3]], **settings))
    order = "the third in a dict of another order than params"
    close(third["w"], w[-1], of=f"'w' after two gradients in three steps, {order},")
    close(third["b"], b[-1], of=f"'b' after three gradients, the second of zeros, {order},")
    late = list(path(params["late"], [grads[2]["late"]], **settings))
    of = "'late' after its first gradient, in the third step"
    close(third["late"], late[-1], of=of)


@pytest.mark.grade(points=1, hint=MEMORY)
@pytest.mark.parametrize("kind", ["momentum", "RMSprop", "Adam", "AdamW"])
def test_optimizers_do_not_share_memory(impl, kind):
    """two optimizers of one class remember apart, and not in the gradients' own tensors"""
    if impl.framework == "torch":
        remembers_alone(impl, kind)
    w, gradients = normal(5), [normal(5) for _ in range(3)]
    one, other = make(impl, kind), make(impl, kind)
    for g in gradients:
        one.step({"w": w}, {"w": 10.0 * g})
        moved = other.step({"w": w}, {"w": g})["w"]
    path = {"momentum": sgd, "RMSprop": rmsprop, "Adam": adam, "AdamW": adam}[kind]
    settings = KINDS[kind] | ({"weight_decay": 0.01} if kind == "AdamW" else {})
    *_, before, last = path(w, gradients, **settings)
    decay = settings.get("weight_decay", 0.0) * settings["lr"]
    # Both steps started at w, so AdamW's decay of the path's last point is taken back.
    expected = w + last - before + decay * (before - w)
    close(moved, expected, of=f"the third step of a {kind} beside another {kind}")


def remembers_alone(impl, kind):
    """Expect a step to be the same where the last gradient's tensor was set to 0 in place since."""
    g, w = normal(5), {"w": normal(5)}
    # One step from 0 of plain descent with lr=1 is -g, a tensor that stays in the worker.
    held = make(impl, "SGD", lr=1.0).step({"w": np.zeros(5)}, {"w": -g}, returns=opaque)
    tensor = held.pop("w", returns=opaque)
    one, other = make(impl, kind), make(impl, kind)
    one.step(w, {"w": tensor})
    other.step(w, {"w": g})
    tensor.zero_()
    of = f"the second step of {kind}, after the first gradient's tensor was set to 0 by zero_()"
    close(one.step(w, {"w": g})["w"], other.step(w, {"w": g})["w"], of=of)


@pytest.mark.grade(points=1, hint="Read self.lr at each step, and keep it out of what you store.")
@pytest.mark.parametrize("kind", KINDS)
def test_learning_rate_may_change_between_steps(impl, kind):
    """setting optimizer.lr changes the steps to come, and only those"""
    w, gradients = normal(5), [normal(5) for _ in range(3)]
    # In float32, the difference of two parameters would lose most of a small step's digits.
    optimizer, constant = make(impl.float64, kind), make(impl.float64, kind)
    for g in gradients[:2]:
        optimizer.step({"w": w}, {"w": g})
        constant.step({"w": w}, {"w": g})
    optimizer.set("lr", 4 * KINDS[kind]["lr"])
    moved = optimizer.step({"w": w}, {"w": gradients[2]})["w"] - w
    usual = constant.step({"w": w}, {"w": gradients[2]})["w"] - w
    close(moved, 4 * usual, of=f"the step of {kind} after lr became 4 lr", rtol=1e-3)
    still = make(impl, kind, lr=0.0).step({"w": w}, {"w": gradients[0]})["w"]
    close(still, w, of=f"the step of {kind} made with lr=0.0")


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("kind", KINDS)
def test_step_refuses_unknown_names(impl, kind):
    """a gradient for a parameter that is not there is a KeyError, before anything is changed"""
    w = normal(2)
    optimizer = make(impl, kind)
    with raises("KeyError", of='step({"w": w}, {"w": g, "u": g})'):
        optimizer.step({"w": w}, {"w": w, "u": w})
    with raises("KeyError", of='step({"w": w, "b": b}, {"w": g, "u": g})'):
        optimizer.step({"w": w, "b": w}, {"w": w, "u": w})
    expected = make(impl, kind).step({"w": w}, {"w": -w})["w"]
    found = optimizer.step({"w": w}, {"w": -w})["w"]
    close(found, expected, of=f"the first step of {kind} after a KeyError, which changed nothing")


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("kind", ["RMSprop", "Adam"])
def test_gradients_of_zero_move_nothing(impl, kind):
    """a gradient that has always been 0 leaves the parameter where it is, without 0 / 0"""
    w = normal(4)
    close(make(impl, kind).step({"w": w}, {"w": np.zeros(4)})["w"], w, of=f"{kind}.step of zeros")


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("kind", ["momentum", "Nesterov", "Adam"])
def test_optimizers_beat_descent_in_a_valley(impl, kind):
    """momentum, Nesterov and Adam get 1,000 times deeper into a long valley than plain descent in 120 steps"""
    curvature = np.array([1.0, 100.0])  # f(w) = sum(curvature * w * w) / 2
    settings = {"lr": 0.3} if kind == "Adam" else {"lr": 0.01, "momentum": 0.8}
    optimizer, params = make(impl, kind, **settings), {"w": np.array([10.0, 1.0])}
    for _ in range(120):
        params = optimizer.step(params, {"w": curvature * params["w"]})
    depth = float((curvature * params["w"] ** 2).sum() / 2)
    *_, plain = sgd(np.array([10.0, 1.0]), _valley(curvature), 0.01)
    bound = float((curvature * plain**2).sum() / 2) / 1000
    at_most(depth, bound, of=f"f after 120 steps of {kind}")


def _valley(curvature, lr=0.01):
    w = np.array([10.0, 1.0])
    for _ in range(120):
        yield curvature * w
        w = w - lr * curvature * w


# -- one network, four optimizers ------------------------------------------------------------------


def train(impl, kind, seed, epochs=5):
    """Test accuracy on digits of a network whose gradients are NumPy's and whose steps are the submission's."""
    rng, digits = np.random.default_rng(seed), data.digits()
    x, y = digits.train_x, np.eye(10)[digits.train_y]
    params = {
        "w1": rng.normal(0, np.sqrt(2 / 64), (64, 32)),
        "b1": np.zeros(32),
        "w2": rng.normal(0, np.sqrt(1 / 32), (32, 10)),
        "b2": np.zeros(10),
    }
    optimizer = make(impl, kind)
    for _ in range(epochs):
        for rows in np.array_split(rng.permutation(len(x)), len(x) // 64):
            params = optimizer.step(params, _gradients(params, x[rows], y[rows]))
    finite(np.concatenate([w.ravel() for w in params.values()]), of=f"the weights after {kind}")
    hidden = np.maximum(digits.test_x @ params["w1"] + params["b1"], 0)
    return float(((hidden @ params["w2"] + params["b2"]).argmax(-1) == digits.test_y).mean())


def _gradients(params, x, y):
    hidden = np.maximum(x @ params["w1"] + params["b1"], 0)
    scores = hidden @ params["w2"] + params["b2"]
    p = np.exp(scores - scores.max(-1, keepdims=True))
    d_scores = (p / p.sum(-1, keepdims=True) - y) / len(x)
    d_hidden = d_scores @ params["w2"].T * (hidden > 0)
    return {
        "w1": x.T @ d_hidden,
        "b1": d_hidden.sum(0),
        "w2": hidden.T @ d_scores,
        "b2": d_scores.sum(0),
    }


# The frameworks agree to four digits, since start, batches and gradients are NumPy's.
ACCURACY_SGD = Threshold(
    "test accuracy on digits after five epochs of SGD",
    at_least=0.8,
    torch=[0.8844, 0.8889, 0.8689, 0.88, 0.8689, 0.8511, 0.8911, 0.8533, 0.8578, 0.8756],
    tensorflow=[0.8844, 0.8889, 0.8689, 0.88, 0.8689, 0.8511, 0.8911, 0.8533, 0.8578, 0.8756],
    measure=lambda impl, seed: train(impl, "SGD", seed),
)
ACCURACY_MOMENTUM = Threshold(
    "test accuracy on digits after five epochs of momentum",
    at_least=0.92,
    torch=[0.9667, 0.9444, 0.9711, 0.9689, 0.9467, 0.9422, 0.9644, 0.9578, 0.9622, 0.9667],
    tensorflow=[0.9667, 0.9444, 0.9711, 0.9689, 0.9467, 0.9422, 0.9644, 0.9578, 0.9622, 0.9667],
    measure=lambda impl, seed: train(impl, "momentum", seed),
)
ACCURACY_RMSPROP = Threshold(
    "test accuracy on digits after five epochs of RMSprop",
    at_least=0.91,
    torch=[0.9556, 0.9533, 0.9333, 0.94, 0.9511, 0.9444, 0.9511, 0.9578, 0.9511, 0.9489],
    tensorflow=[0.9556, 0.9533, 0.9333, 0.94, 0.9511, 0.9444, 0.9511, 0.9578, 0.9511, 0.9489],
    measure=lambda impl, seed: train(impl, "RMSprop", seed),
)
ACCURACY_ADAM = Threshold(
    "test accuracy on digits after five epochs of Adam",
    at_least=0.92,
    torch=[0.9511, 0.9422, 0.9622, 0.9467, 0.9578, 0.9667, 0.9556, 0.9489, 0.9622, 0.9578],
    tensorflow=[0.9511, 0.9422, 0.9622, 0.9467, 0.9578, 0.9667, 0.9556, 0.9489, 0.9622, 0.9578],
    measure=lambda impl, seed: train(impl, "Adam", seed),
)
COMPARED = {
    "SGD": ACCURACY_SGD,
    "momentum": ACCURACY_MOMENTUM,
    "RMSprop": ACCURACY_RMSPROP,
    "Adam": ACCURACY_ADAM,
}


@pytest.mark.grade(points=2, seconds=60)
@pytest.mark.parametrize("kind", COMPARED)
def test_optimizers_train_one_network(impl, kind):
    """SGD, momentum, RMSprop and Adam train the network of the stub's table to their thresholds"""
    COMPARED[kind].expect(impl)


@pytest.mark.grade(points=1)
def test_optimizers_are_written_from_scratch(impl):
    """the optimizers are written from arithmetic"""
    from_scratch(impl, "SGD", "RMSprop", "Adam", "AdamW")
