"""Hidden checks of exercises/activations.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest
from scipy.special import erf, expit

from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    close,
    finite,
    from_scratch,
    holds,
    integers,
    normal,
    number,
    raises,
    shape,
    uniform,
)

ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805
ROOT = np.sqrt(2 / np.pi)
STEP = "An exponent must not overflow: exp(-|x|) never does."
BOTH = (
    "where computes both branches, and the tape goes through both: cut the exponent off at 0 first."
)
INPUT = "The derivative takes the input x: compute the output from it first, where you need it."


def elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def elu_grad(x, alpha=1.0):
    return np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0)))


def gelu(x, approximate=False):
    if approximate:
        return x / 2 * (1 + np.tanh(ROOT * (x + 0.044715 * x**3)))
    return x / 2 * (1 + erf(x / np.sqrt(2)))


def gelu_grad(x, approximate=False):
    if approximate:
        t = np.tanh(ROOT * (x + 0.044715 * x**3))
        return (1 + t) / 2 + x / 2 * (1 - t**2) * ROOT * (1 + 3 * 0.044715 * x**2)
    return (1 + erf(x / np.sqrt(2))) / 2 + x * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


FUNCTIONS = {
    "sigmoid": expit,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x, slope=0.01: np.where(x > 0, x, slope * x),
    "elu": elu,
    "selu": lambda x: SCALE * elu(x, ALPHA),
    "gelu": gelu,
    "softplus": lambda x: np.logaddexp(0, x),
}
DERIVATIVES = {
    "sigmoid": lambda x: expit(x) * expit(-x),
    "tanh": lambda x: 1 - np.tanh(x) ** 2,
    "relu": lambda x: (x > 0) * 1.0,
    "leaky_relu": lambda x, slope=0.01: np.where(x > 0, 1.0, slope),
    "elu": elu_grad,
    "selu": lambda x: SCALE * elu_grad(x, ALPHA),
    "gelu": gelu_grad,
    "softplus": expit,
}
# A constant, such as 0.044715, may have passed through float32: tf.cast(0.044715, x.dtype).
CONSTANTS = {"rtol": 1e-6, "atol": 1e-7}
# The others have no constants that rounding could change. A shortcut such as "softplus is x above 18" shows in float64
# where the exact formula and the shortcut differ by less than float32 resolves. From 20 on, where PyTorch's own
# softplus takes it in float64, too, it is off by exp(-20), which is 2.1e-9, and passes.
NO_CONSTANTS = ("sigmoid", "tanh", "relu", "elu", "softplus")
EXACT = {"rtol": 1e-12, "atol": 3e-9}
FAR, SHOWN = np.linspace(-40, 40, 161) + 0.125, "linspace(-40, 40, 161) + 0.125"
# Where a function is flat, or a line, float32 has it to a few of its last digits: an exponent cut off at 10 shows.
FLAT = {"rtol": 2e-6, "atol": 1e-6}
# Rules of a battery that ask for a tensor, or for the dtype of the input: a share is a number of any kind.
TENSORS = ["result", "float64", "digits"]
# Other than the defaults, so that an argument that is ignored shows.
ARGUMENTS = {"leaky_relu": {"slope": 0.3}, "elu": {"alpha": 1.5}, "gelu": {"approximate": True}}
WRONG = {
    "sigmoid": {"sigmoid(-x)": lambda x: expit(-x), "tanh(x)": np.tanh},
    "tanh": {
        "2 * sigmoid(2 x), without - 1": lambda x: 2 * expit(2 * x),
        "2 * sigmoid(x) - 1": lambda x: 2 * expit(x) - 1,
        "sigmoid(2 x)": lambda x: expit(2 * x),
    },
    "relu": {"abs(x)": np.abs, "min(x, 0)": lambda x: np.minimum(x, 0)},
    "leaky_relu": {
        "the slope on the positive side": lambda x: np.where(x > 0, 0.01 * x, x),
        "relu(x)": lambda x: np.maximum(x, 0),
        "a slope of 0.2": lambda x: np.where(x > 0, x, 0.2 * x),
        "a slope of 0.3": lambda x: np.where(x > 0, x, 0.3 * x),
    },
    "elu": {"exp(x) without - 1 below 0": lambda x: np.where(x > 0, x, np.exp(x))},
    "selu": {
        "elu(x) with alpha, without the scale": lambda x: elu(x, ALPHA),
        "scale * elu(x), without alpha": lambda x: SCALE * elu(x),
        "the scale on the positive side alone": lambda x: np.where(x > 0, SCALE, 1) * elu(x, ALPHA),
    },
    "gelu": {
        "the approximation by tanh": lambda x: gelu(x, True),
        "x * sigmoid(1.702 x)": lambda x: x * expit(1.702 * x),
        "erf(x) without the root of 2": lambda x: x / 2 * (1 + erf(x)),
        "Phi(x), without x": lambda x: (1 + erf(x / np.sqrt(2))) / 2,
    },
    "softplus": {
        "log(1 + exp(-x))": lambda x: np.logaddexp(0, -x),
        "log(exp(x))": lambda x: x,
        "logarithms to base 2": lambda x: np.logaddexp(0, x) / np.log(2),
    },
}


def both_sides(*size):
    """Draws on both sides of 0, none nearer than 0.05, where one-sided derivatives differ."""
    x = uniform(*size, low=0.05, high=4.0)
    return x * np.where(integers(2, *size) == 0, -1.0, 1.0)


def named(given):
    return ", ".join(f"{key}={value}" for key, value in given.items())


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_activations_keep_the_shape_of_a_scalar(impl, name):
    """every function and derivative of a tensor of shape () has the shape ()"""
    for function in (name, f"{name}_grad"):
        result = impl.call(function, both_sides())
        shape(result, (), of=f"{function} of a tensor of shape ()")


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_keeps_the_contracts_words(impl, name):
    """every function and derivative follows the rules of docs/contract.md"""
    x, given = both_sides(2, 3, 4), ARGUMENTS.get(name, {})
    if name == "gelu":  # its two branches have little in common
        conform(impl, name, [x], expected=gelu)
        conform(impl, "gelu_grad", [x], expected=gelu_grad)
    conform(impl, name, [x], given, expected=FUNCTIONS[name])
    # Where all of x is positive, some functions change nothing: the result is a new tensor even so.
    conform(impl, name, [np.abs(x)], given, expected=FUNCTIONS[name], only=["result", "shared"])
    if name == "leaky_relu":  # a slope of 1 changes nothing, either
        options = {"expected": FUNCTIONS[name], "only": ["result", "shared"]}
        conform(impl, name, [x], {"slope": 1.0}, **options)
    # relu_grad and leaky_relu_grad hold constants alone, which may have passed through float32.
    rough = ["digits"] if "relu" in name else []
    conform(impl, f"{name}_grad", [x], given, expected=DERIVATIVES[name], without=rough)


@pytest.mark.grade(points=1)
def test_saturation_keeps_the_contracts_words(impl):
    """saturation follows the rules of docs/contract.md, for x of any shape"""
    x = both_sides(3, 2, 4)
    conform(impl, "saturation", [x, "sigmoid"], {"tol": 0.1}, gives="anything", without=TENSORS)
    blocked = np.abs(DERIVATIVES["sigmoid"](x)) < 0.1
    of = "saturation(x, 'sigmoid', tol=0.1) for x of shape (3, 2, 4)"
    found = impl.saturation(x, "sigmoid", tol=0.1)
    holds(
        np.shape(found) == () and np.asarray(found).dtype.kind == "f",
        f"{of} has the shape {np.shape(found)} and the dtype {np.asarray(found).dtype}, "
        "but should be a number: a float tensor () or a Python float",
    )
    number(found, blocked.mean(), of=of)
    of = "saturation(x, 'sigmoid') for x = 9 of shape ()"
    number(impl.saturation(np.array(9.0), "sigmoid"), 1.0, of=of)
    # The derivative is 1/8 between these two, and float32 holds them as one number.
    x = np.log(3 + np.sqrt(8)) + np.array([-1e-9, 1e-9])
    of = "saturation([1.762747173, 1.762747175], 'sigmoid', tol=0.125) in float64"
    both = {"0, as if both were float32": 0.0, "1, as if both were float32": 1.0}
    number(impl.float64.saturation(x, "sigmoid", tol=0.125), 0.5, of=of, mistakes=both)


@pytest.mark.grade(points=4, hint="Compare your formula with the stub's, constant by constant.")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_activations_follow_their_formulas(impl, name):
    """every function has its exact values, to six digits in float64"""
    x = both_sides(4, 6)
    mistakes = {of: wrong(x) for of, wrong in WRONG[name].items()}
    expected = FUNCTIONS[name](x)
    close(impl.call(name, x), expected, of=f"{name}(x)", mistakes=mistakes)
    close(impl.float64.call(name, x), expected, of=f"{name}(x)", mistakes=mistakes, **CONSTANTS)
    given = EXACT if name in NO_CONSTANTS else CONSTANTS
    close(impl.float64.call(name, FAR), FUNCTIONS[name](FAR), of=f"{name}({SHOWN})", **given)


@pytest.mark.grade(points=4, hint=INPUT)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_follow_their_formulas(impl, name):
    """every derivative has its exact values, as a function of the input"""
    x = both_sides(4, 6)
    derivative, y = DERIVATIVES[name], FUNCTIONS[name](x)
    expected = derivative(x)
    mistakes = {
        f"the derivative at the output: {name}_grad takes the input": derivative(y),
        f"{name}(x) itself": y,
    }
    if name == "sigmoid":
        mistakes["x * (1 - x): the output's formula, applied to the input"] = x * (1 - x)
    if name == "tanh":
        mistakes["1 - x**2: the output's formula, applied to the input"] = 1 - x**2
    if name == "gelu":
        mistakes["Phi(x): the product rule has a second term"] = (1 + erf(x / np.sqrt(2))) / 2
    if name in ("leaky_relu", "elu"):
        mistakes["1 and 0, as for relu"] = (x > 0) * 1.0
    of = f"{name}_grad(x)"
    close(impl.call(f"{name}_grad", x), expected, of=of, mistakes=mistakes)
    close(impl.float64.call(f"{name}_grad", x), expected, of=of, mistakes=mistakes, **CONSTANTS)
    given = EXACT if name in NO_CONSTANTS else CONSTANTS
    found = impl.float64.call(f"{name}_grad", FAR)
    close(found, derivative(FAR), of=f"{name}_grad({SHOWN})", **given)


@pytest.mark.grade(points=2, hint="Use the argument wherever the formula has it.")
def test_activations_use_their_arguments(impl):
    """slope, alpha and approximate count in the functions and in their derivatives"""
    x = both_sides(5, 4)
    for slope in (0.25, 1.0, 0.0, 0.012345):
        close(
            impl.leaky_relu(x, slope=slope),
            np.where(x > 0, x, slope * x),
            of=f"leaky_relu(x, {slope=})",
        )
        close(
            impl.leaky_relu_grad(x, slope=slope),
            np.where(x > 0, 1.0, slope),
            of=f"leaky_relu_grad(x, {slope=})",
        )
    for alpha in (0.5, 2.0):
        ignored = {"elu with alpha = 1": elu(x), "alpha on both sides": alpha * elu(x)}
        of = f"elu(x, {alpha=})"
        close(impl.elu(x, alpha=alpha), elu(x, alpha), of=of, mistakes=ignored)
        ignored = {"elu_grad with alpha = 1": elu_grad(x)}
        of = f"elu_grad(x, {alpha=})"
        close(impl.elu_grad(x, alpha=alpha), elu_grad(x, alpha), of=of, mistakes=ignored)
    for function, oracle in (("gelu", gelu), ("gelu_grad", gelu_grad)):
        close(
            impl.float64.call(function, x, approximate=True),
            oracle(x, True),
            of=f"{function}(x, approximate=True)",
            mistakes={f"the exact {function}": oracle(x)},
            **CONSTANTS,
        )
        close(
            impl.float64.call(function, x, approximate=False),
            oracle(x),
            of=f"{function}(x, approximate=False)",
            **CONSTANTS,
        )


@pytest.mark.grade(points=1, hint="At 0 the branch for x <= 0 counts.")
def test_derivatives_at_zero_are_those_stated(impl):
    """at 0 every function and derivative has the value that the stub states"""
    zero = np.zeros((2,))
    for name, value in {"sigmoid": 0.5, "softplus": np.log(2)}.items():
        close(impl.call(name, zero), zero + value, of=f"{name}(0)")
    for name in ("tanh", "relu", "leaky_relu", "elu", "selu", "gelu"):
        close(impl.call(name, zero), zero, of=f"{name}(0)")
    slopes = {"sigmoid": 0.25, "tanh": 1.0, "relu": 0.0, "leaky_relu": 0.01, "elu": 1.0}
    slopes |= {"selu": SCALE * ALPHA, "gelu": 0.5, "softplus": 0.5}
    for name, slope in slopes.items():
        close(impl.call(f"{name}_grad", zero), zero + slope, of=f"{name}_grad(0)")
    close(impl.elu_grad(zero, alpha=0.5), zero + 0.5, of="elu_grad(0, alpha=0.5)")
    near = np.array([1e-30, -1e-30])
    for name, given, left in (
        ("relu_grad", {}, 0.0),
        ("leaky_relu_grad", {"slope": 0.25}, 0.25),
        ("elu_grad", {"alpha": 0.5}, 0.5),
    ):
        of = f"{name}([1e-30, -1e-30]{''.join(f', {key}={value}' for key, value in given.items())})"
        close(impl.call(name, near, **given), np.array([1.0, left]), of=of)


@pytest.mark.grade(points=3, hint=STEP)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_activations_survive_extreme_inputs(impl, name):
    """every function and derivative is right and finite for |x| up to 10,000"""
    x = np.array([[-1e4, -500.0, -90.0, -20.0], [20.0, 90.0, 500.0, 1e4]])
    for function, oracle in ((name, FUNCTIONS[name]), (f"{name}_grad", DERIVATIVES[name])):
        result = impl.call(function, x)
        finite(result, of=f"{function} of extreme x")
        close(result, oracle(x), of=f"{function} of extreme x", **FLAT)
    if name == "gelu":
        for function, oracle in (("gelu", gelu), ("gelu_grad", gelu_grad)):
            result = impl.call(function, x, approximate=True)
            of = f"{function}(extreme x, approximate=True)"
            close(result, oracle(x, True), of=of, **FLAT)


@pytest.mark.grade(points=2, hint="Use tensor operations throughout; the tape follows them.")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_activations_pass_gradients(impl, name):
    """the tape's gradient through every function is its derivative"""
    x, c = both_sides(3, 5), normal(3, 5)
    expected = DERIVATIVES[name](x) * c
    close(impl.grad(name, x, cotangent=c), expected, of=f"d {name} / d x")
    if given := ARGUMENTS.get(name):
        expected = DERIVATIVES[name](x, **given) * c
        of = f"d {name}(x, {named(given)}) / d x"
        close(impl.grad(name, x, cotangent=c, **given), expected, of=of)
    kink = impl.grad(name, np.array([-1.5, 0.0, 0.5]), cotangent=np.ones(3))
    finite(kink, of=f"d {name} / d x at [-1.5, 0, 0.5]")


