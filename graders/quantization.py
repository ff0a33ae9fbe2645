"""Hidden checks of exercises/quantization.py. `impl` takes and returns NumPy arrays."""

import itertools

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    at_most,
    close,
    dtype,
    equal,
    from_scratch,
    generator,
    holds,
    integers,
    normal,
    raises,
    shape,
    uniform,
)
from katagrad.authoring.oracle import relu_network, trained_network
from katagrad.authoring.structure import items, keys
from katagrad.authoring.threshold import Threshold
from katagrad.boundary.implementation import exact

RANGE = "The range contains 0: low is at most 0, and high at least 0."
CLIP = "Clip while the numbers are floats, and cast to int8 last."
WIDE = "int8 ends at 127: subtract and multiply in int32."
SEEN = "x goes through the float network; each layer is calibrated on what reaches it."
# Bits that are refused.
REFUSED = (1, 0, 9, 16, -8)
LAYER = ("q", "scale", "bias", "x_scale", "x_zero")


# -- oracle ----------------------------------------------------------------------------------------


def limits(bits):
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def choose(low, high, bits=8, symmetric=False):
    smallest, largest = limits(bits)
    if symmetric:
        scale = np.maximum(np.abs(low), np.abs(high)) / largest
        return np.where(scale == 0, 1.0, scale), np.zeros_like(scale, np.int32)
    low, high = np.minimum(low, 0), np.maximum(high, 0)
    scale = (high - low) / (largest - smallest)
    flat, scale = scale == 0, np.where(scale == 0, 1.0, scale)
    return scale, np.where(flat, 0, np.round(smallest - low / scale)).astype(np.int32)


def along(value, axis, x):
    return (
        value
        if axis is None
        else np.expand_dims(value, [i for i in range(x.ndim) if i != axis % x.ndim])
    )


def quantize(x, scale, zero, bits=8, axis=None):
    found = np.round(x / along(scale, axis, x)) + along(zero, axis, x)
    return np.clip(found, *limits(bits)).astype(np.int8)


def dequantize(q, scale, zero, axis=None):
    return (q.astype(float) - along(zero, axis, q)) * along(scale, axis, q)


def quantize_weights(w, bits=8, per_channel=True):
    axis = 0 if per_channel else None
    scale, zero = choose(w.min(axis), w.max(axis), bits, symmetric=True)
    return quantize(w, scale, zero, bits, 1 if per_channel else None), scale


def integer_dense(q, x_scale, x_zero, w, w_scale, bias):
    total = (q.astype(np.int64) - x_zero.astype(np.int64)) @ w.astype(np.int64)
    return total * x_scale * w_scale + bias


def quantize_network(layers, x, bits=8):
    network = []
    for w, b in layers:
        x_scale, x_zero = choose(x.min(), x.max())
        q, scale = quantize_weights(w, bits)
        network.append(dict(zip(LAYER, (q, scale, b, x_scale, x_zero), strict=True)))
        x = np.maximum(x @ w + b, 0)
    return network


def logits(network, x):
    for i, layer in enumerate(network):
        x = np.maximum(x, 0) if i else x
        q = quantize(x, layer["x_scale"], layer["x_zero"])
        given = (layer[name] for name in ("x_scale", "x_zero", "q", "scale", "bias"))
        x = integer_dense(q, *given)
    return x


# -- inputs ----------------------------------------------------------------------------------------
# Numbers near a tie may be rounded either way. All of these are at least 0.2 steps away from one.


def off(*size):
    """Parts of a step, far from half of one."""
    return uniform(*size, low=-0.3, high=0.3)


def ends(count, bits):
    """(low, high) with a 0 between them, at no tie."""
    smallest, largest = limits(bits)
    scale = uniform(count, low=0.02, high=3.0)
    zero = generator().integers(smallest + 1, largest + 1, count) + off(count)
    return single((smallest - zero) * scale), single((largest - zero) * scale)


