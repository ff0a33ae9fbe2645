"""Hidden checks of exercises/derivative.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad.authoring.companion import plant
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_most,
    between,
    close,
    dtype,
    equal,
    from_scratch,
    holds,
    normal,
    number,
    opaque,
    shape,
    uniform,
)
from katagrad.authoring.functions import cos, exp, function, maximum, sin, stack
from katagrad.errors import Failure
from katagrad.worker.expression import traced

FLOAT64 = (
    "Cast x to float64 before you step: a difference of two float32 values is mostly rounding."
)
TAPE = "Run f itself on a tensor that the tape follows, and take the gradient of its result by that tensor."

CUBIC = function(lambda x: (x**3 - 2.0 * x**2).sum())
WAVE = function(lambda x: (sin(x) * exp(x)).sum())
FAST_WAVE = function(lambda x: sin(x * 1000.0).sum())


def differences(f, x, eps, ahead=1, behind=1):
    """Quotients of f along each element of x: central, unless `ahead` or `behind` is 0."""
    result = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[at] = eps
        result[at] = (f(x + ahead * step) - f(x - behind * step)) / ((ahead + behind) * eps)
    return result


def relative_error(claimed, measured):
    scale = np.maximum(np.abs(claimed) + np.abs(measured), 1e-8)
    return float((np.abs(claimed - measured) / scale).max())


@pytest.mark.grade(points=2, hint="The two values lie 2 * eps apart.")
@pytest.mark.parametrize("eps", [0.5, 0.125])
def test_numerical_grad_is_a_central_difference(impl, eps):
    """numerical_grad moves each element by eps, to either side, and divides by the distance"""
    x = normal(2, 3)
    expected = differences(CUBIC, x, eps)
    together = np.full_like(x, (CUBIC(x + eps) - CUBIC(x - eps)) / (2 * eps))
    close(
        impl.numerical_grad(CUBIC, x, eps=eps),
        expected,
        of=f"numerical_grad(x**3 - 2 x**2, x, {eps=})",
        mistakes={
            "the forward difference": differences(CUBIC, x, eps, behind=0),
            "the backward difference": differences(CUBIC, x, eps, ahead=0),
            "twice the quotient: divide by 2 * eps": 2 * expected,
            "the quotient with all elements moved at once": together,
            "the exact gradient, which no difference quotient of this eps gives": 3 * x**2 - 4 * x,
        },
    )
    # What such an f returns may share the memory of what it is given.
    shared = "what two values give that are one: f(x) is a part of x, and changes with it"
    for f, size, of in ((lambda x: x[1], (3,), "x[1]"), (lambda x: x, (), "x")):
        one = np.array([0.0, 1.0, 0.0]) if size else np.array(1.0)
        close(
            impl.numerical_grad(function(f), normal(*size), eps=eps),
            one,
            of=f"numerical_grad({of}, x, {eps=})",
            mistakes={shared: 0 * one},
        )


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("size", [(), (1,), (3,), (2, 1, 3)])
def test_numerical_grad_keeps_shape_and_dtype(impl, size):
    """numerical_grad returns the shape and dtype of x"""
    x = normal(*size)
    result = impl.numerical_grad(CUBIC, x)
    close(result, 3 * x**2 - 4 * x, of=f"numerical_grad at x of shape {size}", rtol=1e-3, atol=1e-4)
    dtype(result, "float32", of="numerical_grad at a float32 x")
    dtype(impl.float64.numerical_grad(CUBIC, x), "float64", of="numerical_grad at a float64 x")


# An f that notes what it is called with.
NOTING = {
    "torch": """
import torch

SEEN = []


def cubes(x):
    SEEN.append((list(x.shape), str(x.dtype)))
    return torch.sum(x * x * x)
""",
    "tensorflow": """
import tensorflow as tf

SEEN = []


def cubes(x):
    SEEN.append((list(x.shape), x.dtype.name))
    return tf.reduce_sum(x * x * x)
""",
}
# An f with a weight of its own. Only PyTorch keeps gradients in tensors, and has a switch for recording.
WEIGHTED = {
    "torch": """
import torch

WEIGHT = torch.tensor(3.0, requires_grad=True)


def squares(x):
    return WEIGHT * x * x


