"""Hidden checks of exercises/conv2d.py. `impl` takes and returns NumPy arrays, images as (N, H, W, C)."""

import numpy as np
import pytest

from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    close,
    dtype,
    equal,
    from_scratch,
    image,
    integers,
    kernel,
    normal,
    raises,
    same_inputs,
    shape,
)
from katagrad.authoring.speed import throughput

SPAN = "A kernel of k entries, d apart, spans d (k - 1) + 1 pixels."
PLACES = "Entry (u, v) of the kernel meets pixel (i s + u d, j s + v d) of the padded image."
ADJOINT = (
    "Walk through the same windows as forward, and add to where forward read. Windows overlap."
)
BOTH = ("image", "kernel", None)

# One image is square, for code that treats those apart, and few kernels are: rows and columns cannot be confused.
PLAIN = [((5, 4), (3, 2)), ((4, 6), (1, 3)), ((3, 5), (3, 5)), ((6, 5), (3, 3))]  # (image, kernel)
SETTINGS = {
    "padding=1": ((4, 3), (3, 2), 1, 1, 1),  # image, kernel, stride, padding, dilation
    "padding=(2, 0)": ((3, 5), (2, 3), 1, (2, 0), 1),
    "stride=2": ((6, 7), (3, 2), 2, 0, 1),
    "stride=(1, 3)": ((4, 8), (2, 3), (1, 3), 0, 1),
    "stride=(3, 3)": ((7, 6), (1, 2), (3, 3), 0, 1),
    "dilation=2": ((6, 5), (3, 2), 1, 0, 2),
    "dilation=2, a kernel of one row": ((4, 7), (1, 3), 1, 0, 2),
    "padding=1, dilation=2, a square kernel": ((5, 7), (3, 3), 1, 1, 2),
    "dilation=(1, 3)": ((3, 7), (2, 3), 1, 0, (1, 3)),
    "dilation=(1, 2), a square image and kernel": ((6, 6), (2, 2), 1, 0, (1, 2)),
    "stride=(2, 1), padding=(1, 2), dilation=(2, 1)": ((6, 3), (3, 2), (2, 1), (1, 2), (2, 1)),
}
POOLS = [  # image, size, stride
    ((4, 6), 2, None),
    ((6, 7), (3, 2), None),
    ((5, 7), (3, 2), (1, 2)),
    ((7, 5), 2, 3),
    ((5, 4), (5, 4), None),
    ((5, 7), 1, (2, 3)),
]


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def windows(height, width, size, stride, dilation=1):
    """(i, j, index of the patch) of each window of images (N, height, width, C), in reading order."""
    (kh, kw), (sv, sh), (dv, dh) = pair(size), pair(stride), pair(dilation)
    tall, wide = dv * (kh - 1) + 1, dh * (kw - 1) + 1
    for i, top in enumerate(range(0, height - tall + 1, sv)):
        for j, left in enumerate(range(0, width - wide + 1, sh)):
            yield i, j, np.index_exp[:, top : top + tall : dv, left : left + wide : dh]


def padded(x, padding):
    v, h = pair(padding)
    return np.pad(x, ((0, 0), (v, v), (h, h), (0, 0)))


def crop(x, padding):
    v, h = pair(padding)
    return x[:, v : x.shape[1] - v, h : x.shape[2] - h]


def collect(x, size, stride, window, dilation=1):
    """window(patch) of every patch (N, KH, KW, C) of x, as an image."""
    places = list(windows(*x.shape[1:3], size, stride, dilation))
    if not places:
        return np.zeros(0)
    first = window(x[places[0][2]])
    out = np.zeros((len(x), places[-1][0] + 1, places[-1][1] + 1, first.shape[-1]))
    for i, j, here in places:
        out[:, i, j] = window(x[here])
    return out


def conv2d(x, w, b, stride=1, padding=0, dilation=1):
    def window(patch):
        return np.einsum("nuvc,uvcf->nf", patch, w) + b

    return collect(padded(x, padding), w.shape[:2], stride, window, dilation)


