"""Hidden checks of exercises/losses.py. `impl` takes and returns NumPy arrays."""

import numpy as np
import pytest

from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    close,
    dtype,
    finite,
    from_scratch,
    normal,
    raises,
    shape,
    uniform,
)

SHAPES = "Compare the two shapes first, and raise ValueError: the difference would be broadcast."
STABLE = "log(1 - sigmoid(z)) is log_sigmoid(-z), and log_sigmoid(z) is -log(1 + exp(-z))."


def sigmoid(z):
    return np.exp(-np.logaddexp(0, -z))


def mse(a, b):
    return (a - b) ** 2


def mae(a, b):
    return np.abs(a - b)


def huber(a, b, delta=1.0):
    size = np.abs(a - b)
    inside = np.minimum(size, delta)  # the part of the error that is squared
    return inside**2 / 2 + delta * (size - inside)


def bce_with_logits(z, y, pos_weight=1.0):
    return pos_weight * y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)


LOSSES = {"mse": mse, "mae": mae, "huber": huber, "bce_with_logits": bce_with_logits}
# Other than the defaults, so that an argument that is ignored shows.
SETTINGS = {"huber": {"delta": 0.7}, "bce_with_logits": {"pos_weight": 2.5}}


def inputs(*size):
    """A prediction or logits of spread 2, and targets from 0 to 1, so that errors lie on both sides of 1."""
    return normal(*size, scale=2.0), uniform(*size)


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("name", LOSSES)
def test_losses_keep_shape_and_dtype(impl, name):
    """each loss is one number, or one an element, in the dtype of its inputs"""
    for size in [(), (3,), (4, 2), (1, 1), (2, 3, 4)]:
        a, b = inputs(*size)
        for reduction, expected in (("mean", ()), ("sum", ()), ("none", size)):
            of = f"{name}(reduction={reduction!r}) of {size} tensors"
            shape(impl.call(name, a, b, reduction=reduction), expected, of=of)
    for reduction in ("mean", "sum"):
        wide = impl.float64.call(name, a, b, reduction=reduction)
        dtype(wide, "float64", of=f"{name}(reduction={reduction!r}) of float64 tensors")


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("name", LOSSES)
def test_losses_keep_the_contracts_words(impl, name):
    """each loss follows the rules of docs/contract.md"""
    given = {"reduction": "none"} | SETTINGS.get(name, {})

    def each(a, b, **settings):
        settings.pop("reduction")
        return LOSSES[name](a, b, **settings)

    conform(impl, name, [*inputs(5, 3)], given, expected=each, rows=[0, 1], rowwise=True)


@pytest.mark.grade(points=1, hint="No constant is needed under a root, and no bound.")
@pytest.mark.parametrize("name", ["mse", "mae", "huber"])
def test_losses_keep_the_digits_of_small_errors(impl, name):
    """mse, mae and huber are right for errors of 0.00001, and 0 where there is none"""
    a = normal(6)
    b = a + np.array([0.0, 1.0, -1.0, 2.0, -2.0, 0.5]) * 1e-5
    found = impl.float64.call(name, a, b, reduction="none")
    of = f"{name}(prediction, prediction + 1e-5, reduction='none')"
    # (a - b) ** 2 may be computed as a ** 2 - 2 a b + b ** 2, which is off by the rounding of a ** 2.
    close(found, LOSSES[name](a, b), of=of, rtol=1e-5, atol=1e-14)
    # Far from 0, float32 holds these numbers and their errors, but not the digits of their squares.
    a = 2.0**20 + np.arange(6)
    b = a + np.array([0.0, 1.0, -1.0, 2.0, -2.0, 0.5])
    found = impl.call(name, a, b, reduction="none")
    close(found, LOSSES[name](a, b), of=f"{name}, reduction='none', of errors up to 2 near 2^20")


@pytest.mark.grade(points=1, hint="A loss has no upper bound.")
@pytest.mark.parametrize("name", ["mse", "mae", "huber"])
def test_losses_keep_the_size_of_large_errors(impl, name):
    """mse, mae and huber are right for errors of 1,000,000, and mae and huber for errors whose squares overflow"""
    for size in (1e6,) if name == "mse" else (1e6, 1e25):
        a, b = normal(5, scale=size), normal(5)
        for reduction, reduce in (("none", np.asarray), ("mean", np.mean)):
            found = impl.call(name, a, b, reduction=reduction)
            of = f"{name}(prediction of size {size:g}, target, {reduction=})"
            close(found, reduce(LOSSES[name](a, b)), of=of)