def single(x):
    """x rounded to float32, as float64."""
    return np.float32(x).astype(float)


def ruled(size, bits, scale, zero, axis=None):
    """Numbers that lie off the marks of a ruler, by less than 0.3 steps."""
    smallest, largest = limits(bits)
    q = generator().integers(smallest, largest + 1, size)
    return single((q - along(zero, axis, q) + off(*size)) * along(scale, axis, q))


def weights(rows, columns, bits=8):
    """A matrix whose columns differ in scale; the largest of each is where symmetric quantization puts its limit."""
    _, largest = limits(bits)
    q = generator().integers(-largest + 1, largest, (rows, columns)) + off(rows, columns)
    q[generator().integers(0, rows, columns), np.arange(columns)] = largest * np.where(
        normal(columns) > 0, 1, -1
    )
    return single(q * 10.0 ** uniform(columns, low=-2, high=0))


def calibration(rows, columns):
    """Inputs from -3 to 5, where 0 is far from a tie."""
    x = uniform(rows, columns, low=-2.9, high=4.9)
    x[generator().integers(1, rows), 0], x[generator().integers(1, rows), 1] = -3.0, 5.0
    return x


def network(bits=8):
    """A quantized network of two layers, in which every product is exact and nothing lies near a tie."""
    first = {
        "q": generator().integers(-3, 4, (4, 5)).astype(np.int8),
        "scale": np.array([0.25, 0.5, 1.0, 0.25, 0.5]),
        "bias": single((generator().integers(-9, 90, 5) + off(5)) / 32),
        "x_scale": np.array(0.125),
        "x_zero": np.array(3, np.int32),
    }
    second = {
        "q": generator().integers(*limits(bits), (5, 3)).astype(np.int8),
        "scale": uniform(3, low=0.01, high=0.1),
        "bias": normal(3),
        "x_scale": np.array(1 / 32),
        "x_zero": np.array(-100, np.int32),
    }
    return [first, second]


def sent(layers):
    """The same with each tensor of integers in the dtype that the stub names."""
    whole = {"q", "x_zero"}
    return [{k: exact(v) if k in whole else v for k, v in layer.items()} for layer in layers]


# -- the ruler -------------------------------------------------------------------------------------


@pytest.mark.grade(points=1)
def test_quantization_is_written_from_scratch(impl):
    """no function of the framework that quantizes"""
    from_scratch(impl, "choose", "quantize", "dequantize", "quantize_weights", "integer_dense")


def ruler(found, expected, of, mistakes=None):
    scale, zero = items(found, of, ("scale", "zero"))
    named = {k: v[0] for k, v in (mistakes or {}).items()}
    close(scale, expected[0], of=f"scale of {of}", rtol=1e-5, atol=0, mistakes=named)
    dtype(zero, "int32", of=f"zero of {of}")
    equal(
        zero,
        expected[1],
        of=f"zero of {of}",
        mistakes={k: v[1] for k, v in (mistakes or {}).items()},
    )


@pytest.mark.grade(points=2, hint=RANGE)
@pytest.mark.parametrize("bits", [2, 3, 8])
def test_choose_puts_the_ends_on_the_limits(impl, bits):
    """low becomes the smallest integer and high the largest; where all numbers have one sign, 0 is an end"""
    low, high = ends(6, bits)
    of = f"choose(low, high, bits={bits})"
    symmetric = choose(low, high, bits, symmetric=True)
    levels = (high - low) / 2**bits, np.round(-(2 ** (bits - 1)) - low / ((high - low) / 2**bits))
    mistakes = {"that of symmetric quantization": symmetric, "that of 2^bits steps": levels}
    ruler(impl.choose(low, high, bits=bits), choose(low, high, bits), of, mistakes)
    for name, one, other in (
        ("0 < low", 2.0, 5.0),
        ("high < 0", -5.0, -2.0),
        ("low = 0", 0.0, 3.0),
    ):
        given = np.array([one, 1.5 * one]), np.array([other, 2 * other if other > 0 else other])
        ruler(impl.choose(*given, bits=bits), choose(*given, bits), f"{of}, where {name}")
    for sign in (1.0, -1.0):
        point = sign * np.array([5.0, 1.5])
        ruler(
            impl.choose(point, point, bits), choose(point, point, bits), f"{of}, where low = high"
        )
    ruler(impl.choose(low[0], high[0], bits), choose(low[0], high[0], bits), f"{of} of shape ()")
    given = low.reshape(2, 3), high.reshape(2, 3)
    ruler(impl.choose(*given, bits), choose(*given, bits), f"{of} of shape (2, 3)")