def conv2d_backward(dout, x, w, stride=1, padding=0, dilation=1):
    x = padded(x, padding)
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i, j, here in windows(*x.shape[1:3], w.shape[:2], stride, dilation):
        dx[here] += np.einsum("nf,uvcf->nuvc", dout[:, i, j], w)
        dw += np.einsum("nf,nuvc->uvcf", dout[:, i, j], x[here])
    return crop(dx, padding), dw, dout.sum((0, 1, 2))


def max_pool2d(x, size, stride=None):
    return collect(x, size, stride or size, lambda patch: patch.max((1, 2)))


def avg_pool2d(x, size, stride=None):
    return collect(x, size, stride or size, lambda patch: patch.mean((1, 2)))


def max_pool2d_backward(dout, x, size, stride=None, share="first"):
    """share: which of the largest entries gets the gradient: "first", "last" or "all"."""
    dx = np.zeros_like(x)
    for i, j, here in windows(*x.shape[1:3], size, stride or size):
        for n, c in np.ndindex(x.shape[0], x.shape[3]):
            patch = x[here][n, ..., c]
            top = np.argwhere(patch == patch.max())
            for u, v in {"first": top[:1], "last": top[-1:], "all": top}[share]:
                dx[here][n, u, v, c] += dout[n, i, j, c]
    return dx


def layer(size, taps, images=2, channels=3, filters=4):
    """Random (x, w, b) of one convolution."""
    w = normal(*taps, channels, filters)
    return normal(images, *size, channels), w, normal(filters)