def total(x):
    return torch.sum(squares(x))


def line(x):
    return WEIGHT * x + 1.0


def constant(x):
    return 2.0 * WEIGHT


def constants(x):
    return 2.0 * WEIGHT.expand(x.shape)


def three(x):
    return torch.tensor(3.0)


def threes(x):
    return torch.full(x.shape, 3.0)


def stored():
    return WEIGHT.grad is not None


def record(on):
    torch.set_grad_enabled(on)


def recording():
    return torch.is_grad_enabled()
""",
    "tensorflow": """
import tensorflow as tf

WEIGHT = tf.Variable(3.0)


def squares(x):
    return WEIGHT * x * x


def total(x):
    return tf.reduce_sum(squares(x))


def line(x):
    return WEIGHT * x + 1.0


def constant(x):
    return 2.0 * WEIGHT


def constants(x):
    return tf.fill(x.shape, 2.0 * WEIGHT)
""",
}


@pytest.mark.grade(points=1, hint="x + step has the shape of x, whatever that is.")
@pytest.mark.parametrize("size", [(), (1,), (2, 3)])
def test_numerical_grad_evaluates_f_at_the_shape_of_x(impl, size):
    """numerical_grad calls f with float64 tensors of the shape of x"""
    x = normal(*size)
    module = plant(impl, "noting.py", NOTING[impl.framework])
    result = impl.numerical_grad(module.get("cubes"), x)
    close(result, 3 * x**2, of=f"numerical_grad(x**3, x) at x of shape {size}", atol=1e-4)
    for shape_seen, dtype_seen in module.get("SEEN"):
        given = "a tensor with which numerical_grad called f"
        equal(tuple(shape_seen), size, of=f"the shape of {given}")
        equal(dtype_seen.removeprefix("torch."), "float64", of=f"the dtype of {given}")


@pytest.mark.grade(points=2, hint=FLOAT64)
@pytest.mark.parametrize("eps", [1e-5, 1e-7])
def test_numerical_grad_survives_float32(impl, eps):
    """numerical_grad of a float32 x is right to four digits even for a tiny eps"""
    x = uniform(4, low=-2.0, high=2.0)
    expected = np.exp(x) * (np.sin(x) + np.cos(x))
    close(
        impl.numerical_grad(WAVE, x, eps=eps),
        expected,
        of=f"numerical_grad(sin(x) exp(x), x, {eps=})",
    )


@pytest.mark.grade(points=1, hint="Central differences err by eps**2 f'''(x) / 6.")
def test_numerical_grad_errs_by_the_square_of_eps(impl):
    """a tenth of eps makes the error of numerical_grad a hundred times smaller; eps is 1e-5 by default"""
    x = uniform(3, low=0.5, high=1.0)
    exact = np.exp(x) * (np.sin(x) + np.cos(x))
    errors = [
        np.abs(np.asarray(impl.float64.numerical_grad(WAVE, x, eps=eps)) - exact).max()
        for eps in (1e-1, 1e-2)
    ]
    of = "error of numerical_grad at eps=0.1, divided by that at eps=0.01,"
    between(float(errors[0] / max(errors[1], 1e-300)), 90, 110, of=of)
    close(
        impl.float64.numerical_grad(FAST_WAVE, x),
        differences(FAST_WAVE, x, 1e-5),
        of="numerical_grad(sin(1000 x), x) with the default eps",
        rtol=2e-9,
        atol=1e-7,
    )


@pytest.mark.grade(points=2, hint=TAPE)
def test_autograd_grad_is_exact(impl):
    """autograd_grad is exact even where finite differences are not"""
    x = normal(2, 3)
    result = impl.autograd_grad(WAVE, x)
    close(result, np.exp(x) * (np.sin(x) + np.cos(x)), of="autograd_grad(sin(x) exp(x), x)")
    dtype(result, "float32", of="autograd_grad at a float32 x")
    close(
        impl.float64.autograd_grad(FAST_WAVE, x),
        1000 * np.cos(1000 * x),
        of="autograd_grad(sin(1000 x), x)",
        mistakes={"a difference quotient": differences(FAST_WAVE, x, 1e-5)},
    )
    x = uniform(low=1.0, high=2.0)
    close(impl.autograd_grad(CUBIC, x), 3 * x**2 - 4 * x, of="autograd_grad at a scalar x")


@pytest.mark.grade(points=1, hint="What f does not depend on has the gradient 0, not None.")
def test_autograd_grad_follows_every_use_of_x(impl):
    """autograd_grad adds up all uses of an element, and is 0 for elements that f does not use"""
    x = uniform(5, low=0.5, high=2.0)
    f = function(lambda x: x[0] * x[1] + x[0] ** 2 + maximum(x[3], 0.1 * x[3]))
    expected = np.array([x[1] + 2 * x[0], x[0], 0.0, 1.0, 0.0])
    close(impl.autograd_grad(f, x), expected, of="autograd_grad(x0 x1 + x0**2 + leaky_relu(x3), x)")
    itself = impl.autograd_grad(function(lambda x: x), normal())
    mistakes = {"the gradient of a constant: no operation led to f(x), and yet it is x": 0.0}
    close(itself, 1.0, of="autograd_grad(f, x) of f(x) = x at a scalar x", mistakes=mistakes)
    root = function(lambda x: (x**0.5).sum())
    of = "autograd_grad(sqrt(x), [0, 4])"
    close(impl.autograd_grad(root, np.array([0.0, 4.0])), np.array([np.inf, 0.25]), of=of)


def zeros(found, size, of, kind="float32"):
    """Expect a tensor of zeros; the framework gives None instead where nothing leads back to x."""
    holds(
        found is not None,
        f"{of} is None, but should be a tensor of zeros; "
        "the framework's gradient is None where a result does not depend on x",
    )
    close(found, np.zeros(size), of=of, dtype=kind)


@pytest.mark.grade(points=2, hint="What leads back to nothing has the derivative 0, not None.")
@pytest.mark.parametrize(
    "name", ["numerical_grad", "autograd_grad", "jacobian", "second_derivative"]
)
def test_derivatives_of_a_constant_are_zero(impl, name):
    """every derivative of a constant function is a tensor of zeros, in the shape and dtype of x"""
    scalar = name in ("numerical_grad", "autograd_grad")
    # A Jacobian may take a third of a second.
    for x in (
        (normal(2, 3), normal()) if name == "jacobian" else (normal(3), normal(2, 3), normal())
    ):
        value = normal() if scalar else normal(*x.shape)
        # A result that no operation joins to x, and one that is joined to x and does not change with it.
        apart = traced(value, 1)
        joined = (
            function(lambda x: (0.0 * x).sum() + 4.0) if scalar else function(lambda x: 0.0 * x)
        )
        size = x.shape + x.shape if name == "jacobian" else x.shape
        for f, kind in ((apart, "constant"), (joined, "0 * x")):
            of = f"{name}(f, x) of a {kind} f and x of shape {x.shape}"
            zeros(impl.call(name, f, x), size, of)
    zeros(impl.float64.call(name, apart, x), size, of, "float64")
    if not scalar:
        f = plant(impl, "weighted.py", WEIGHTED[impl.framework]).get("constants")
        x = normal(3)
        size = (3, 3) if name == "jacobian" else (3,)
        zeros(impl.call(name, f, x), size, f"{name}(f, x) of f(x) = 2 w, for each element of x,")


@pytest.mark.grade(points=2, hint="Differentiate by a tensor of your own, not by the caller's.")
def test_autograd_grad_can_be_repeated(impl):
    """autograd_grad gives the same when it is called again on the same tensor"""
    point = impl.numerical_grad(CUBIC, uniform(3, low=1.0, high=2.0), returns=opaque)
    x = point.fetch()
    expected = 3 * x.astype(float) ** 2 - 4 * x
    first = impl.autograd_grad(CUBIC, point, returns=opaque)
    close(
        impl.autograd_grad(CUBIC, point), expected, of="autograd_grad, called again on the same x"
    )
    close(first.fetch(), expected, of="the first autograd_grad(f, x), after the second,")
    close(point.fetch(), x, of="x after autograd_grad")
    if impl.framework == "torch":
        equal(point.get("requires_grad"), False, of="x.requires_grad after autograd_grad(f, x)")


@pytest.mark.grade(points=3, hint="One gradient for every element of f(x), stacked in front.")
@pytest.mark.parametrize("case", ["vector", "matrix", "scalar"])
def test_jacobian_holds_every_derivative(impl, case):
    """jacobian has the shape f(x).shape + x.shape and every derivative in its place"""
    if case == "vector":
        x = normal(3)
        f = function(lambda x: stack(x[0] * x[1], x[2] ** 2, x[0] * 3.0, sin(x[1])))
        a, b, c = x
        expected = np.array([[b, a, 0], [0, 0, 2 * c], [3, 0, 0], [0, np.cos(b), 0]])
        mistakes = {
            "the gradient of the sum": expected.sum(0),
            "the transpose; the results' axes come first": expected.T,
        }
        alone = normal(1)
        found = impl.jacobian(function(lambda x: stack(x[0] * 3.0, x[0] ** 2)), alone)
        right = np.array([[3.0], [2 * alone[0]]])
        close(found, right, of="jacobian(f, x) of f(x) = [3 x0, x0**2] and x of shape (1,)")
    elif case == "matrix":
        x = normal(2, 3)
        f = function(lambda x: stack(x[0] * x[1], x[1] * x[1], axis=1))  # (3, 2)
        expected = np.zeros((3, 2, 2, 3))
        for j in range(3):
            expected[j, 0, :, j] = x[1, j], x[0, j]
            expected[j, 1, 1, j] = 2 * x[1, j]
        mistakes = {"two flat axes": expected.reshape(6, 6)}
        # The result has the shape of x, which has an axis of one, and f is not elementwise.
        column = normal(2, 1)
        found = impl.jacobian(function(lambda x: stack(x[0] * x[1], x[1] * x[1])), column)
        (a,), (b,) = column
        right = np.array([[b, a], [0, 2 * b]]).reshape(2, 1, 2, 1)
        close(found, right, of="jacobian(f, x) of f(x) = [x0 x1, x1 x1] and x of shape (2, 1)")
    else:
        x = normal(2, 3)
        f, expected, mistakes = CUBIC, 3 * x**2 - 4 * x, {}
        found = impl.float64.jacobian(f, x * 2**20)
        at = x * 2.0**20
        close(found, 3 * at**2 - 4 * at, of="jacobian where x is about a million", rtol=1e-6)
    wide = case == "vector"  # one case in float64: a Jacobian may take a third of a second
    result = (impl.float64 if wide else impl).jacobian(f, x)
    close(result, expected, of=f"jacobian of a {case} function", mistakes=mistakes)
    dtype(result, "float64" if wide else "float32", of="jacobian")


@pytest.mark.grade(points=2, hint="Take the gradient of the gradient, with a tape around the tape.")
def test_second_derivative_differentiates_twice(impl):
    """second_derivative is exact for every element"""
    x = uniform(2, 3, low=-1.0, high=2.0)
    wave, slope = np.sin(x) * np.exp(x), np.exp(x) * (np.sin(x) + np.cos(x))
    f = function(lambda x: sin(x) * exp(x))
    result = impl.second_derivative(f, x)
    close(
        result,
        2 * np.cos(x) * np.exp(x),
        of="second_derivative(sin(x) exp(x), x)",
        mistakes={"the first derivative": slope, "the square of the first": slope**2, "f": wave},
    )
    f = function(lambda x: cos(x * 300.0))
    close(
        impl.float64.second_derivative(f, x),
        -9e4 * np.cos(300 * x),
        of="second_derivative(cos(300 x), x)",
    )
    result = impl.second_derivative(function(lambda x: x**3), x[0, 0])
    close(result, 6 * x[0, 0], of="second_derivative at a scalar x")


@pytest.mark.grade(points=1, hint="The first derivative is a constant: nothing is left to follow.")
def test_second_derivative_of_a_line_is_zero(impl):
    """second_derivative of a linear function is a tensor of zeros"""
    x = normal(4)
    result = impl.second_derivative(function(lambda x: 3.0 * x - 1.0), x)
    zeros(result, (4,), "second_derivative(3 x - 1, x)")
    f = plant(impl, "weighted.py", WEIGHTED[impl.framework]).get("line")
    zeros(
        impl.second_derivative(f, x), (4,), "second_derivative(w x + 1, x) of an f with a weight w"
    )


@pytest.mark.grade(points=2, hint=FLOAT64)
def test_grad_check_passes_a_right_gradient(impl):
    """grad_check finds next to no error in a right gradient, in float32 too"""
    # Away from -pi/4, where the gradient is 0 and any rounding a large share of it.
    x = uniform(2, 3, low=-0.5, high=2.0)
    right = function(lambda x: exp(x) * (sin(x) + cos(x)))
    at_most(impl.grad_check(WAVE, right, x), 1e-6, of="grad_check of a right gradient")
    # eps is a power of two, which no dtype rounds. The difference errs by less than 1e-9, and float32 by 1e-8.
    found = impl.grad_check(WAVE, right, uniform(40, low=0.0, high=1.5), eps=2.0**-14)
    at_most(found, 3e-9, of="grad_check(f, grad_f, x, eps=2**-14) of a right gradient, in float64,")
    zero = impl.grad_check(
        function(lambda x: (x[0] ** 2).sum()), function(lambda x: x * 0.0), x * 0
    )
    number(zero, 0.0, of="grad_check of a gradient that is 0")
    at_most(
        impl.grad_check(WAVE, right, uniform()),
        1e-6,
        of="grad_check of a right gradient, x of shape ()",
    )
    x = uniform(1, low=0.1, high=0.2)
    of = "grad_check of sin(1000 x) and 1000 cos(1000 x) with the default eps"
    result = impl.grad_check(FAST_WAVE, function(lambda x: 1000.0 * cos(x * 1000.0)), x)
    # What is left is the error of the difference: 1 - sin(h) / h with h = 1000 eps, over 2.
    number(result, (1 - np.sin(1e-2) / 1e-2) / 2, of=of, rtol=1e-2, atol=0.0)


@pytest.mark.grade(
    points=3, hint="The largest of |a - n| / max(|a| + |n|, 1e-8) counts, not the mean."
)
def test_grad_check_reports_a_wrong_gradient(impl):
    """grad_check reports the relative error of a wrong gradient, even if one element alone is wrong"""
    x = uniform(3, low=0.5, high=2.0)
    f = function(lambda x: (x**2).sum())
    # One element off by a tenth, then all of them by a factor, the sign, a missing term.
    one = function(lambda x: stack(2.0 * x[0], 2.2 * x[1], 2.0 * x[2]))
    wrong = relative_error(np.array([2 * x[0], 2.2 * x[1], 2 * x[2]]), 2 * x)
    number(
        impl.grad_check(f, one, x),
        wrong,
        of="grad_check with one element 10 % too large",
        mistakes={"the mean over elements": wrong / 3, "the absolute error": 0.2 * x[1]},
    )
    number(
        impl.grad_check(f, function(lambda x: x * 3.0), x),
        0.2,
        of="grad_check(x**2, 3 x)",
        mistakes={
            "|a - n| / |n|": 0.5,
            "|a - n| / |a|": 1 / 3,
            "|a - n| / max(|a|, |n|)": 1 / 3,
            "a signed error": -0.2,
        },
    )
    number(impl.grad_check(f, function(lambda x: x * 1.0), x), 1 / 3, of="grad_check(x**2, x)")
    number(impl.grad_check(f, function(lambda x: -2.0 * x), x), 1.0, of="grad_check(x**2, -2 x)")
    cubic, eps = function(lambda x: (x**3).sum()), 0.25
    expected = relative_error(x**2, differences(cubic, x, eps))
    result = impl.grad_check(cubic, function(lambda x: x**2), x, eps=eps)
    number(result, expected, of=f"grad_check(x**3, x**2, {eps=})")


@pytest.mark.grade(
    points=1, hint="max(|a| + |n|, 1e-8) keeps the quotient of two tiny numbers small."
)
def test_grad_check_forgives_tiny_gradients(impl):
    """grad_check divides by 1e-8 where both gradients are smaller"""
    x = uniform(2, low=0.5, high=2.0)
    f, grad_f = function(lambda x: (x * 1e-10).sum()), function(lambda x: x * 0.0 + 3e-10)
    result = impl.float64.grad_check(f, grad_f, x)
    number(result, 0.02, of="grad_check of 3e-10 for 1e-10", rtol=1e-3)


@pytest.mark.grade(points=2)
@pytest.mark.parametrize(
    "name", ["numerical_grad", "autograd_grad", "jacobian", "second_derivative", "grad_check"]
)
def test_derivatives_keep_the_contracts_words(impl, name):
    """each function keeps what docs/contract.md says of every function"""
    x = uniform(2, 3, low=0.5, high=2.0)
    wave = function(lambda x: sin(x) * exp(x))

    def slope(f, x):  # noqa: ARG001  of sin(x) exp(x) or its sum
        return np.exp(x) * (np.sin(x) + np.cos(x))

    def cubic(f, x):  # noqa: ARG001
        return 3 * x**2 - 4 * x

    def jacobian(f, x):
        return np.diag(slope(f, x).ravel()).reshape(2, 3, 2, 3)

    def bend(f, x):  # noqa: ARG001
        return 2 * np.cos(x) * np.exp(x)

    if name == "numerical_grad":
        # A step that no float holds exactly: back and forth by it does not lead back to x.
        conform(impl, name, [CUBIC, x], {"eps": 0.1}, expected=differences, large=[1])
    elif name == "autograd_grad":
        conform(impl, name, [CUBIC, x], expected=cubic, large=[1])
    elif name == "second_derivative":
        conform(impl, name, [wave, x], expected=bend)
    elif name == "jacobian":
        # A Jacobian may take a third of a second.
        rules = ["result", "untouched", "settings", "float64", "views", "gradients"]
        conform(impl, name, [wave, x], expected=jacobian, only=rules)
    else:
        given = [CUBIC, function(lambda x: 3.0 * x**2), x]
        rules = ["result", "float64", "digits"]
        conform(impl, name, given, {"eps": 0.1}, gives="anything", without=rules)


@pytest.mark.grade(
    points=1, hint="A result that leads back to weights alone has the gradient 0, too."
)
def test_autograd_grad_of_a_constant_with_weights(impl):
    """autograd_grad is 0 for a constant f that has a weight of its own"""
    f = plant(impl, "weighted.py", WEIGHTED[impl.framework]).get("constant")
    for size in ((3,), ()):
        of = f"autograd_grad(f, x) of f(x) = 2 w and x of shape {size}"
        zeros(impl.autograd_grad(f, normal(*size)), size, of)


@pytest.mark.grade(points=1, hint="torch.autograd.grad stores nothing; backward() does.")
@pytest.mark.parametrize("name", ["autograd_grad", "jacobian", "second_derivative"])
def test_derivatives_leave_weights_and_recording_alone(impl, name):
    """a derivative of an f with weights is right, stores no gradient in them, and leaves recording on or off"""
    x = uniform(3, low=1.0, high=2.0)
    module = plant(impl, "weighted.py", WEIGHTED[impl.framework])
    f = module.get("total" if name == "autograd_grad" else "squares")
    right = {"autograd_grad": 6 * x, "jacobian": np.diag(6 * x), "second_derivative": 6 + 0 * x}
    close(impl.call(name, f, x), right[name], of=f"{name}(f, x) where f has a weight")
    if impl.framework == "tensorflow":
        return
    holds(
        not module.stored(),
        f"{name}(f, x) stored a gradient in a weight of f; its .grad should be left as it was",
    )
    constant = module.get("constant" if name == "autograd_grad" else "constants")
    bare = module.get("three" if name == "autograd_grad" else "threes")
    for given, call in (
        (f, f"{name}(f, x)"),
        (constant, f"{name}(f, x) of a constant f with a weight"),
        (bare, f"{name}(f, x) of a constant f"),
    ):
        module.record(False)
        try:
            impl.call(name, given, x)
        except Failure:
            pass  # No contract says what a derivative is where nothing may be recorded.
        finally:
            on = module.recording()
            module.record(True)
        holds(not on, f"torch.is_grad_enabled() was False before {call}, and was True after it")


@pytest.mark.grade(points=1)
def test_derivative_is_written_from_scratch(impl):
    """the differences are written by hand, without a gradient checker of the framework"""
    from_scratch(impl, "numerical_grad", "autograd_grad", "grad_check")
    shape(impl.numerical_grad(CUBIC, normal(2)), (2,), of="numerical_grad")