@pytest.mark.grade(points=1, hint="2^(bits - 1) - 1 steps lie on either side of 0.")
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_choose_can_be_symmetric(impl, bits):
    """symmetric: zero is 0, and the larger end becomes the largest integer"""
    low, high = ends(8, bits)
    low[0], high[0] = 1.0, 2.0
    low[1], high[1] = -2.0, -1.0
    low[2], high[2] = -3.0, -3.0
    expected = choose(low, high, bits, symmetric=True)
    one = {
        "that of 2^(bits - 1) steps": (expected[0] * limits(bits)[1] / 2 ** (bits - 1), expected[1])
    }
    found = impl.choose(low, high, bits=bits, symmetric=True)
    ruler(found, expected, f"choose(low, high, bits={bits}, symmetric=True)", one)


@pytest.mark.grade(points=1, hint="Only where the range is exactly 0 is scale 1.")
@pytest.mark.parametrize("symmetric", [False, True])
def test_choose_takes_ranges_of_any_size(impl, symmetric):
    """a tiny range has its own scale, and a range of 0 has scale 1 and zero 0"""
    low, high = np.array([-1e-20, 0.0, -3e-9, 0.0, -1e10]), np.array([3e-20, 2e-30, 0.0, 0.0, 2e10])
    low, high = single(low), single(high)
    expected = choose(low, high, symmetric=symmetric)
    of = f"choose([-1e-20, 0, -3e-9, 0, -1e10], [3e-20, 2e-30, 0, 0, 2e10], symmetric={symmetric})"
    ruler(impl.choose(low, high, symmetric=symmetric), expected, of)


@pytest.mark.grade(points=1)
def test_other_numbers_of_bits_are_refused(impl):
    """bits below 2 or above 8 raise ValueError, in every function"""
    w, x = weights(3, 2), calibration(4, 3)
    scale, zero = np.array(0.5), np.array(0)
    for bits in REFUSED:
        for symmetric in (False, True):
            with raises("ValueError", of=f"choose(low, high, {bits=}, {symmetric=})"):
                impl.choose(np.array(-1.0), np.array(1.0), bits, symmetric)
        with raises("ValueError", of=f"quantize(x, scale, zero, {bits=})"):
            impl.quantize(x, scale, zero, bits)
        with raises("ValueError", of=f"quantize(x, scale, zero, {bits=}), x of shape (0, 3)"):
            impl.quantize(x[:0], scale, zero, bits)
        with raises("ValueError", of=f"quantize_weights(w, {bits=})"):
            impl.quantize_weights(w, bits)
        with raises("ValueError", of=f"quantize_network(layers, x, {bits=})"):
            impl.quantize_network([(w, normal(2))], x, bits)


@pytest.mark.grade(points=1)
def test_choose_keeps_the_contracts_words(impl):
    """choose keeps what docs/contract.md says of every function"""
    low, high = ends(4, 5)
    conform(impl, "choose", [low, high], {"bits": 5, "symmetric": False}, expected=choose)
    conform(impl, "choose", [low, high], {"symmetric": True}, expected=choose)


# -- quantize and dequantize -----------------------------------------------------------------------