@pytest.mark.grade(points=2, hint=SHAPES)
@pytest.mark.parametrize("name", LOSSES)
def test_losses_refuse_shapes_that_differ(impl, name):
    """shapes that differ raise ValueError, also where they could be broadcast"""
    pairs = [((4, 1), (4,)), ((4,), (4, 1)), ((3,), (1,)), ((2, 3), (3,)), ((3,), (4,))]
    # As many elements as each other, and still not of one shape.
    more = [((2, 3), (2, 1)), ((2, 1), (2, 3)), ((2, 3), (1, 3)), ((2, 1, 3), (2, 2, 3))]
    more += [((3,), ()), ((), (2, 3)), ((1,), (1, 1)), ((), (1,)), ((2, 3), (3, 2))]
    for one, other in [*pairs, *more]:
        for reduction in ("mean", "none"):
            with raises("ValueError", of=f"{name}({one} tensor, {other} tensor, {reduction=})"):
                impl.call(name, normal(*one), uniform(*other), reduction=reduction)


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("name", LOSSES)
def test_losses_reduce_as_asked(impl, name):
    """reduction gives the mean, the sum, or every element's loss, and refuses any other word"""
    a, b = inputs(5, 3)
    each = LOSSES[name](a, b)
    for reduction, expected in (("mean", each.mean()), ("sum", each.sum()), ("none", each)):
        close(
            impl.call(name, a, b, reduction=reduction),
            expected,
            of=f"{name}({reduction=})",
            mistakes={"the mean": each.mean(), "the sum": each.sum(), "each element's loss": each},
        )
    # Elements whose loss is 0 count in the mean.
    right = np.ones((2, 3))
    a[:2], b[:2] = 500 * right if name == "bce_with_logits" else right, right
    each = LOSSES[name](a, b)
    of = f"{name} of 15 elements, of which 6 have the loss 0"
    others = {"the mean over those whose loss is not 0": each.sum() / 9}
    close(impl.call(name, a, b), each.mean(), of=of, mistakes=others)
    for reduction in ("average", "MEAN", "", None):
        with raises("ValueError", of=f"{name}({reduction=})"):
            impl.call(name, a, b, reduction=reduction)


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("size", [(7,), (4, 3), (2, 3, 2)])
def test_mse_follows_its_definition(impl, size):
    """mse is the mean of the squared errors over all elements"""
    a, b = inputs(*size)
    each = mse(a, b)
    close(
        impl.mse(a, b),
        each.mean(),
        of="mse(prediction, target)",
        mistakes={
            "half of the right value": each.mean() / 2,
            "the sum": each.sum(),
            "the mean over features, summed over the rows": each.mean(-1).sum(),
            "the sum over features, averaged over the rows": each.sum() / size[0],
            "its square root": np.sqrt(each.mean()),
            "the mean absolute error": mae(a, b).mean(),
        },
    )


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("size", [(7,), (4, 3)])
def test_mae_follows_its_definition(impl, size):
    """mae is the mean of the absolute errors over all elements"""
    a, b = inputs(*size)
    close(
        impl.mae(a, b),
        mae(a, b).mean(),
        of="mae(prediction, target)",
        mistakes={
            "the mean of the errors with their signs": (a - b).mean(),
            "the mean squared error": mse(a, b).mean(),
            "the sum": mae(a, b).sum(),
        },
    )