@pytest.mark.grade(points=2, hint=BOTH)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_activations_pass_gradients_at_extreme_inputs(impl, name):
    """the tape's gradient through every function is finite and right for |x| up to 10,000"""
    x = np.array([[-1e4, -500.0, -90.0, -20.0], [20.0, 90.0, 500.0, 1e4]])
    c = normal(2, 4)
    gradient = impl.grad(name, x, cotangent=c)
    of = f"d {name} / d x at extreme x"
    close(gradient, DERIVATIVES[name](x) * c, of=of)
    if given := ARGUMENTS.get(name):
        expected = DERIVATIVES[name](x, **given) * c
        of = f"d {name}(x, {named(given)}) / d x at extreme x"
        close(impl.grad(name, x, cotangent=c, **given), expected, of=of)


@pytest.mark.grade(points=2, hint="Count where the derivative's absolute value is below tol.")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_saturation_counts_blocked_gradients(impl, name):
    """saturation is the share of elements at which |<name>_grad(x)| < tol"""
    for tol in (0.02, 0.2, 1.05):
        x = normal(6, 9, scale=4.0)
        x = x[np.abs(np.abs(DERIVATIVES[name](x)) - tol) > 1e-4]  # no near ties
        blocked = np.abs(DERIVATIVES[name](x)) < tol
        small = np.abs(FUNCTIONS[name](x)) < tol
        number(
            impl.saturation(x, name, tol=tol),
            blocked.mean(),
            of=f"saturation(x, {name!r}, {tol=})",
            mistakes={
                "the number of such elements": blocked.sum(),
                "the share of the others": 1 - blocked.mean(),
                "the share of small outputs": small.mean(),
            },
        )
    x = np.array([-20.0, -20.0, -20.0, 0.5])
    expected = (np.abs(DERIVATIVES[name](x)) < 1e-3).mean()
    number(impl.saturation(x, name), expected, of=f"saturation([-20, -20, -20, 0.5], {name!r})")