@pytest.mark.grade(points=2, hint=CLIP)
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_quantize_rounds_to_the_nearest(impl, bits):
    """each number becomes the nearest integer of its ruler, in int8"""
    scale, zero = np.array(uniform(1, low=0.01, high=2)[0]), generator().integers(*limits(bits))
    x = ruled((4, 7), bits, scale, zero)
    of = f"quantize(x, scale, {zero}, bits={bits})"
    down = np.clip(np.trunc(x / scale) + zero, *limits(bits)).astype(np.int8)
    floor = np.clip(np.floor(x / scale) + zero, *limits(bits)).astype(np.int8)
    found = impl.quantize(x, scale, zero, bits=bits)
    dtype(found, "int8", of=of)
    equal(
        found,
        quantize(x, scale, zero, bits),
        of=of,
        mistakes={"x / scale without its digits": down, "the floor": floor},
    )
    for size in ((), (1,), (2, 1, 3, 2), (0, 3)):
        x = ruled(size, bits, scale, zero)
        found = impl.quantize(x, scale, zero, bits)
        dtype(found, "int8", of=f"{of}, x of shape {size}")
        shape(found, size, of=f"{of}, x of shape {size}")
        equal(found, quantize(x, scale, zero, bits), of=f"{of}, x of shape {size}")
    # A power of two leaves every digit as it is.
    x, scale = ruled((4, 7), bits, scale, zero), single(scale)
    for size in (2.0**-70, 2.0**60):
        found = impl.quantize(size * x, size * scale, zero, bits)
        of = f"quantize({size:.0e} x, {size:.0e} scale, {zero}, {bits})"
        equal(found, quantize(x, scale, zero, bits), of=of)


@pytest.mark.grade(points=2, hint=CLIP)
@pytest.mark.parametrize("bits", [2, 6, 8])
def test_quantize_saturates(impl, bits):
    """numbers outside the range, however far, become the smallest or the largest integer"""
    smallest, largest = limits(bits)
    for zero in (smallest, 0, largest):
        x = np.array([1.0, 300.0, 1e5, 3e9, 1e30, np.inf])
        x = single(np.concatenate([x + 2.0**bits, -x - 2.0**bits]))
        expected = np.repeat([largest, smallest], 6)
        found = impl.quantize(x, np.array(1.0), np.array(zero), bits=bits)
        equal(
            found,
            expected,
            of=f"quantize([{x[0]:g}, ..., inf, {x[6]:g}, ..., -inf], 1.0, {zero}, bits={bits})",
        )


@pytest.mark.grade(
    points=2, hint="Shape scale and zero so that they lie along the axis, with 1 elsewhere."
)
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_quantize_works_along_an_axis(impl, axis):
    """each place along the axis has a scale and a zero of its own, on the way there and back"""
    # Equal sizes: what lies along another axis has the right shape, too.
    scale, zero = uniform(3, low=0.05, high=2.0), generator().permutation([-90, 5, 60])
    x = ruled((3, 3, 3), 8, scale, zero, axis)
    of = f"quantize(x, scale, zero, axis={axis})"
    other = {
        f"that along axis {i}": quantize(x, scale, zero, 8, i) for i in range(3) if i != axis % 3
    }
    q = impl.quantize(x, scale, zero, axis=axis)
    equal(q, quantize(x, scale, zero, 8, axis), of=of, mistakes=other)
    given = quantize(x, scale, zero, 8, axis)
    back = impl.dequantize(exact(given), scale, exact(zero.astype(np.int32)), axis=axis)
    of = f"dequantize(q, scale, zero, axis={axis})"
    close(back, dequantize(given, scale, zero, axis), of=of)
    steps = np.abs(back - x) / along(scale, axis, x)
    at_most(steps.max(), 0.31, of=f"the largest error of {of}, in steps,")