def places(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


@pytest.mark.grade(points=1)
def test_out_size_keeps_the_contracts_words(impl):
    """out_size keeps what docs/contract.md says of every function"""
    conform(impl, "out_size", [9, 3], {"stride": 2, "padding": 1}, expected=places)


@pytest.mark.grade(points=1)
def test_conv2d_keeps_the_contracts_words(impl):
    """conv2d keeps what docs/contract.md says of every function"""
    x, w, b = layer((5, 4), (3, 2))
    given = [image(x), kernel(w), b]
    options = {"returns": "image", "rows": [0], "rowwise": True, "large": [0, 1]}
    more = {"stride": (2, 1), "padding": (1, 0)}
    conform(impl, "conv2d", given, more, expected=conv2d, **options)


@pytest.mark.grade(points=1)
def test_conv2d_backward_keeps_the_contracts_words(impl):
    """conv2d_backward keeps what docs/contract.md says of every function"""
    x, w, b = layer((5, 4), (3, 2))
    dout = normal(*conv2d(x, w, b, (2, 1), (1, 0)).shape)
    given = [image(dout), image(x), kernel(w), (2, 1)]
    options = {"returns": BOTH, "rows": [0, 1], "large": [0, 1, 2]}
    more = {"padding": (1, 0)}
    conform(impl, "conv2d_backward", given, more, expected=conv2d_backward, **options)


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
def test_pooling_keeps_the_contracts_words(impl, name):
    """max_pool2d and avg_pool2d keep what docs/contract.md says of every function"""
    oracle = {"max_pool2d": max_pool2d, "avg_pool2d": avg_pool2d}[name]
    options = {"returns": "image", "rows": [0], "rowwise": True, "large": [0]}
    given = [image(normal(2, 5, 7, 3)), (3, 2)]
    conform(impl, name, given, expected=oracle, **options)
    conform(impl, name, given, {"stride": (1, 2)}, expected=oracle, **options)
    # A window of one entry changes nothing: the result is a new tensor even so.
    conform(impl, name, [given[0], 1], expected=oracle, only=["result", "shared"], returns="image")


@pytest.mark.grade(points=1)
def test_max_pool2d_backward_keeps_the_contracts_words(impl):
    """max_pool2d_backward keeps what docs/contract.md says of every function"""
    x = normal(2, 5, 7, 3)
    dout = normal(*max_pool2d(x, (3, 2), (1, 2)).shape)
    given = [image(dout), image(x), (3, 2)]
    options = {"returns": "image", "rows": [0, 1], "rowwise": True, "large": [0]}
    more = {"stride": (1, 2)}
    conform(impl, "max_pool2d_backward", given, more, expected=max_pool2d_backward, **options)


@pytest.mark.grade(points=1, hint=SPAN)
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_out_size_counts_the_places(impl, stride):
    """out_size is how many places a kernel takes: the rest that is too short is left out"""
    equal(impl.out_size(7, 3, stride), 1 + 4 // stride, of=f"out_size(7, 3, {stride})")
    for size, taps, padding, dilation in [
        (5, 5, 0, 1), (6, 3, 0, 1), (7, 3, 1, 1), (8, 2, 2, 1), (9, 3, 0, 4), (9, 3, 3, 2), (1, 1, 0, 7), (10, 4, 1, 3),
    ]:  # fmt: skip
        span = dilation * (taps - 1) + 1
        expected = len(range(0, size + 2 * padding - span + 1, stride))
        equal(
            impl.out_size(size, taps, stride=stride, padding=padding, dilation=dilation),
            expected,
            of=f"out_size({size}, {taps}, {stride=}, {padding=}, {dilation=})",
            mistakes={
                "the size without dilation": (size + 2 * padding - taps) // stride + 1,
                "the size with padding at one end only": (size + padding - span) // stride + 1,
                "the size that rounds up": -(-(size + 2 * padding - span) // stride) + 1,
            },
        )


@pytest.mark.grade(points=1, hint=SPAN)
def test_out_size_refuses_what_does_not_fit(impl):
    """a kernel longer than the padded image raises ValueError, one of the same length fits"""
    equal(impl.out_size(4, 3, padding=1, dilation=2), 2, of="out_size(4, 3, padding=1, dilation=2)")
    equal(impl.out_size(3, 5, stride=4, padding=1), 1, of="out_size(3, 5, stride=4, padding=1)")
    for size, taps, padding, dilation in [(3, 4, 0, 1), (3, 6, 1, 1), (4, 3, 0, 2), (2, 9, 0, 1)]:
        for stride in (1, 5):
            call = f"out_size({size}, {taps}, {stride=}, {padding=}, {dilation=})"
            with raises("ValueError", of=call):
                impl.out_size(size, taps, stride=stride, padding=padding, dilation=dilation)


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("counts", [(1, 1, 1), (3, 2, 1), (1, 2, 5)])
def test_conv2d_keeps_layout_and_dtype(impl, counts):
    """conv2d gives one channel per filter in the layout and dtype of x, and leaves its inputs alone"""
    images, channels, filters = counts
    x, w, b = layer((5, 3), (2, 3), *counts)
    result = same_inputs(impl, "conv2d", image(x), kernel(w), b, padding=1, returns="image")
    of = f"conv2d of {images} images, {channels} channels, {filters} filters"
    shape(result, (images, 6, 3, filters), of=of)
    dtype(result, "float32", of=of)
    double = impl.float64.conv2d(image(x), kernel(w), b, padding=1, returns="image")
    dtype(double, "float64", of="conv2d of float64 images")
    close(double, conv2d(x, w, b, padding=1), of=f"{of}, in float64")


@pytest.mark.grade(points=2, hint="Multiply kernel and window entry by entry, and sum over all.")
@pytest.mark.parametrize("sizes", PLAIN)
def test_conv2d_follows_its_definition(impl, sizes):
    """without padding, each output is a window times a kernel, summed over all channels, plus a bias"""
    x, w, b = layer(*sizes)
    close(
        impl.conv2d(image(x), kernel(w), b, returns="image"),
        conv2d(x, w, b),
        of="conv2d(x, w, b)",
        mistakes={
            "a convolution with flipped kernels": conv2d(x, w[::-1, ::-1], b),
            "the result without the bias": conv2d(x, w, 0 * b),
            "the bias added once for each entry of the kernel": conv2d(x, w, b * w[..., 0].size),
            "the first channel alone": conv2d(x[..., :1], w[..., :1, :], b),
            "the mean over the window instead of the sum": conv2d(x, w / w[..., 0].size, b),
            "the first image's result for each image": conv2d(x[[0, 0]], w, b),
        },
    )


@pytest.mark.grade(points=2, hint=PLACES)
@pytest.mark.parametrize("setting", SETTINGS)
def test_conv2d_pads_strides_and_dilates(impl, setting):
    """padding, stride and dilation place the windows, each axis by its own number"""
    size, taps, stride, padding, dilation = SETTINGS[setting]
    x, w, b = layer(size, taps)
    close(
        impl.conv2d(image(x), kernel(w), b, stride, padding, dilation, returns="image"),
        conv2d(x, w, b, stride, padding, dilation),
        of=f"conv2d(x, w, b, {stride=}, {padding=}, {dilation=})",
        mistakes={
            f"the result of {name}": lambda s=s, p=p, d=d: conv2d(x, w, b, s, p, d)
            for name, s, p, d in [
                (
                    "the pairs swapped",
                    pair(stride)[::-1],
                    pair(padding)[::-1],
                    pair(dilation)[::-1],
                ),
                ("stride and dilation swapped", dilation, padding, stride),
            ]
        },
    )


def backward(impl, sizes, *settings):
    """The gradients that the submission returns, and those of the oracle."""
    x, w, b = layer(*sizes)
    dout = normal(*conv2d(x, w, b, *settings).shape)
    arguments = (image(dout), image(x), kernel(w), *settings)
    given = same_inputs(impl, "conv2d_backward", *arguments, returns=BOTH)
    if not isinstance(given, (tuple, list)) or len(given) != 3:
        given = (given, None, None)
    return given, conv2d_backward(dout, x, w, *settings)


@pytest.mark.grade(points=2, hint=ADJOINT)
@pytest.mark.parametrize("setting", ["stride=1", *SETTINGS])
def test_conv2d_backward_reaches_the_images(impl, setting):
    """dx adds, for each pixel, dout times weight over all windows that saw it"""
    size, taps, *rest = SETTINGS.get(setting, ((5, 4), (3, 2)))
    (dx, _, _), (expected, _, _) = backward(impl, (size, taps), *rest)
    close(dx, expected, of=f"dx of conv2d_backward(dout, x, w, {setting})")


@pytest.mark.grade(points=2, hint=ADJOINT)
@pytest.mark.parametrize("setting", ["stride=1", *SETTINGS])
def test_conv2d_backward_reaches_the_kernels(impl, setting):
    """dw adds, for each weight, dout times pixel over all windows and images"""
    size, taps, *rest = SETTINGS.get(setting, ((5, 4), (3, 2)))
    (_, dw, _), (_, expected, _) = backward(impl, (size, taps), *rest)
    close(
        dw,
        expected,
        of=f"dw of conv2d_backward(dout, x, w, {setting})",
        mistakes={
            "dw of flipped kernels": expected[::-1, ::-1],
            "the mean over the images instead of the sum": expected / 2,
        },
    )


@pytest.mark.grade(points=1, hint="The bias is added to every output of its filter.")
@pytest.mark.parametrize("setting", ["stride=1", "stride=2", "padding=1"])
def test_conv2d_backward_reaches_the_bias(impl, setting):
    """db adds dout over all images and places"""
    size, taps, *rest = SETTINGS.get(setting, ((5, 4), (3, 2)))
    (_, _, db), (_, _, expected) = backward(impl, (size, taps), *rest)
    close(db, expected, of=f"db of conv2d_backward(dout, x, w, {setting})")


@pytest.mark.grade(points=2, hint="Start from the window's own entries: all may be negative.")
@pytest.mark.parametrize("pool", POOLS)
def test_max_pool2d_takes_the_largest(impl, pool):
    """max_pool2d is the maximum of each window, channel by channel, and leaves an unfilled rest out"""
    size, window, stride = pool
    x = normal(2, *size, 3, shift=-5.0)
    given = () if stride is None else (stride,)
    close(
        same_inputs(impl, "max_pool2d", image(x), window, *given, returns="image"),
        max_pool2d(x, window, stride),
        of=f"max_pool2d(x, {window}, {stride=})",
        mistakes={
            "the mean of each window": lambda: avg_pool2d(x, window, stride),
            "the maximum, or 0 where it is negative": lambda: max_pool2d(x, window, stride) * 0,
        },
    )


@pytest.mark.grade(points=2, hint="The entry that won forward receives dout; all others nothing.")
@pytest.mark.parametrize("pool", POOLS)
def test_max_pool2d_backward_pays_the_winners(impl, pool):
    """each window's gradient goes to its largest entry, and overlapping windows add up"""
    size, window, stride = pool
    x = normal(2, *size, 3)
    dout = normal(*max_pool2d(x, window, stride).shape)
    given = () if stride is None else (stride,)
    arguments = (image(dout), image(x), window, *given)
    close(
        same_inputs(impl, "max_pool2d_backward", *arguments, returns="image"),
        max_pool2d_backward(dout, x, window, stride),
        of=f"max_pool2d_backward(dout, x, {window}, {stride=})",
    )


@pytest.mark.grade(points=1, hint="Start from the window's own entries, and compare them alone.")
@pytest.mark.parametrize(
    ("scale", "shift"), [(1e6, 0.0), (1e-6, 0.0), (1e3, -1e6), (1.0, 1e4), (1e28, -1e30)]
)
def test_pooling_takes_any_scale(impl, scale, shift):
    """windows of huge, tiny or very negative entries are pooled like others, forward and backward"""
    x = normal(2, 4, 6, 3, scale=scale, shift=shift)
    dout = normal(2, 2, 3, 3)
    for name, oracle in (("max_pool2d", max_pool2d), ("avg_pool2d", avg_pool2d)):
        of = f"{name}(x, 2) of entries near {shift:g}, {scale:g} apart"
        expected = oracle(x, 2)
        found = impl.call(name, image(x), 2, returns="image")
        close(found, expected, of=of, rtol=2e-6, atol=2e-6 * scale)
    found = impl.max_pool2d_backward(image(dout), image(x), 2, returns="image")
    of = f"max_pool2d_backward(dout, x, 2) of entries near {shift:g}, {scale:g} apart"
    close(found, max_pool2d_backward(dout, x, 2), of=of)


@pytest.mark.grade(points=1, hint="Compare by position, not by value: a tie has one winner.")
@pytest.mark.parametrize("pool", POOLS[:3])
def test_max_pool2d_backward_breaks_ties(impl, pool):
    """of equal entries the first in reading order receives the gradient"""
    size, window, stride = pool
    x = integers(3, 2, *size, 3).astype(float)
    x[0, :, :, 0], x[1, :, :, 1] = -1.0, 0.0  # equal throughout
    dout = normal(*max_pool2d(x, window, stride).shape)
    close(
        impl.max_pool2d_backward(image(dout), image(x), window, stride, returns="image"),
        max_pool2d_backward(dout, x, window, stride),
        of=f"max_pool2d_backward(dout, x with equal entries, {window}, {stride=})",
        mistakes={
            "the gradient paid to all equal entries": lambda: max_pool2d_backward(
                dout, x, window, stride, "all"
            ),
            "the gradient paid to the last of equal entries": lambda: max_pool2d_backward(
                dout, x, window, stride, "last"
            ),
        },
    )


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("pool", POOLS)
def test_avg_pool2d_takes_the_mean(impl, pool):
    """avg_pool2d is the mean of each window, channel by channel, and leaves an unfilled rest out"""
    size, window, stride = pool
    x = normal(2, *size, 3, shift=1.0)
    given = () if stride is None else (stride,)
    height, width = pair(window)
    close(
        same_inputs(impl, "avg_pool2d", image(x), window, *given, returns="image"),
        avg_pool2d(x, window, stride),
        of=f"avg_pool2d(x, {window}, {stride=})",
        mistakes={
            "the sum of each window": lambda: avg_pool2d(x, window, stride) * height * width,
            "the maximum of each window": lambda: max_pool2d(x, window, stride),
        },
    )


@pytest.mark.grade(points=1)
def test_conv2d_is_written_from_scratch(impl):
    """convolution and pooling are written without the framework's, and without its differentiation"""
    from_scratch(
        impl, "conv2d", "conv2d_backward", "max_pool2d", "max_pool2d_backward", "avg_pool2d"
    )


@pytest.mark.grade(
    points=1,
    hint="Gather all windows first, then multiply them all at once.",
    seconds=90,
    speed=True,
)
def test_conv2d_outruns_a_loop(impl):
    """conv2d has at least 20 times the throughput of a loop over the places of the kernel"""

    def draw():
        x, w, b = layer((36, 40), (3, 3), filters=8)
        return image(x), kernel(w), b

    throughput(impl, "conv2d", at_least=20, draw=draw, oracle=conv2d, returns="image")