@pytest.mark.grade(points=2, hint="Inside delta e^2 / 2; beyond it a line that continues it.")
@pytest.mark.parametrize("delta", [0.02, 0.5, 1.0, 30.0])
def test_huber_bends_at_delta(impl, delta):
    """huber is squared up to delta and straight beyond, without a jump"""
    a = np.array([0.0, 0.5, -0.9, 1.0, -1.1, 4.0, -7.0]) * delta
    b = normal()
    each = huber(a, 0.0, delta)
    size = np.abs(a)
    close(
        impl.huber(a + b, 0 * a + b, delta=delta, reduction="none"),
        each,
        of=f"huber(prediction, target, {delta=}, reduction='none')",
        mistakes={
            "huber with delta=1": huber(a, 0.0),
            "the two branches swapped": np.where(
                size > delta, a**2 / 2, delta * (size - delta / 2)
            ),
            "huber divided by delta, the smooth L1 loss": each / delta,
            "a line without - delta / 2, which jumps": np.where(
                size <= delta, a**2 / 2, delta * size
            ),
            "a line with - delta instead of - delta / 2": np.where(
                size <= delta, a**2 / 2, delta * (size - delta)
            ),
            "the square without its half": np.where(
                size <= delta, a**2, delta * (size - delta / 2)
            ),
            "a line of slope 1": np.where(size <= delta, a**2 / 2, size - delta / 2),
        },
    )
    p, t = inputs(6, 2)
    close(
        impl.huber(p, t, delta), huber(p, t, delta).mean(), of=f"huber(prediction, target, {delta})"
    )
    close(impl.huber(p, t), huber(p, t).mean(), of="huber(prediction, target)")


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("size", [(6,), (4, 3)])
def test_bce_follows_its_definition(impl, size):
    """bce_with_logits is -(y log p + (1 - y) log(1 - p)) for p = sigmoid(z)"""
    z, share = inputs(*size)
    z *= 0.4  # below 1 in part, as probabilities are
    hard = (share > 0.3).astype(float)
    for y, kind in ((hard, "labels"), (share, "shares")):
        each = bce_with_logits(z, y)
        close(
            impl.bce_with_logits(z, y),
            each.mean(),
            of=f"bce_with_logits(logits, {kind})",
            mistakes={
                "the sum": each.sum(),
                "the positive term alone": (y * np.logaddexp(0, -z)).mean(),
                "the loss with 0 and 1 exchanged": bce_with_logits(z, 1 - y).mean(),
                "the loss of sigmoid(logits) taken as logits": bce_with_logits(
                    sigmoid(z), y
                ).mean(),
                "the squared error of the probabilities": mse(sigmoid(z), y).mean(),
                "the loss in bits": each.mean() / np.log(2),
                "the log-likelihood, without the minus sign": -each.mean(),
            },
        )


@pytest.mark.grade(points=2, hint="pos_weight multiplies y log p, and nothing else.")
@pytest.mark.parametrize("weight", [0.25, 5.0])
def test_bce_weighs_the_positive_term(impl, weight):
    """pos_weight multiplies the positive term, and the mean still divides by the number of elements"""
    z, share = inputs(5, 2)
    y = (share > 0.6).astype(float)
    each = bce_with_logits(z, y, weight)
    negatives = bce_with_logits(-z, 1 - y, weight)
    for labels, expected, kind in (
        (y, each, "labels"),
        (share, bce_with_logits(z, share, weight), "shares"),
    ):
        close(
            impl.bce_with_logits(z, labels, pos_weight=weight),
            expected.mean(),
            of=f"bce_with_logits(logits, {kind}, pos_weight={weight})",
            mistakes={
                "the loss without the weight": bce_with_logits(z, labels).mean(),
                "the loss with both terms weighed": weight * bce_with_logits(z, labels).mean(),
                "the loss with the negative term weighed": negatives.mean(),
                "the mean divided by the sum of weights": expected.sum()
                / (1 + (weight - 1) * labels).sum(),
            },
        )
    close(
        impl.bce_with_logits(z, y, weight, reduction="none"),
        each,
        of=f"bce_with_logits(logits, labels, {weight}, reduction='none')",
    )


@pytest.mark.grade(points=1)
def test_bce_of_zero_logits_is_ln_2(impl):
    """a logit of 0 has the loss ln 2, for either label"""
    for y in (np.array([0.0, 1.0, 0.3]), np.ones((2, 2)), np.zeros((1,))):
        close(
            impl.bce_with_logits(np.zeros_like(y), y),
            np.log(2),
            of=f"bce_with_logits(zeros, {y.tolist()})",
            mistakes={"the loss in bits": 1.0},
        )