@pytest.mark.grade(points=1, hint=WIDE)
def test_dequantize_uses_all_of_int8(impl):
    """q - zero is right for every q and every zero, and 0 comes back as 0 exactly"""
    q = np.arange(-128, 128).astype(np.int8)
    for zero in (-128, -1, 0, 127):
        found = impl.dequantize(exact(q), np.array(0.5), exact(np.array(zero, np.int32)))
        close(
            found,
            (q.astype(float) - zero) * 0.5,
            of=f"dequantize(q, 0.5, {zero}), q from -128 to 127",
            dtype="float32",
        )
        equal(float(found[zero + 128]), 0.0, of=f"dequantize(q, 0.5, {zero}) where q is zero")
    # A power of two leaves every digit as it is.
    for size in (2.0**-40, 2.0**40):
        found = impl.dequantize(exact(q), np.array(size), exact(np.array(3, np.int32)))
        of = f"dequantize(q, {size:.3g}, 3), q from -128 to 127"
        close(found, (q.astype(float) - 3) * size, of=of, atol=0)
    found = impl.float64.dequantize(exact(q), np.array(0.1), exact(np.array(3, np.int32)))
    dtype(found, "float64", of="dequantize(q, scale, zero) with a scale of float64")


@pytest.mark.grade(points=2)
def test_quantize_keeps_the_contracts_words(impl):
    """quantize and dequantize keep what docs/contract.md says of every function"""
    scale, zero = uniform(3, low=0.05, high=2.0), np.array([-20, 5, 11])
    x = ruled((4, 3), 6, scale, zero, 1)
    given = {"bits": 6, "axis": 1}
    conform(
        impl,
        "quantize",
        [x, scale, zero],
        given,
        expected=quantize,
        rows=[0],
        rowwise=True,
        empty=True,
    )
    q = integers(60, 4, 3)
    conform(
        impl,
        "dequantize",
        [q, scale, np.array([0, 5, 11])],
        {"axis": 1},
        expected=dequantize,
        rows=[0],
    )
    conform(impl, "quantize", [x[:, 0], scale[0], zero[0]], expected=quantize, rows=[0])
    conform(impl, "dequantize", [q, scale[0], np.array(5)], expected=dequantize, rows=[0])


# -- weights and layers ----------------------------------------------------------------------------


@pytest.mark.grade(points=2, hint="A column of w makes one output: its scale is that of w[:, j].")
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_weights_have_a_scale_for_each_column(impl, bits):
    """the largest of each column becomes the largest integer, and the smallest integer is not used"""
    w = weights(5, 5, bits)
    of = f"quantize_weights(w, bits={bits})"
    q, scale = items(impl.quantize_weights(w, bits=bits), of, ("q", "scale"))
    expected, own = quantize_weights(w, bits)
    rows = np.abs(w).max(1) / limits(bits)[1]
    close(
        scale,
        own,
        of=f"scale of {of}",
        rtol=1e-5,
        atol=0,
        mistakes={"the scales of the rows": rows},
    )
    dtype(q, "int8", of=f"q of {of}")
    equal(q, expected, of=f"q of {of}")
    for size in (2.0**-60, 2.0**60):
        of = f"quantize_weights({size:.0e} w, {bits})"
        q, scale = items(impl.quantize_weights(size * w, bits), of, ("q", "scale"))
        close(scale, size * own, of=f"scale of {of}", rtol=1e-5, atol=0)
        equal(q, expected, of=f"q of {of}")
    w = weights(4, 2)
    w[:, 1] = 0
    q, scale = items(impl.quantize_weights(w), "quantize_weights(w)", ("q", "scale"))
    close(scale[1:], np.ones(1), of="the scale of a column of zeros")
    equal(q[:, 1], np.zeros(4), of="q of a column of zeros")


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("bits", [3, 8])
def test_weights_can_share_one_scale(impl, bits):
    """per_channel=False: one scale of shape () for all weights, with errors that are no smaller"""
    w = weights(6, 1, bits).reshape(2, 3)
    of = f"quantize_weights(w, bits={bits}, per_channel=False)"
    # The largest absolute value is that of a negative weight once.
    for signed in (w, -w):
        q, scale = items(impl.quantize_weights(signed, bits, per_channel=False), of, ("q", "scale"))
        expected, own = quantize_weights(signed, bits, per_channel=False)
        shape(scale, (), of=f"scale of {of}")
        close(scale, own, of=f"scale of {of}", rtol=1e-5, atol=0)
        equal(q, expected, of=f"q of {of}")
    conform(
        impl,
        "quantize_weights",
        [w],
        {"bits": bits, "per_channel": False},
        expected=quantize_weights,
    )
    conform(impl, "quantize_weights", [weights(4, 3)], expected=quantize_weights)


