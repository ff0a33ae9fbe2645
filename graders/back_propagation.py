"""Hidden checks of exercises/back_propagation.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad.authoring.companion import plant
from katagrad.authoring.comparison import kind_of
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    close,
    dtype,
    finite,
    from_scratch,
    holds,
    integers,
    normal,
    number,
    opaque,
    same_inputs,
    shape,
    uniform,
)
from katagrad.authoring.oracle import slopes, softmax
from katagrad.authoring.structure import items, keys

USES = "A result that is used twice receives a gradient from each use: add them up, with +=."
ORDER = (
    "Go through the operations in reverse topological order: a node's grad must be complete first."
)


def loss_of(params, x, y):
    hidden = np.maximum(x @ params["w1"] + params["b1"], 0)
    logits = hidden @ params["w2"] + params["b2"]
    shifted = logits - logits.max(1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return -logp[np.arange(len(y)), y].mean()


def two_layer_loss(params, x, y):
    """The loss and its gradients by hand."""
    hidden = x @ params["w1"] + params["b1"]
    active = np.maximum(hidden, 0)
    slope = softmax(active @ params["w2"] + params["b2"])
    slope[np.arange(len(y)), y] -= 1
    slope /= len(y)
    back = slope @ params["w2"].T * (hidden > 0)
    grads = {"w1": x.T @ back, "b1": back.sum(0), "w2": active.T @ slope, "b2": slope.sum(0)}
    return np.float64(loss_of(params, x, y)), grads


def network(samples=7, inputs=4, hidden=6, classes=3):
    """Parameters, inputs and labels, of which class 0 is the most frequent."""
    params = {
        "w1": normal(inputs, hidden, scale=0.7),
        "b1": normal(hidden, scale=0.5),
        "w2": normal(hidden, classes, scale=0.7),
        "b2": normal(classes, scale=0.5),
    }
    y = np.append(np.zeros(samples - 4, np.int64), [1, 0, classes - 1, 1])
    return params, normal(samples, inputs), y


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("size", [(5, 3, 4), (1, 2, 1)])
def test_affine_forward_multiplies_and_adds(impl, size):
    """affine_forward is x w + b"""
    samples, inputs, outputs = size
    x, w, b = normal(samples, inputs), normal(inputs, outputs), normal(outputs)
    result = same_inputs(impl, "affine_forward", x, w, b, returns=(None, opaque))
    close(result[0], x @ w + b, of="affine_forward(x, w, b)[0]", mistakes={"x w": x @ w})
    result = impl.float64.affine_forward(x, w, b, returns=(None, opaque))
    dtype(result[0], "float64", of="affine_forward of float64 tensors")


def affine_gradients(impl, x, w, b, dout):
    _, cache = impl.affine_forward(x, w, b, returns=(None, opaque))
    gradients = impl.affine_backward(dout, cache)
    return items(gradients, "affine_backward(dout, cache)", ("dx", "dw", "db"))


@pytest.mark.grade(points=1, hint="Row i of dx is w times row i of dout: dout @ w transposed.")
@pytest.mark.parametrize("size", [(5, 3, 4), (4, 3, 3), (1, 2, 1)])
def test_affine_backward_gives_dx(impl, size):
    """affine_backward returns the gradient by x"""
    samples, inputs, outputs = size
    x, w, b = normal(samples, inputs), normal(inputs, outputs), normal(outputs)
    dout = normal(samples, outputs)
    mistakes = {"the gradient for a dout of ones": np.ones_like(dout) @ w.T}
    if inputs == outputs:
        mistakes["dout @ w, without the transpose"] = dout @ w
    close(affine_gradients(impl, x, w, b, dout)[0], dout @ w.T, of="dx", mistakes=mistakes)


@pytest.mark.grade(points=1, hint="Element (d, m) of w multiplies x[n, d] into result (n, m).")
@pytest.mark.parametrize("size", [(5, 3, 4), (3, 3, 3), (1, 2, 1)])
def test_affine_backward_gives_dw(impl, size):
    """affine_backward returns the gradient by w, summed over the samples"""
    samples, inputs, outputs = size
    x, w, b = normal(samples, inputs), normal(inputs, outputs), normal(outputs)
    dout = normal(samples, outputs)
    close(
        affine_gradients(impl, x, w, b, dout)[1],
        x.T @ dout,
        of="dw",
        mistakes={
            "the gradient for a dout of ones": x.T @ np.ones_like(dout),
            "the mean over the samples": x.T @ dout / samples,
            "the transpose of dw": dout.T @ x,
        },
    )


@pytest.mark.grade(
    points=1, hint="b is added to every row, so it collects the gradient of every row."
)
@pytest.mark.parametrize("size", [(5, 3, 4), (3, 3, 3), (1, 2, 1)])
def test_affine_backward_gives_db(impl, size):
    """affine_backward returns the gradient by b, in the shape of b"""
    samples, inputs, outputs = size
    x, w, b = normal(samples, inputs), normal(inputs, outputs), normal(outputs)
    dout = normal(samples, outputs)
    close(
        affine_gradients(impl, x, w, b, dout)[2],
        dout.sum(0),
        of="db",
        mistakes={
            "dout itself: sum it over the samples": dout,
            "the gradient for a dout of ones": np.full(outputs, float(samples)),
            "the mean over the samples": dout.mean(0),
            "the sum with an axis too many": dout.sum(0, keepdims=True),
            "the sum over the outputs": dout.sum(1),
        },
    )


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("name", ["affine_forward", "relu_forward", "two_layer_loss"])
def test_functions_keep_the_contracts_words(impl, name):
    """affine_forward, relu_forward and two_layer_loss keep what docs/contract.md says of every function"""
    if name == "affine_forward":
        given = [normal(5, 3), normal(3, 4), normal(4)]
        # The cache may hold x and w themselves.
        options = {"rows": [0], "rowwise": True, "without": ["shared"]}
        conform(impl, name, given, returns=(None, opaque), **options)
    elif name == "relu_forward":
        # The cache may be x itself.
        options = {"rows": [0], "rowwise": True, "without": ["shared"]}
        conform(impl, name, [normal(5, 3, scale=10.0)], returns=(None, opaque), **options)
    else:
        params, x, y = network(samples=5)
        options = {"rows": [1, 2], "large": [1], "without": ["integers"]}
        conform(impl, name, [params, x, y], expected=two_layer_loss, **options)


@pytest.mark.grade(points=1, hint="The dtype of every step is that of dout.")
@pytest.mark.parametrize("size", [np.pi, 1e6 * np.pi], ids=["usual", "large"])
def test_backward_keeps_the_digits_of_float64(impl, size):
    """the functions compute in float64 if their inputs are float64, for any shape and numbers of any size"""
    x, w, b, dout = normal(4, 3), normal(3, 2), normal(2), normal(4, 2)
    # More digits than float32 has.
    x, dout = x * size, dout * size
    found = affine_gradients(impl.float64, x, w, b, dout)
    for name, got, right in zip(
        ("dx", "dw", "db"), found, (dout @ w.T, x.T @ dout, dout.sum(0)), strict=True
    ):
        close(got, right, of=f"{name} in float64", dtype="float64", rtol=1e-12, atol=1e-12 * size)
    for number_of_axes in (0, 1, 3):
        x = normal(*(2, 3, 4)[:number_of_axes]) * size
        dout = normal(*x.shape) * size
        out, cache = impl.float64.relu_forward(x, returns=(None, opaque))
        of = f"of float64 x of shape {x.shape}"
        close(out, np.maximum(x, 0), of=f"relu_forward {of}", dtype="float64", rtol=1e-12)
        got = impl.float64.relu_backward(dout, cache)
        close(got, dout * (x > 0), of=f"relu_backward {of}", dtype="float64", rtol=1e-12)


@pytest.mark.grade(points=1, hint="Everything that the way back needs belongs into the cache.")
def test_caches_of_two_calls_are_two(impl):
    """each cache belongs to its own call of affine_forward or relu_forward"""
    xs, ws = [normal(4, 3), normal(4, 3)], [normal(3, 2), normal(3, 2)]
    caches = [
        impl.affine_forward(x, w, normal(2), returns=(None, opaque))[1]
        for x, w in zip(xs, ws, strict=True)
    ]
    masks = [impl.relu_forward(x, returns=(None, opaque))[1] for x in xs]
    for i in (0, 1):
        dout = normal(4, 2)
        dx, dw, _ = impl.affine_backward(dout, caches[i])
        of = f"after two calls of affine_forward, with the cache of call {i + 1}"
        close(dx, dout @ ws[i].T, of=f"dx {of}")
        close(dw, xs[i].T @ dout, of=f"dw {of}")
        dout = normal(4, 3)
        of = f"relu_backward with the cache of call {i + 1}"
        close(impl.relu_backward(dout, masks[i]), dout * (xs[i] > 0), of=of)


@pytest.mark.grade(points=1, hint="A cache is read, never changed.")
def test_backward_leaves_dout_and_cache_alone(impl):
    """affine_backward and relu_backward change neither dout nor the cache"""
    x, w, b, dout = normal(4, 3), normal(3, 2), normal(2), normal(4, 2)
    _, cache = impl.affine_forward(x, w, b, returns=(None, opaque))
    impl.affine_backward(normal(4, 2), cache)
    dx, dw, _ = same_inputs_first(impl, "affine_backward", dout, cache)
    close(dx, dout @ w.T, of="dx, the second time with one cache")
    close(dw, x.T @ dout, of="dw, the second time with one cache")
    _, cache = impl.relu_forward(x, returns=(None, opaque))
    impl.relu_backward(normal(4, 3), cache)
    dout = normal(4, 3)
    result = same_inputs_first(impl, "relu_backward", dout, cache)
    close(result, dout * (x > 0), of="relu_backward, the second time with one cache")
    # One sample, and positive numbers alone, where there is nothing to sum and nothing to cut.
    x, dout = np.abs(normal(1, 3)), normal(1, 2)
    _, cache = impl.affine_forward(x, w, b, returns=(None, opaque))
    right = (dout @ w.T, x.T @ dout, dout[0])
    conform(impl, "affine_backward", [dout, cache], expected=right, only=["result", "shared"])
    _, cache = impl.relu_forward(x, returns=(None, opaque))
    conform(impl, "relu_backward", [x, cache], expected=x, only=["result", "shared"])


def same_inputs_first(impl, name, dout, cache):
    """Call name(dout, cache), and expect dout to be as it was; the cache has no form of its own."""
    result, after = impl.after(name, dout, cache)
    holds(np.allclose(after[0], dout, rtol=1e-6), f"{name} changed dout; work on a copy")
    return result


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("size", [(6,), (3, 4), (2, 1, 3)])
def test_relu_forward_cuts_at_zero(impl, size):
    """relu_forward is max(x, 0) for any shape"""
    x = normal(*size, scale=10.0)
    result = same_inputs(impl, "relu_forward", x, returns=(None, opaque))
    close(result[0], np.maximum(x, 0), of="relu_forward(x)[0]", mistakes={"abs(x)": np.abs(x)})


@pytest.mark.grade(points=2, hint="The derivative is 1 where x > 0, else 0; times dout.")
@pytest.mark.parametrize("size", [(6,), (3, 4), (2, 1, 3)])
def test_relu_backward_lets_through_what_was_positive(impl, size):
    """relu_backward is dout where x > 0 and 0 elsewhere, at 0 too"""
    x, dout = normal(*size), normal(*size)
    x.flat[0], x.flat[1], x.flat[2] = 0.0, 1e-30, 1.0
    _, cache = impl.relu_forward(x, returns=(None, opaque))
    close(
        impl.relu_backward(dout, cache),
        np.where(x > 0, dout, 0.0),
        of="relu_backward(dout, cache)",
        mistakes={
            "dout: the mask is 1 everywhere, as if taken from max(x, 0) >= 0": dout,
            "the mask without dout": (x > 0).astype(float),
            "the gradient with 1 at x = 0": np.where(x >= 0, dout, 0.0),
            "the ReLU of dout": np.maximum(dout, 0),
        },
    )


@pytest.mark.grade(points=2)
def test_two_layer_loss_is_the_mean_cross_entropy(impl):
    """two_layer_loss is the mean cross-entropy of the network: ln K for weights of 0"""
    params, x, y = network()
    expected = loss_of(params, x, y)
    loss, _ = same_inputs(impl, "two_layer_loss", params, x, y)
    linear = (x @ params["w1"] + params["b1"]) @ params["w2"] + params["b2"]
    without = -(linear - np.log(np.exp(linear).sum(1, keepdims=True)))[np.arange(len(y)), y].mean()
    close(
        loss,
        expected,
        of="the loss",
        mistakes={
            "the sum over the samples": expected * len(y),
            "the mean over samples and classes": expected / 3,
            "the loss in bits": expected / np.log(2),
            "the loss of a network without ReLU": without,
        },
    )
    zeros = {key: np.zeros_like(value) for key, value in params.items()}
    close(impl.two_layer_loss(zeros, x, y)[0], np.log(3), of="the loss of weights 0 (ln 3)")


@pytest.mark.grade(
    points=2, hint="Subtract each row's largest logit, or use the framework's log_softmax."
)
def test_two_layer_loss_survives_large_logits(impl):
    """two_layer_loss and its gradients stay finite for logits of 10,000"""
    params, x, y = network()
    params["w2"] = params["w2"] * 1e4
    params["b2"] = np.array([1e4, -1e4, 0.0])
    loss, grads = impl.two_layer_loss(params, x, y)
    close(loss, loss_of(params, x, y), of="the loss with logits of 10,000")
    for key in ("w1", "b1", "w2", "b2"):
        finite(grads[key], of=f"grads[{key!r}] with logits of 10,000")


@pytest.mark.grade(
    points=3, hint="d loss / d logits is (softmax - one_hot) / N; from there, go backward."
)
@pytest.mark.parametrize("samples", [7, 5])
def test_two_layer_loss_gives_every_gradient(impl, samples):
    """two_layer_loss returns the gradient of the loss by every parameter"""
    params, x, y = network(samples)
    _, grads = impl.float64.two_layer_loss(params, x, y)
    keys(grads, "the second result of two_layer_loss(params, x, y)", ("w1", "b1", "w2", "b2"))
    for key in ("b2", "w2", "b1", "w1"):
        expected = slopes(lambda: loss_of(params, x, y), params[key])
        close(
            grads[key],
            expected,
            of=f"grads[{key!r}]",
            rtol=1e-6,
            atol=1e-8,
            mistakes={
                "the gradient of the sum over the samples": expected * samples,
                "the gradient with the mean taken twice": expected / samples,
                "the gradient with the wrong sign": -expected,
            },
        )
    for key, right in two_layer_loss(params, x, y)[1].items():
        close(grads[key], right, of=f"grads[{key!r}] in float64", rtol=1e-10, atol=1e-12)
    other = {key: params[key] for key in ("b2", "w1", "w2", "b1")}
    _, grads = impl.two_layer_loss(other, x, y)
    of = "where the keys of params are in the order b2, w1, w2, b1"
    for key, right in two_layer_loss(params, x, y)[1].items():
        close(grads[key], right, of=f"grads[{key!r}] {of}")
    # Every hidden unit is exactly 0, where the ReLU passes nothing.
    still = params | {key: np.zeros_like(params[key]) for key in ("w1", "b1")}
    for key, right in two_layer_loss(still, x, y)[1].items():
        got = impl.two_layer_loss(still, x, y)[1][key]
        of = f"grads[{key!r}] where w1 and b1 are 0, and so every hidden unit"
        close(got, right, of=of, rtol=1e-4, atol=1e-6)
    _, grads = impl.two_layer_loss(params, x, y)
    for key, value in params.items():
        shape(grads[key], value.shape, of=f"grads[{key!r}]")
        dtype(grads[key], "float32", of=f"grads[{key!r}]")


@pytest.mark.grade(
    points=1, hint="A number beside a Value becomes a Value, whatever side it stands on."
)
def test_value_computes_with_numbers(impl):
    """Value holds the result of + - * / ** exp and relu, with Values and with numbers"""
    x, y = (float(v) for v in uniform(2, low=0.5, high=2.0))
    a, b = impl.Value(x), impl.Value(y)
    cases = {
        "a + b": (a + b, x + y),
        "a - b": (a - b, x - y),
        "a * b": (a * b, x * y),
        "a / b": (a / b, x / y),
        "-a": (-a, -x),
        "a ** 3": (a**3, x**3),
        "a ** -0.5": (a**-0.5, x**-0.5),
        "a.exp()": (a.exp(), np.exp(x)),
        "a.relu()": (a.relu(), x),
        "(-a).relu()": ((-a).relu(), 0.0),
        "a + 2": (a + 2, x + 2),
        "2 + a": (2 + a, x + 2),
        "a - 0.5": (a - 0.5, x - 0.5),
        "0.5 - a": (0.5 - a, 0.5 - x),
        "a * 3": (a * 3, x * 3),
        "3 * a": (3 * a, x * 3),
        "a / 4": (a / 4, x / 4),
        "a ** 0.5": (a**0.5, x**0.5),
        "a ** 1": (a**1, x),
        "a ** 0": (a**0, 1.0),
        "0 + a": (0 + a, x),
        "a + 0": (a + 0, x),
        "0 - a": (0 - a, -x),
        "a - 0": (a - 0, x),
        "0 * a": (0 * a, 0.0),
        "a * 0.0": (a * 0.0, 0.0),
        "1 * a": (1 * a, x),
        "-2 - a": (-2 - a, -2 - x),
        "a / -0.5": (a / -0.5, x / -0.5),
    }
    for of, (result, expected) in cases.items():
        found = result.get("data")
        number(found, expected, of=f"({of}).data", rtol=1e-9)
        kind = type(found).__name__
        holds(isinstance(found, float), f"({of}).data is of type {kind}, but should be a float")
    number(a.get("data"), x, of="a.data after all this", rtol=1e-9)
    number(a.get("grad"), 0.0, of="a.grad before any backward()")
    whole = impl.Value(3)
    for of, found in {
        "Value(3).data": whole.get("data"),
        "(Value(3) * 2).data": (whole * 2).get("data"),
        "Value(3).grad": whole.get("grad"),
    }.items():
        holds(
            isinstance(found, float),
            f"{of} is {kind_of(found)}, but should be a Python float",
        )


ONE_OPERATION = {
    "a + b": lambda a, b: a + b,
    "a - b": lambda a, b: a - b,
    "a * b": lambda a, b: a * b,
    "a / b": lambda a, b: a / b,
    "-a + 2 * b": lambda a, b: -a + 2 * b,
    "a ** 3 + b ** -2": lambda a, b: a**3 + b**-2,
    "a ** 0.5 + b ** 1.5": lambda a, b: a**0.5 + b**1.5,
    "0.5 - a * 4 - b / 8": lambda a, b: 0.5 - a * 4 - b / 8,
}


@pytest.mark.grade(
    points=2, hint="Each operation hands on its local derivative times its own grad."
)
@pytest.mark.parametrize("formula", ONE_OPERATION)
def test_value_differentiates_each_operation(impl, formula):
    """backward gives the derivative of each operation by both operands"""
    x, y = (float(v) for v in uniform(2, low=0.5, high=2.0))
    compare(impl, ONE_OPERATION[formula], x, y, formula)


@pytest.mark.grade(points=1, hint="exp is its own derivative; that of relu is 1 above 0, else 0.")
def test_value_differentiates_exp_and_relu(impl):
    """backward goes through exp and relu; relu has the derivative 0 at 0"""
    x = float(uniform(low=0.5, high=2.0))
    a, b = impl.Value(x), impl.Value(0.0)
    result = (a * 2).exp() + 3 * (a * 0.25).relu() + 7 * (a * -5).relu() + b.relu()
    number(result.get("data"), np.exp(2 * x) + 0.75 * x, of="the result", rtol=1e-9)
    result.backward()
    number(a.get("grad"), 2 * np.exp(2 * x) + 0.75, of="a.grad", rtol=1e-9)
    number(b.get("grad"), 0.0, of="the derivative of relu at 0")


@pytest.mark.grade(points=1, hint="d a**n / d a is n a**(n - 1), for negative a and for 0, too.")
def test_value_differentiates_powers_everywhere(impl):
    """powers and their derivatives are right at 0 and for negative numbers"""
    x = -float(uniform(low=0.5, high=2.0))
    for data, exponent in [(0.0, 1), (0.0, 2), (0.0, 3), (x, 2), (x, 3), (x, -1), (x, 2.0)]:
        a = impl.Value(data)
        result = a**exponent
        of = f"Value({data:.4g}) ** {exponent}"
        number(result.get("data"), data**exponent, of=f"({of}).data", rtol=1e-9)
        result.backward()
        slope = exponent * data ** (exponent - 1)
        number(a.get("grad"), slope, of=f"the derivative of {of}", rtol=1e-9)


def compare(impl, f, x, y, formula):
    a, b = impl.Value(x), impl.Value(y)
    result = f(a, b)
    number(result.get("data"), f(x, y), of=f"({formula}).data", rtol=1e-9)
    result.backward()
    eps = 1e-6
    by_a = (f(x + eps, y) - f(x - eps, y)) / (2 * eps)
    by_b = (f(x, y + eps) - f(x, y - eps)) / (2 * eps)
    number(a.get("grad"), by_a, of=f"a.grad of {formula}", rtol=1e-6)
    number(b.get("grad"), by_b, of=f"b.grad of {formula}", rtol=1e-6)
    number(result.get("grad"), 1.0, of=f"({formula}).grad")
    for value, of in ((result, f"({formula}).grad"), (a, "a.grad"), (b, "b.grad")):
        kind = type(value.get("grad")).__name__
        holds(kind == "float", f"{of} after backward() is of type {kind}, but should be a float")


def long_and_short_way(a, b):
    """c reaches the result at once and by a detour, whichever operand is visited first."""
    c = a * b
    d = c + a
    e = c * (d * (d + c))
    return (e * c) * d + c * (e + b * e)


@pytest.mark.grade(points=2, hint=USES)
def test_value_adds_up_what_is_used_twice(impl):
    """a Value that is used twice receives the gradients of both uses"""
    x, y = (float(v) for v in uniform(2, low=0.5, high=2.0))
    compare(impl, lambda a, b: a * a + b + b + b, x, y, "a * a + b + b + b")
    compare(impl, lambda a, b: (a + b) * (a - b) / a, x, y, "(a + b) * (a - b) / a")
    compare(impl, lambda a, b: a / a + (a - a) * b + b, x, y, "a / a + (a - a) * b + b")
    # A result of 0 passes gradients on like any other.
    compare(impl, lambda a, b: (a - 2) * b, 2.0, y, "(a - 2) * b")


@pytest.mark.grade(points=2, hint=ORDER)
def test_value_goes_backward_in_topological_order(impl):
    """a result is gone through after all that use it, whatever the shape of the graph"""
    x, y = (float(v) for v in uniform(2, low=0.5, high=1.5))
    compare(impl, long_and_short_way, x, y, "a graph with long and short ways")


@pytest.mark.grade(points=2, hint=ORDER, seconds=10)
def test_value_visits_each_operation_once(impl):
    """backward takes time in proportion to the operations, and follows 300 of them in a row"""
    a = impl.Value(1.0)
    doubled = a
    for _ in range(60):
        doubled = doubled + doubled  # 2**60 ways lead from the result to a
    doubled.backward()
    number(a.get("grad"), 2.0**60, of="a.grad after 60 doublings", rtol=1e-9)
    a = impl.Value(0.5)
    chain = a
    for _ in range(300):
        chain = chain + 1
    chain.backward()
    number(a.get("grad"), 1.0, of="a.grad after 300 additions", rtol=1e-9)
    # An engine may build these of several operations of its own.
    one = impl.Value(1.0)
    for step, what in ((lambda v: 1 - v, "1 - v"), (lambda v: one / v, "one / v")):
        a = impl.Value(0.5)
        chain = a
        for _ in range(300):
            chain = step(chain)
        chain.backward()
        number(a.get("grad"), 1.0, of=f"a.grad after v = {what}, 300 times", rtol=1e-9)


@pytest.mark.grade(points=1, hint=USES)
def test_value_adds_up_over_results(impl):
    """the backward of a second result adds to the grad of the Values that it shares with the first"""
    x = float(uniform(low=0.5, high=2.0))
    a = impl.Value(x)
    first = a * 3
    first.backward()
    (a * a).backward()
    number(
        a.get("grad"),
        3 + 2 * x,
        of="a.grad after (a * 3).backward() and (a * a).backward()",
        rtol=1e-9,
        mistakes={"that of the second alone": 2 * x},
    )
    first.backward()
    number(first.get("grad"), 1.0, of="the grad of a result after two calls of its backward()")
    number(a.get("grad"), 6 + 2 * x, of="a.grad after (a * 3).backward() once more", rtol=1e-9)
    a = impl.Value(x)
    a.backward()
    number(a.get("grad"), 1.0, of="a.grad after a.backward()", rtol=1e-9)
    a = impl.Value(x)
    middle = a * 2
    (middle * 3).backward()
    (middle * 5).backward()
    shared = "with m = a * 2, after (m * 3).backward() and (m * 5).backward()"
    mistakes = {"that of the second alone": 5}
    number(middle.get("grad"), 8, of=f"m.grad {shared}", rtol=1e-9, mistakes=mistakes)
    mistakes = {
        "what comes out if the second call sends on again what the first left in m.grad": 22
    }
    number(a.get("grad"), 16, of=f"a.grad {shared}", rtol=1e-9, mistakes=mistakes)
    (middle * 5).backward()
    number(a.get("grad"), 26, of="a.grad after a second (m * 5).backward()", rtol=1e-9)
    same = {
        "0 + a": lambda a: 0 + a,
        "a + 0": lambda a: a + 0,
        "a - 0": lambda a: a - 0,
        "1 * a": lambda a: 1 * a,
        "a * 1": lambda a: a * 1,
        "a / 1": lambda a: a / 1,
        "a ** 1": lambda a: a**1,
        "a.relu()": lambda a: a.relu(),
    }
    for of, f in same.items():
        a = impl.Value(x)
        (a * 3).backward()
        f(a).backward()
        mistakes = {"what comes out if it is a itself, whose grad is set to 1": 1}
        of = f"a.grad after (a * 3).backward() and ({of}).backward()"
        number(a.get("grad"), 4, of=of, rtol=1e-9, mistakes=mistakes)


# CPU seconds of this thread, so that other programs do not count, nor does Python's collector. The floor of 10 ms
# is for kernels that count in ticks. Right engines take 0.7 to 2.2 times the sums; a search in a list takes 90.
TREE = """
import gc
import time