@pytest.mark.grade(points=2, hint=STABLE)
def test_bce_stays_finite(impl):
    """logits of 10,000 give exact, finite losses and gradients"""
    z = np.array([1e4, -1e4, 1e4, -1e4, 90.0, -90.0, 90.0, -90.0, -30.0])
    y = np.array([1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    for weight in (1.0, 3.0):
        result = impl.bce_with_logits(z, y, pos_weight=weight, reduction="none")
        finite(result, of=f"bce_with_logits(extreme logits, labels, pos_weight={weight})")
        close(
            result,
            bce_with_logits(z, y, weight),
            of=f"bce_with_logits(extreme logits, labels, pos_weight={weight})",
            mistakes={
                "the loss of clipped probabilities": -np.log(
                    np.clip(np.where(y, sigmoid(z), 1 - sigmoid(z)), 1e-7, 1)
                )
            },
        )
        far = np.array([1e30, -1e30])
        for labels in (np.zeros(2), np.ones(2)):
            close(
                impl.bce_with_logits(far, labels, pos_weight=weight, reduction="none"),
                bce_with_logits(far, labels, weight),
                of=f"bce_with_logits([1e30, -1e30], {labels.tolist()}, pos_weight={weight})",
            )
    c = normal(9)
    for weight in (1.0, 3.0):
        gradient = impl.grad("bce_with_logits", z, y, weight, cotangent=c, reduction="none")
        of = f"d bce_with_logits(pos_weight={weight}) / d extreme logits"
        finite(gradient, of=of)
        slope = (1 - y) * sigmoid(z) - weight * y * sigmoid(-z)
        close(gradient, slope * c, of=of)


@pytest.mark.grade(points=2)
@pytest.mark.parametrize("name", LOSSES)
def test_losses_pass_gradients(impl, name):
    """gradients by the prediction: 2 e, sign(e), e clipped to delta, and p - y"""
    a, b = inputs(5, 3)
    e, c, one = a - b, normal(5, 3), normal()
    slopes, settings = {
        "mse": (2 * e, {}),
        "mae": (np.sign(e), {}),
        "huber": (np.clip(e, -0.7, 0.7), {"delta": 0.7}),
        "bce_with_logits": (
            (1 - b) * sigmoid(a) - 2.5 * b * sigmoid(-a),
            {"pos_weight": 2.5},
        ),
    }[name]
    close(
        impl.grad(name, a, b, cotangent=c, reduction="none", **settings),
        slopes * c,
        of=f"d {name}(reduction='none') / d prediction",
    )
    close(
        impl.grad(name, a, b, cotangent=one, **settings),
        slopes * one / 15,
        of=f"d {name} / d prediction",
    )
    if name == "huber":
        at = impl.grad(name, a, a, cotangent=c, reduction="none")
        close(at, np.zeros((5, 3)), of="d huber(reduction='none') / d prediction where e is 0")


@pytest.mark.grade(
    points=1,
    hint="max(z, 0) and |z| have a kink at 0, where differentiation must guess; log_sigmoid has none.",
)
def test_bce_has_the_right_slope_at_zero(impl):
    """the gradient at a logit of 0, where every zero-initialised model starts, is 1/2 - y without a pos_weight"""
    y, c = np.array([0.0, 1.0, 0.25]), normal(3)
    close(
        impl.grad("bce_with_logits", np.zeros(3), y, cotangent=c, reduction="none"),
        (0.5 - y) * c,
        of="d bce_with_logits / d logits at 0",
        mistakes={"the slope of a kink, -y": -y * c, "the slope of a kink, 1 - y": (1 - y) * c},
    )
    # softplus(-z) times (1 + 2 y), with max(-z, 0) in it, whose slope is 0 or -1 at 0.
    kinks = {"the slope of a kink": (1 - y) * c, "the slope of a kink (2)": -3 * y * c}
    close(
        impl.grad("bce_with_logits", np.zeros(3), y, 3.0, cotangent=c, reduction="none"),
        (0.5 - 2 * y) * c,
        of="d bce_with_logits(pos_weight=3) / d logits at 0",
        mistakes=kinks,
    )


@pytest.mark.grade(points=1)
def test_losses_are_written_from_scratch(impl):
    """the losses use no loss function of the framework"""
    from_scratch(impl, "mse", "mae", "huber", "bce_with_logits")