@pytest.mark.grade(points=2, hint=WIDE)
@pytest.mark.parametrize("per_channel", [True, False], ids=["scales", "one scale"])
def test_integer_dense_is_a_dense_layer(impl, per_channel):
    """the sum of products of integers, times both scales, plus the bias"""
    q, w = integers(256, 3, 4) - 128, integers(255, 4, 5) - 127
    x_scale, w_scale = (
        np.array(0.03125),
        uniform(*((5,) if per_channel else ()), low=0.01, high=0.2),
    )
    bias = normal(5, scale=20.0)
    for x_zero in (-128, 0, 100):
        zero = np.array(x_zero)
        expected = integer_dense(q, x_scale, zero, w, w_scale, bias)
        plain = integer_dense(q, x_scale, np.array(0), w, w_scale, bias)
        mistakes = {"that without x_zero": plain} if x_zero else {}
        mistakes |= {"that without the bias": expected - bias}
        given = (
            exact(q.astype(np.int8)),
            x_scale,
            exact(zero.astype(np.int32)),
            exact(w.astype(np.int8)),
            w_scale,
            bias,
        )
        of = f"integer_dense(q, x_scale, {x_zero}, w, w_scale, bias)"
        close(impl.integer_dense(*given), expected, of=of, rtol=1e-4, atol=1e-3, mistakes=mistakes)


@pytest.mark.grade(
    points=2, hint="Multiply the integers in int32 (or float64), and by the scales at the end."
)
def test_integer_dense_loses_no_digit(impl):
    """sums of integers stay exact beyond 2^24, on the way and at the end"""
    count = 40_000
    q = np.full((1, 2 * count + 1), 126, np.int8)
    half = generator().integers(100, 128, count)
    w = np.concatenate([half, [1], -generator().permutation(half)]).astype(np.int8)[:, None]
    given = [
        exact(q),
        np.array(0.5),
        exact(np.array(-127, np.int32)),
        exact(w),
        np.array(0.25),
        np.zeros(1),
    ]
    of = "integer_dense of sums that reach 10^9 on the way, and cancel"
    close(impl.integer_dense(*given), np.array([[253 / 8]]), of=of)
    w = generator().integers(60, 128, (2 * count + 1, 1)).astype(np.int8)
    w[: count + 1] //= 2
    given = [
        exact(q),
        np.array(0.5),
        exact(np.array(-127, np.int32)),
        exact(w),
        np.array(0.25),
        np.zeros(1),
    ]
    expected = np.array([[253 * w.astype(int).sum() / 8]])
    of = "integer_dense, in float64, of a sum near 10^9"
    close(impl.float64.integer_dense(*given), expected, of=of, rtol=1e-12, atol=0)


@pytest.mark.grade(points=1)
def test_integer_dense_keeps_the_contracts_words(impl):
    """integer_dense keeps what docs/contract.md says of every function"""
    given = [
        integers(100, 3, 4),
        np.array(0.5),
        np.array(9),
        integers(100, 4, 2),
        normal(2),
        normal(2),
    ]
    options = {"rows": [0], "rowwise": True, "empty": True}
    conform(impl, "integer_dense", given, expected=integer_dense, **options)


# -- networks --------------------------------------------------------------------------------------


def dense_network(bits=8, widths=(4, 6, 5, 3)):
    return [(weights(a, b, bits), normal(b)) for a, b in itertools.pairwise(widths)]


