"""Hidden checks of exercises/softmax.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    close,
    dtype,
    finite,
    from_scratch,
    holds,
    normal,
    same_inputs,
    shape,
)
from katagrad.authoring.gradients import gradient

SHIFT = "Subtract the largest score before you exponentiate."
AXIS = (
    "Take both the maximum and the sum along `axis`, and keep that axis so that shapes broadcast."
)


def softmax(x, axis=-1, temperature=1.0):
    weights = np.exp((x - x.max(axis=axis, keepdims=True)) / temperature)
    return weights / weights.sum(axis=axis, keepdims=True)


def log_softmax(x, axis=-1):
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def softmax_jvp(p, v):
    return p * v - p * (p * v).sum(-1, keepdims=True)


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("size", [(3,), (1, 5), (4, 3), (2, 3, 4), (1, 1)])
def test_softmax_keeps_shape_and_dtype(impl, size):
    """softmax and log_softmax return the shape and dtype of their input, and leave it as it was"""
    x = normal(*size)
    result = same_inputs(impl, "softmax", x)
    shape(result, size, of=f"softmax of a {size} tensor")
    dtype(result, "float32", of="softmax of a float32 tensor")
    dtype(impl.float64.softmax(x), "float64", of="softmax of a float64 tensor")
    result = same_inputs(impl, "log_softmax", x)
    shape(result, size, of=f"log_softmax of a {size} tensor")
    dtype(result, "float32", of="log_softmax of a float32 tensor")


@pytest.mark.grade(points=1)
def test_softmax_keeps_the_contracts_words(impl):
    """softmax follows the rules of docs/contract.md"""
    given = {"axis": -1, "temperature": 0.7}
    conform(impl, "softmax", [normal(5, 3)], given, expected=softmax, rows=[0], rowwise=True)


@pytest.mark.grade(points=1)
def test_log_softmax_keeps_the_contracts_words(impl):
    """log_softmax follows the rules of docs/contract.md"""
    conform(
        impl,
        "log_softmax",
        [normal(5, 3)],
        {"axis": 1},
        expected=log_softmax,
        rows=[0],
        rowwise=True,
    )


@pytest.mark.grade(points=1)
def test_softmax_jvp_keeps_the_contracts_words(impl):
    """softmax_jvp follows the rules of docs/contract.md"""
    given = [softmax(normal(5, 3)), normal(5, 3)]
    conform(impl, "softmax_jvp", given, expected=softmax_jvp, rows=[0, 1], rowwise=True)


@pytest.mark.grade(points=2, hint=AXIS)
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2])
def test_softmax_normalizes_along_its_axis(impl, axis):
    """softmax follows its definition along every axis"""
    x = normal(2, 3, 4, scale=2.0)
    weights = np.exp(x - x.max(axis=axis, keepdims=True))
    close(
        impl.softmax(x, axis=axis),
        softmax(x, axis),
        of=f"softmax(x, {axis=})",
        mistakes={
            "softmax over the last axis": softmax(x),
            "softmax over all elements": softmax(x.reshape(-1)).reshape(x.shape),
            "weights divided by their sum over the last axis": weights
            / weights.sum(-1, keepdims=True),
            "weights divided by the sum of all weights": weights / weights.sum(),
            "powers of 2 instead of e": softmax(x * np.log(2), axis),
        },
    )


@pytest.mark.grade(points=1, hint="Divide the scores by the temperature before you exponentiate.")
@pytest.mark.parametrize("temperature", [0.5, 3.0])
def test_softmax_divides_by_its_temperature(impl, temperature):
    """softmax divides the scores by the temperature"""
    x = normal(3, 5, scale=2.0)
    close(
        impl.softmax(x, temperature=temperature),
        softmax(x, temperature=temperature),
        of=f"softmax(x, {temperature=})",
        mistakes={
            "softmax without a temperature": softmax(x),
            "softmax(x * temperature)": softmax(x * temperature),
        },
    )


@pytest.mark.grade(points=2, hint=SHIFT)
@pytest.mark.parametrize("offsets", [(-1e4, -1e4), (1e4, 1e4), (1e4, -1e4)], ids=str)
def test_softmax_ignores_a_common_offset(impl, offsets):
    """softmax does not change when a constant is added to all scores of a row, whatever the other rows hold"""
    x = np.array([[0.0, 1.0, 2.0], [3.0, 1.0, 1.0]])
    of = f"softmax(x + [[{offsets[0]:g}], [{offsets[1]:g}]])"
    close(impl.softmax(x + np.array(offsets)[:, None]), softmax(x), of=of)


@pytest.mark.grade(
    points=1, hint="exp(-inf) is 0: shift by the largest finite score, and the rest follows."
)
def test_softmax_gives_masked_scores_no_weight(impl):
    """a score of -inf gets the probability 0, and a row of nothing else is NaN"""
    x = np.array([[0.0, -np.inf, 1.0], [-np.inf, -np.inf, 2.0], [-np.inf, -np.inf, -np.inf]])
    result = impl.softmax(x)
    expected = softmax(np.where(np.isinf(x), -1e9, x)) * np.isfinite(x)
    expected[2] = np.nan
    close(result, expected, of="softmax of scores with -inf")
    alone = np.array([[-np.inf], [2.0]])
    close(impl.softmax(alone), np.array([[np.nan], [1.0]]), of="softmax([[-inf], [2]])")
    masked = np.isinf(x[:2])
    for temperature in (1.0, 2.0**30):
        found = np.asarray(impl.softmax(x[:2], temperature=temperature))[masked]
        of = f"the probability of a score of -inf in softmax(x, {temperature=:g})"
        holds(not found.any(), f"{of} is {found.max():g}, but should be exactly 0")


@pytest.mark.grade(points=1, hint="Divide by the temperature itself, however small or large it is.")
@pytest.mark.parametrize("temperature", [2.0**-20, 2.0**20])
def test_softmax_takes_temperatures_of_any_size(impl, temperature):
    """softmax divides by temperatures of a millionth and of a million, too"""
    x = np.array([[0.0, 1.0, 3.0], [-2.0, 2.0, -1.0]]) * temperature
    of = f"softmax({temperature:.4g} * [[0, 1, 3], [-2, 2, -1]], {temperature=:.4g})"
    close(impl.softmax(x, temperature=temperature), softmax(x / temperature), of=of)


@pytest.mark.grade(points=1, hint="Nothing is added to the sum: it is 1 or more.")
def test_softmax_has_the_digits_of_float64(impl):
    """softmax and log_softmax of float64 tensors are right to twelve digits"""
    x = normal(4, 3)
    for name, oracle in (("softmax", softmax), ("log_softmax", log_softmax)):
        found = getattr(impl.float64, name)(x)
        close(found, oracle(x), of=f"{name}(x) in float64", rtol=1e-12, atol=1e-14)


@pytest.mark.grade(points=2, hint="log(exp(a) / s) is a - log(s).")
@pytest.mark.parametrize("axis", [0, 1, -1, -2])
def test_log_softmax_follows_its_definition(impl, axis):
    """log_softmax is the logarithm of softmax along every axis"""
    x = normal(3, 4, scale=3.0)
    close(
        impl.log_softmax(x, axis=axis),
        log_softmax(x, axis),
        of=f"log_softmax(x, {axis=})",
        mistakes={
            "log_softmax over the last axis": log_softmax(x),
            "softmax itself": softmax(x, axis),
        },
    )


@pytest.mark.grade(points=2, hint="Do not take the logarithm of softmax: it may be 0.")
def test_log_softmax_stays_finite(impl):
    """log_softmax stays finite where softmax is 0, and for scores of 10,000 and -10,000"""
    x = np.array([[0.0, 500.0, -500.0], [1e4, -1e4, 0.0], [1e4, 1e4, 1e4], [-1e4, -9e3, -9e3]])
    result = impl.log_softmax(x)
    finite(result, of="log_softmax of extreme scores")
    close(result, log_softmax(x), of="log_softmax of extreme scores")


@pytest.mark.grade(points=1, hint="The logarithm of 0 is -inf. Replace nothing in the result.")
def test_log_softmax_of_masked_scores(impl):
    """log_softmax is -inf where a score is -inf, and a row of nothing else is NaN"""
    x = np.array([[0.0, -np.inf, 1.0], [-np.inf, -np.inf, 2.0], [-np.inf, -np.inf, -np.inf]])
    expected = np.array([log_softmax(x[0, [0, 2]])[0], -np.inf, log_softmax(x[0, [0, 2]])[1]])
    expected = np.stack([expected, [-np.inf, -np.inf, 0.0], np.full(3, np.nan)])
    close(impl.log_softmax(x), expected, of="log_softmax of scores with -inf")
    alone = np.array([[-np.inf], [2.0]])
    close(impl.log_softmax(alone), np.array([[np.nan], [0.0]]), of="log_softmax([[-inf], [2]])")


@pytest.mark.grade(points=2)
def test_softmax_passes_gradients(impl):
    """gradients flow through softmax: d sum(softmax(x) * c) / dx is p (c - sum(p c))"""
    x = normal(4, 5)
    p = softmax(x)
    of_weights = {
        "the weights c times p": lambda c: p * c,
        "p (1 - p) c": lambda c: p * (1 - p) * c,
    }
    gradient(
        impl,
        "softmax",
        [x],
        size=(4, 5),
        expected=lambda c: p * (c - (p * c).sum(-1, keepdims=True)),
        mistakes=of_weights,
    )
    gradient(
        impl, "log_softmax", [x], size=(4, 5), expected=lambda c: c - p * c.sum(-1, keepdims=True)
    )


@pytest.mark.grade(points=2, hint="(diag(p) - p p^T) v is p * v - p * (p . v), row by row.")
@pytest.mark.parametrize("size", [(4,), (3, 5), (2, 3, 4)])
def test_softmax_jvp_multiplies_by_the_jacobian(impl, size):
    """softmax_jvp is the Jacobian of softmax times v"""
    x, v = normal(*size), normal(*size)
    p = softmax(x)
    close(
        impl.softmax_jvp(p, v),
        softmax_jvp(p, v),
        of="softmax_jvp(p, v)",
        mistakes={"p * (1 - p) * v, the diagonal alone": p * (1 - p) * v, "p * v": p * v},
    )


@pytest.mark.grade(points=1, hint="Use p as it is: where it is 0, so is the product.")
def test_softmax_jvp_takes_probabilities_of_0(impl):
    """softmax_jvp is right for probabilities of 0 and 1, which softmax gives by rounding, and for a large v"""
    p = np.array([[1.0, 0.0, 0.0], [0.5, 0.0, 0.5]])
    v = np.array([[2.0, -7.0, 5.0], [4.0, -7.0, 8.0]]) * 2.0**20
    of = "softmax_jvp(p, v) where p has zeros and v is in the millions"
    close(impl.softmax_jvp(p, v), softmax_jvp(p, v), of=of)
    # The first v is 0, so that nothing large cancels.
    p, v = np.array([[1.0, 2.0**-30, 0.0]]), np.array([[0.0, -7.0, 5.0]]) * 2.0**20
    of = "softmax_jvp([[1, 2**-30, 0]], v) where v is in the millions"
    close(impl.softmax_jvp(p, v), softmax_jvp(p, v), of=of)


@pytest.mark.grade(points=1)
def test_softmax_is_written_from_scratch(impl):
    """softmax is written from exp, log, sum and max"""
    from_scratch(impl, "softmax", "log_softmax", "softmax_jvp")