def ratio(first, leaves):
    make = type(first)
    gc.disable()
    try:
        start = time.thread_time()
        row = [make(float(i % 7)) for i in range(leaves)]
        while len(row) > 1:
            row = [row[i] + row[i + 1] for i in range(0, len(row), 2)]
        middle = time.thread_time()
        row[0].backward()
        end = time.thread_time()
    finally:
        gc.enable()
    return (end - middle) / max(middle - start, 0.01)
"""


@pytest.mark.grade(
    points=1, hint="Whether a node was seen is a question for a set, not for a list."
)
def test_value_goes_backward_in_the_time_of_forward(impl):
    """backward through 8,191 sums takes less than 30 times the CPU time of computing them"""
    found = plant(impl, "trees.py", TREE).ratio(impl.Value(1.0), 8192)
    holds(
        found < 30,
        f"backward through 8,191 sums took {found:.0f} times the CPU time of the sums, "
        "but should take about as long as they did",
    )


@pytest.mark.grade(points=1)
def test_back_propagation_is_written_from_scratch(impl):
    """all gradients are computed by hand, without automatic differentiation"""
    from_scratch(impl, "affine_backward", "relu_backward", "two_layer_loss", "Value")
    params, x, y = network(samples=4 + int(integers(3)))
    impl.two_layer_loss(params, x, y)
    impl.Value(1.0)