@pytest.mark.grade(points=3, hint=SEEN)
@pytest.mark.parametrize("bits", [3, 8])
def test_network_is_calibrated_layer_by_layer(impl, bits):
    """weights by column in `bits` bits, inputs in 8 bits by the range of what reaches the layer"""
    layers, x = dense_network(bits), calibration(7, 4)
    of = f"quantize_network(layers, x{f', bits={bits}' if bits != 8 else ''})"
    # Eight bits are the default.
    given = {"bits": bits} if bits != 8 else {}
    found = impl.quantize_network(layers, x, **given)
    expected = quantize_network(layers, x, bits)
    holds(isinstance(found, list), f"{of} is {type(found).__name__}, but should be a list")
    equal(len(found), len(layers), of=f"the number of layers of {of}")
    raw = [*relu_network([{"kernel": w, "bias": b} for w, b in layers], x)]
    for i, (layer, wanted) in enumerate(zip(found, expected, strict=True)):
        part = f"layer {i} of {of}"
        keys(layer, part, LAYER)
        dtype(layer["q"], "int8", of=f"q of {part}")
        equal(layer["q"], wanted["q"], of=f"q of {part}")
        close(layer["scale"], wanted["scale"], of=f"scale of {part}", rtol=1e-4, atol=0)
        close(layer["bias"], wanted["bias"], of=f"bias of {part}", rtol=1e-6, atol=0)
        mistakes = {"the scale for the range of x": choose(x.min(), x.max())[0]} if i else {}
        mistakes |= {
            "the scale for the first row": choose(raw[0][i][0].min(), raw[0][i][0].max())[0]
        }
        close(
            layer["x_scale"],
            wanted["x_scale"],
            of=f"x_scale of {part}",
            rtol=1e-4,
            atol=0,
            mistakes=mistakes,
        )
        dtype(layer["x_zero"], "int32", of=f"x_zero of {part}")
        equal(layer["x_zero"], wanted["x_zero"], of=f"x_zero of {part}")
    # Every number counts: the smallest and the largest stand in the last of 601 rows.
    many = np.concatenate([uniform(600, 4, low=-1.0, high=1.0), [[-3.0, 5.0, 0.0, 0.0]]])
    found = impl.quantize_network(layers, many, bits)
    of = f"quantize_network(layers, x, {bits}), x of 601 rows, the last of which holds -3 and 5"
    for i, (layer, wanted) in enumerate(
        zip(found, quantize_network(layers, many, bits), strict=True)
    ):
        mistakes = {"the scale for the first 600 rows": choose(many[:-1].min(), many[:-1].max())[0]}
        part = f"x_scale of layer {i} of {of}"
        close(
            layer["x_scale"],
            wanted["x_scale"],
            of=part,
            rtol=1e-4,
            atol=0,
            mistakes=mistakes if i == 0 else {},
        )
    layers = [(2.0**20 * w, 2.0**20 * b) for w, b in layers]
    found = impl.quantize_network(layers, x, bits)
    of = f"quantize_network(layers, x, {bits}), where weights and biases are about 10^6"
    for i, (layer, wanted) in enumerate(zip(found, quantize_network(layers, x, bits), strict=True)):
        for name in ("scale", "bias", "x_scale"):
            close(layer[name], wanted[name], of=f"{name} of layer {i} of {of}", rtol=1e-4, atol=0)