@pytest.mark.grade(points=1)
def test_saturation_refuses_unknown_names(impl):
    """saturation raises ValueError for an unknown name, and tol is 0.001 by default"""
    for name in ("swish", "sigmoid_grad", "ReLU", "linear", "identity", ""):
        with raises("ValueError", of=f"saturation(x, {name!r})"):
            impl.saturation(normal(3), name)
    x = np.array([2.0, 7.0, 6.5, -8.0])  # sigmoid_grad: 0.105, 0.0009, 0.0015, 0.0003
    number(impl.saturation(x, "sigmoid"), 0.5, of="saturation([2, 7, 6.5, -8], 'sigmoid')")
    ties = np.array([-1.0, 2.0, 3.0, 4.0])  # the slope is 1 where x > 0, and 1 < 1 is false
    number(impl.saturation(ties, "relu", tol=1.0), 0.25, of="saturation([-1, 2, 3, 4], 'relu', 1)")
    of = "saturation([-1, 2, 3, 4], 'relu', tol=0.0)"  # 0 < 0 is false
    number(impl.saturation(ties, "relu", tol=0.0), 0.0, of=of, atol=1e-6)
    of = "saturation([2, 7, 6.5, -8], 'leaky_relu')"
    number(impl.saturation(x, "leaky_relu"), 0.0, of=of, atol=1e-6)
    # The derivatives of gelu and of its approximation differ there by 0.001: tol lies between them.
    x = np.array([-2.0, 2.0])
    tol = float(np.abs(gelu_grad(x[:1]) + gelu_grad(x[:1], True))[0]) / 2
    expected = (np.abs(gelu_grad(x)) < tol).mean()
    number(impl.saturation(x, "gelu", tol=tol), expected, of=f"saturation([-2, 2], 'gelu', {tol=})")
    x = np.array([-1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    of = "saturation([-1, 1, 2, 3, 4, 5, 6], 'relu')"
    number(impl.saturation(x, "relu"), 1 / 7, of=of, rtol=1e-5, atol=1e-6)


@pytest.mark.grade(points=1)
def test_activations_are_written_from_scratch(impl):
    """all functions are written from exp, log, erf and their like"""
    from_scratch(impl, *FUNCTIONS, *(f"{name}_grad" for name in FUNCTIONS), "saturation")