@pytest.mark.grade(points=2, hint="Quantize, integer_dense, ReLU; no ReLU after the last layer.")
def test_logits_are_those_of_the_integers(impl):
    """each layer quantizes what reaches it; ReLU stands between layers"""
    for count in (6, 1, 0):
        layers = network()
        x = ruled((count, 4), 6, np.array(0.125), 3)
        expected = logits(layers, x)
        of = f"logits(network, x), x of {count} rows"
        mistakes = {}
        if count > 1:
            final = np.maximum(expected, 0)
            floats = [
                (dequantize(one["q"], one["scale"], np.zeros(len(one["scale"])), 1), one["bias"])
                for one in layers
            ]
            plain = relu_network([{"kernel": w, "bias": b} for w, b in floats], x)[1]
            mistakes = {
                "that with ReLU after the last layer": final,
                "that of inputs in floats": plain,
            }
        close(
            impl.logits(sent(layers), x), expected, of=of, rtol=1e-4, atol=1e-3, mistakes=mistakes
        )
    one = network()[1:]
    x = ruled((3, 5), 6, np.array(1 / 32), -100)
    close(
        impl.logits(sent(one), x),
        logits(one, x),
        of="logits of a network of one layer",
        rtol=1e-4,
        atol=1e-4,
    )
    one[0] |= {"scale": 2.0**20 * one[0]["scale"], "bias": 2.0**20 * one[0]["bias"]}
    of = "logits of a network of one layer, whose weights and biases are about 10^6"
    close(impl.logits(sent(one), x), logits(one, x), of=of, rtol=1e-4, atol=100.0)


@pytest.mark.grade(points=2)
def test_networks_keep_the_contracts_words(impl):
    """quantize_network, logits and size_bytes keep what docs/contract.md says of every function"""
    layers, x = dense_network(5, (4, 3, 2)), calibration(6, 4)
    conform(
        impl,
        "quantize_network",
        [layers, x],
        {"bits": 5},
        expected=quantize_network,
        tolerance=1e-3,
    )
    # Layers of one width: "memory" of shapes alone would show.
    given = [network(7), ruled((5, 4), 6, np.array(0.125), 3)]
    conform(impl, "logits", given, expected=logits, rows=[1], rowwise=True, empty=True)


@pytest.mark.grade(points=1)
def test_size_counts_bytes(impl):
    """one byte for each int8 number, four for each scale, bias and zero, of all layers"""
    for widths in ((3, 2), (4, 6, 5, 3), (1, 1)):
        layers, x = (
            dense_network(8, widths),
            calibration(5, widths[0]) if widths[0] > 1 else normal(5, 1),
        )
        made = quantize_network(layers, x)
        expected = sum(w.size + 8 * b.size + 8 for w, b in layers)
        found = impl.size_bytes(sent(made))
        of = f"size_bytes of a network of the widths {widths}"
        holds(type(found) is int, f"{of} is {found!r}, but should be a Python integer")
        equal(
            found,
            expected,
            of=of,
            mistakes={"that of the weights alone": sum(w.size for w, _ in layers)},
        )
    kept = ["untouched", "twice", "settings", "keywords"]
    conform(impl, "size_bytes", [network()], gives="anything", only=kept)


# -- outcome ---------------------------------------------------------------------------------------

DROP = Threshold(
    "accuracy on digits in 8 bits, less that of the float network",
    at_least=-0.01,
    torch=[0, 0.002222, 0.002222, 0, 0, 0, 0, -0.006667, 0, -0.002222],
    tensorflow=[0, 0.002222, 0.002222, 0, 0, 0, 0, -0.006667, 0, -0.002222],
)


@DROP.measured_by
def drop(impl, seed):
    digits, rng = data.digits(), np.random.default_rng(seed)
    layers = trained_network((64, 32, 10), digits.train_x, digits.train_y, rng)
    whole = relu_network(layers, digits.test_x)[1]
    network = impl.quantize_network(
        [(one["kernel"], one["bias"]) for one in layers], digits.train_x
    )
    found = impl.logits(
        sent([{k: np.asarray(v) for k, v in one.items()} for one in network]), digits.test_x
    )
    right = [(np.argmax(z, -1) == digits.test_y).mean() for z in (np.asarray(found), whole)]
    return float(right[0] - right[1])


@pytest.mark.grade(points=2, seconds=30)
def test_digits_survive_eight_bits(impl):
    """the median of three trained networks loses at most 0.01 of accuracy on digits"""
    DROP.expect(impl)
