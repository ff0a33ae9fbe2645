"""Hidden checks of exercises/transpose_convolution.py. Images are (N, H, W, C) here."""

import numpy as np
import pytest

from katagrad import data
from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import (
    close,
    equal,
    from_scratch,
    holds,
    image,
    kernel,
    normal,
    number,
    raises,
    random_seed,
)
from katagrad.authoring.gradients import gradient
from katagrad.authoring.influence import each_matters
from katagrad.authoring.minibatches import expect_new_batches, followed
from katagrad.authoring.structure import items, losses, recorded
from katagrad.authoring.threshold import Threshold

SPAN = "The last pixel begins at (size - 1) stride, and its kernel takes `kernel` places."
PLACES = "Pixel (i, j) writes its kernel to the places from (i s - p, j s - p) on; sums add up."
BOTH = ("kernel", None, None)
# Images and kernels are never square, so that rows and columns cannot be confused.
SETTINGS = {
    "stride=1": ((4, 3), (3, 2), 1, 0, 0),  # image, kernel, stride, padding, output_padding
    "stride=2": ((3, 5), (3, 2), 2, 0, 0),
    "stride=(1, 3)": ((4, 2), (2, 3), (1, 3), 0, 0),
    "stride=(4, 3), kernels that leave gaps": ((2, 3), (2, 1), (4, 3), 0, 0),
    "padding=1": ((4, 3), (3, 4), 1, 1, 0),
    "padding=(2, 0)": ((4, 3), (5, 2), 1, (2, 0), 0),
    "stride=(2, 3), padding=(3, 4), more than the kernel": ((5, 4), (2, 3), (2, 3), (3, 4), 0),
    "stride=2, output_padding=1": ((3, 4), (3, 2), 2, 0, 1),
    "stride=(3, 2), padding=(1, 2), output_padding=(2, 1)": ((2, 4), (4, 5), (3, 2), (1, 2), (2, 1)),
}  # fmt: skip


# -- oracle ----------------------------------------------------------------------------------------


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def out_size_t(size, taps, stride=1, padding=0, output_padding=0):
    return (size - 1) * stride + taps - 2 * padding + output_padding


def windows(size, taps, stride):
    """(i, j, where in the whole image) of each pixel of the small image."""
    for i, j in np.ndindex(*size):
        top, left = i * pair(stride)[0], j * pair(stride)[1]
        yield i, j, np.index_exp[:, top : top + taps[0], left : left + taps[1]]


def conv_transpose2d(x, w, b, stride=1, padding=0, output_padding=0):
    size, taps, (v, h) = x.shape[1:3], w.shape[:2], pair(padding)
    rows, columns = (
        out_size_t(*one)
        for one in zip(
            size, taps, pair(stride), pair(padding), pair(output_padding), strict=True
        )
    )  # fmt: skip
    whole = np.zeros((len(x), rows + 2 * v, columns + 2 * h, w.shape[2]))
    for i, j, here in windows(size, taps, stride):
        whole[here] += np.einsum("nc,uvfc->nuvf", x[:, i, j], w)
    return whole[:, v : v + rows, h : h + columns] + b


def gradients(dout, x, w, stride=1, padding=0, output_padding=0):  # noqa: ARG001
    """(dx, dw, db) of sum(conv_transpose2d(...) * dout)."""
    v, h = pair(padding)
    whole = np.pad(dout, ((0, 0), (v, v), (h, h), (0, 0)))
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i, j, here in windows(x.shape[1:3], w.shape[:2], stride):
        dx[:, i, j] = np.einsum("nuvf,uvfc->nc", whole[here], w)
        dw += np.einsum("nuvf,nc->uvfc", whole[here], x[:, i, j])
    return dx, dw, dout.sum((0, 1, 2))


def upsample_nearest(x, factor):
    v, h = pair(factor)
    return x.repeat(v, axis=1).repeat(h, axis=2)


def bilinear_kernel(factor, channels):
    side = 2 * factor - factor % 2
    h = 1 - np.abs(np.arange(side) - (side - 1) / 2) / factor
    return np.einsum("u,v,fc->uvfc", h, h, np.eye(channels)).astype(np.float32)


def layer(size, taps, images=2, channels=3, filters=4):
    """Random (x, w, b) of one transposed convolution."""
    return normal(images, *size, channels), normal(*taps, filters, channels), normal(filters)


# -- sizes -----------------------------------------------------------------------------------------


@pytest.mark.grade(points=1, hint=SPAN)
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_out_size_counts_the_places(impl, stride):
    """out_size_t is (size - 1) stride + kernel - 2 padding + output_padding"""
    equal(impl.out_size_t(5, 3, stride), 4 * stride + 3, of=f"out_size_t(5, 3, {stride})")
    for size, taps, padding in [
        (5, 4, 0),
        (4, 3, 1),
        (1, 5, 2),
        (7, 2, 2),
        (2, 6, 3),
        (40_000, 3, 1),
    ]:
        for output_padding in range(stride):
            expected = out_size_t(size, taps, stride, padding, output_padding)
            if expected < 1:
                continue
            equal(
                impl.out_size_t(size, taps, stride, padding, output_padding),
                expected,
                of=f"out_size_t({size}, {taps}, {stride=}, {padding=}, {output_padding=})",
                mistakes={
                    "size times stride": size * stride,
                    "the size with padding at one end only": expected + padding,
                    "the size without output_padding": expected - output_padding,
                    "the size of a convolution": (size + 2 * padding - taps) // stride + 1,
                },
            )
    conform(impl, "out_size_t", [5, 4, 3], {"padding": 1, "output_padding": 2}, expected=out_size_t)
    conform(impl, "out_size_t", [5, 4], expected=out_size_t, only=["defaults"])


@pytest.mark.grade(points=1, hint=SPAN)
def test_out_size_refuses_what_cannot_be(impl):
    """an output_padding of the stride or more, and a length below 1, raise ValueError; a length of 1 does not"""
    equal(impl.out_size_t(1, 3, padding=1), 1, of="out_size_t(1, 3, padding=1)")
    equal(impl.out_size_t(1, 2, 2, 1, 1), 1, of="out_size_t(1, 2, 2, 1, 1)")
    for size, taps, stride, padding, more in [
        (4, 3, 1, 0, 1), (4, 3, 2, 0, 2), (4, 3, 2, 1, 5), (1, 2, 1, 1, 0), (1, 2, 3, 2, 1), (2, 1, 2, 2, 0),
    ]:  # fmt: skip
        with raises("ValueError", of=f"out_size_t({size}, {taps}, {stride}, {padding}, {more})"):
            impl.out_size_t(size, taps, stride, padding, more)


# -- the transposed convolution --------------------------------------------------------------------


@pytest.mark.grade(points=3, hint=PLACES)
@pytest.mark.parametrize("setting", SETTINGS)
def test_conv_transpose2d_follows_its_definition(impl, setting):
    """each pixel adds its kernel to the places that it writes to, channel by channel"""
    size, taps, *rest = SETTINGS[setting]
    x, w, b = layer(size, taps)
    stride, padding, output_padding = rest
    expected = conv_transpose2d(x, w, b, *rest)
    close(
        impl.conv_transpose2d(image(x), kernel(w), b, *rest, returns="image"),
        expected,
        of=f"conv_transpose2d(x, w, b, {stride=}, {padding=}, {output_padding=})",
        mistakes={
            "the result with flipped kernels": conv_transpose2d(x, w[::-1, ::-1], b, *rest),
            "the result without the bias": expected - b,
            "the first channel alone": conv_transpose2d(x[..., :1], w[..., :1], b, *rest),
            "the first image's result for each image": expected[[0, 0]],
            "the result of the pairs swapped": lambda: conv_transpose2d(
                x, w, b, *(pair(one)[::-1] for one in rest)
            ),
        },
    )


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("counts", [(1, 1, 1), (3, 2, 1), (1, 2, 5)])
def test_conv_transpose2d_takes_any_number_of_channels(impl, counts):
    """one image or several, of one channel or several, give as many channels as w says"""
    images, channels, filters = counts
    x, w, b = layer((3, 2), (2, 3), *counts)
    close(
        impl.conv_transpose2d(image(x), kernel(w), b, 2, 1, returns="image"),
        conv_transpose2d(x, w, b, 2, 1),
        of=f"conv_transpose2d of {images} images, {channels} channels to {filters}",
    )


@pytest.mark.grade(points=1, hint="Let out_size_t decide.")
def test_conv_transpose2d_refuses_what_cannot_be(impl):
    """sizes that out_size_t refuses raise ValueError, also if only one axis has them"""
    x, w, b = layer((3, 2), (2, 3))
    for stride, padding, more in [
        (2, 0, 2),
        ((2, 1), 0, 1),
        ((1, 2), 0, 1),
        (1, (2, 0), 0),
        (1, (0, 2), 0),
    ]:
        with raises("ValueError", of=f"conv_transpose2d(x, w, b, {stride}, {padding}, {more})"):
            impl.conv_transpose2d(image(x), kernel(w), b, stride, padding, more)


@pytest.mark.grade(points=1)
def test_conv_transpose2d_keeps_the_contracts_words(impl):
    """conv_transpose2d keeps what docs/contract.md says of every function"""
    x, w, b = layer((3, 4), (3, 2), images=3, channels=2, filters=5)
    conform(
        impl,
        "conv_transpose2d",
        [image(x), kernel(w), b],
        {"stride": 2, "padding": 1, "output_padding": 1},
        expected=conv_transpose2d,
        returns="image",
        rows=[0],
        rowwise=True,
    )
    given = [image(x), kernel(w), b]
    conform(impl, "conv_transpose2d", given, returns="image", only=["defaults"])


@pytest.mark.grade(points=2, hint="Compute with tensors: no NumPy, no detach, no assignment.")
@pytest.mark.parametrize("wrt", ["x", "w", "b"])
def test_conv_transpose2d_can_be_differentiated(impl, wrt):
    """the gradients by x, w and b are those of the definition: that by x is a convolution"""
    for setting in ("stride=2", "stride=(3, 2), padding=(1, 2), output_padding=(2, 1)"):
        size, taps, *rest = SETTINGS[setting]
        x, w, b = layer(size, taps)

        def expected(c, x=x, w=w, rest=rest):
            return gradients(c, x, w, *rest)[("x", "w", "b").index(wrt)]

        gradient(
            impl,
            "conv_transpose2d",
            [image(x), kernel(w), b, *rest],
            size=conv_transpose2d(x, w, b, *rest).shape,
            expected=expected,
            wrt=("x", "w", "b").index(wrt),
            returns="image",
        )


@pytest.mark.grade(points=1)
def test_all_is_written_from_scratch(impl):
    """no convolution, no resizing and no patch-extracting function of the framework"""
    from_scratch(impl, "conv_transpose2d", "upsample_nearest", "bilinear_kernel", "train")


# -- the two interpolations ------------------------------------------------------------------------


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("factor", [1, 2, (1, 3), (3, 2)])
def test_nearest_repeats_every_pixel(impl, factor):
    """each pixel becomes a rectangle of the factor's size, whatever its value"""
    x = normal(2, 3, 2, 4)
    x[0] *= 2.0**30
    close(
        impl.upsample_nearest(image(x), factor, returns="image"),
        upsample_nearest(x, factor),
        of=f"upsample_nearest(x, {factor})",
        mistakes={
            "the factors swapped": lambda: upsample_nearest(x, pair(factor)[::-1]),
            "the whole image repeated": np.tile(x, (1, *pair(factor), 1)),
        },
    )


@pytest.mark.grade(points=1)
def test_nearest_keeps_the_contracts_words(impl):
    """upsample_nearest keeps what docs/contract.md says of every function"""
    conform(
        impl,
        "upsample_nearest",
        [image(normal(3, 4, 5, 2)), (2, 3)],
        expected=upsample_nearest,
        returns="image",
        rows=[0],
        rowwise=True,
    )
    # Where nothing grows, too, the result is a new tensor.
    given = [image(normal(3, 4, 5, 2)), 1]
    conform(impl, "upsample_nearest", given, returns="image", only=["result", "shared"])


@pytest.mark.grade(points=2, hint="h is a tent: 1 - |u - (K - 1) / 2| / factor.")
@pytest.mark.parametrize("factor", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 3])
def test_bilinear_kernel_is_a_tent_in_each_channel(impl, factor, channels):
    """the kernel is h[u] h[v] from each channel to itself, and 0 to the others"""
    found = impl.bilinear_kernel(factor, channels, returns="kernel")
    expected = bilinear_kernel(factor, channels)
    of = f"bilinear_kernel({factor}, {channels})"
    filled = np.broadcast_to(bilinear_kernel(factor, 1), expected.shape)
    known = {"a kernel that mixes the channels": filled} if channels > 1 else {}
    close(found, expected, of=of, dtype="float32", mistakes=known)


@pytest.mark.grade(points=1)
def test_bilinear_kernel_keeps_the_contracts_words(impl):
    """bilinear_kernel keeps what docs/contract.md says of every function"""
    conform(impl, "bilinear_kernel", [3, 2], expected=bilinear_kernel, returns="kernel")


# -- training --------------------------------------------------------------------------------------


def plan(w, b, batches, lr):
    """(w, b, the loss of each step) of gradient descent on `batches`, a list of (x, y)."""
    found = []
    for x, y in batches:
        error = conv_transpose2d(x, w, b, 2, 1) - y
        found.append(float((error**2).mean()))
        _, dw, db = gradients(2 * error / error.size, x, w, 2, 1)
        w, b = w - lr * dw, b - lr * db
    return w, b, found


def problem(rows, channels=2, filters=3):
    """(w, b, x, y): y is what other weights make of x, and noise."""
    x, w, b = layer((3, 2), (4, 4), rows, channels, filters)
    return (
        0.4 * w,
        b,
        x,
        conv_transpose2d(x, normal(*w.shape, scale=0.4), b, 2, 1) + normal(filters),
    )


@pytest.mark.grade(points=2, seconds=30)
@pytest.mark.parametrize("scale", [1.0, 1e6, 1e-6])
def test_train_takes_steps_of_gradient_descent(impl, scale):
    """with whole batches, the losses, w and b are those of gradient descent, for small and for large targets"""
    w, b, x, y = problem(5)
    w, b, y = scale * w, scale * b, scale * y
    wanted_w, wanted_b, history = plan(w, b, [(x, y)] * 4, 0.2)
    of = "train(w, b, x, y, 4, 5, 0.2, rng)"
    found = impl.train(kernel(w), b, image(x), image(y), 4, 5, 0.2, impl.rng(), returns=BOTH)
    after_w, after_b, seen = items(found, of, ("w", "b", "history"))
    numbers = y[0].size
    recorded(
        seen,
        history,
        of,
        atol=1e-5 * scale**2,
        mistakes={"the sum over the numbers of an image": history[0] * numbers},
    )
    close(after_w, wanted_w, of=f"w of {of}", rtol=1e-3, atol=1e-4 * scale)
    close(after_b, wanted_b, of=f"b of {of}", rtol=1e-3, atol=1e-4 * scale)


@pytest.mark.grade(points=1, seconds=30, hint="range(0, N, batch), the last batch included.")
@pytest.mark.parametrize("batch", [3, 2, 20])
def test_train_takes_batches_of_the_size_asked_for(impl, batch):
    """seven rows in batches of 3 are three steps an epoch, the last of one row; rows are alike here"""
    w, b, x, y = problem(1)
    steps = -(-7 // batch)
    sizes = np.minimum(batch, 7 - batch * np.arange(steps))
    wanted_w, wanted_b, each = plan(w, b, [(x, y)] * steps * 2, 0.3)
    history = [float(np.average(each[k * steps : (k + 1) * steps], weights=sizes)) for k in (0, 1)]
    of = f"train(w, b, x, y, 2, {batch}, 0.3, rng) on 7 equal rows"
    found = impl.train(
        kernel(w), b, image(x.repeat(7, 0)), image(y.repeat(7, 0)), 2, batch, 0.3, impl.rng(), returns=BOTH
    )  # fmt: skip
    after_w, after_b, seen = items(found, of, ("w", "b", "history"))
    recorded(seen, history, of)
    close(after_w, wanted_w, of=f"w of {of}", rtol=1e-3, atol=1e-4)
    close(after_b, wanted_b, of=f"b of {of}", rtol=1e-3, atol=1e-4)


@pytest.mark.grade(points=1, seconds=30)
def test_train_uses_and_weighs_every_row(impl):
    """at a learning rate near 0, the loss of each epoch is the mean over all rows, each with its own target"""
    w, b, x, y = problem(7)
    y = y * np.arange(1, 8)[:, None, None, None]
    expected = float(((conv_transpose2d(x, w, b, 2, 1) - y) ** 2).mean())
    of = "train(w, b, x, y, 3, 3, 1e-9, rng) of 7 rows"
    found = impl.train(kernel(w), b, image(x), image(y), 3, 3, 1e-9, impl.rng(), returns=BOTH)
    recorded(items(found, of, ("w", "b", "history"))[2], [expected] * 3, of)


@pytest.mark.grade(points=1, seconds=60, hint="Draw rng.permutation inside the loop over epochs.")
def test_train_draws_a_new_order_each_epoch(impl):
    """the order of the rows follows from rng, and makes other batches of them in each epoch"""
    x, w, b = layer((1, 2), (4, 4), images=5, channels=1, filters=1)
    # A power of 2, which float32 holds too.
    y, lr, batch, seed = normal(5, 2, 4, 1, scale=2.0), 0.125, 2, random_seed()
    of = f"train(w, b, x, y, 24, {batch}, {lr}, rng) of 5 rows"

    def step(now, rows):
        *moved, (loss,) = plan(*now, [(x[rows], y[rows])], lr)
        # Rows weigh alike, also that of the short batch: the mean over the 3 steps is that over the 5 rows.
        return moved, loss * len(rows) * 3 / 5

    def run(draw, epochs):
        given = (kernel(w), b, image(x), image(y), epochs, batch, lr, impl.rng(draw))
        found = items(impl.float64.train(*given, returns=BOTH), of, ("w", "b", "history"))
        return found[:2], losses(found[2], epochs, of, "float")

    after, history = run(seed, 24)
    order, right = followed(history, (w, b), step, 5, batch, of)
    expect_new_batches(order, of)
    close(after[0], right[0], of=f"w of {of}", rtol=1e-5)
    close(after[1], right[1], of=f"b of {of}", rtol=1e-5)
    first, again, other = (run(draw, 6)[1] for draw in (seed, seed, seed + 1))
    holds(
        np.allclose(first, again, rtol=1e-9),
        f"{of} gave two histories for two rngs of the same seed, but should use rng alone",
    )
    holds(
        not np.allclose(first, other, rtol=1e-9),
        f"{of} gave one history for rngs of two seeds, but should take its orders from rng",
    )
    starts = [run(draw, 1)[1] for draw in range(seed, seed + 6)]
    # There are 30 ways to cut 5 rows into batches: that six rngs choose the same has a chance of 4e-8.
    holds(
        not np.allclose(starts, starts[0], rtol=1e-9),
        f"the first epoch of {of} took the same batches for six rngs, but should draw them, too",
    )


@pytest.mark.grade(points=1, seconds=30)
def test_train_heeds_every_argument(impl):
    """epochs, batch, lr and rng change what comes out; 0 epochs give w and b as they are, and []"""
    w, b, x, y = problem(11)
    usual = {"epochs": 2, "batch": 2, "lr": 0.1, "rng": impl.rng(1)}

    def run(**settings):
        found = impl.train(kernel(w), b, image(x), image(y), **settings, returns=BOTH)
        return list(items(found, "train", ("w", "b", "history"))[:2])

    other = {"epochs": 3, "batch": 3, "lr": 0.2, "rng": impl.rng(2)}
    each_matters(run, usual, other, of="train(w, b, x, y, ...)")
    found = impl.train(kernel(w), b, image(x), image(y), 0, 2, 0.1, impl.rng(), returns=BOTH)
    after_w, after_b, seen = items(found, "train with epochs=0", ("w", "b", "history"))
    losses(seen, 0, of="train with epochs=0", kind="float")
    close(after_w, w, of="w of train with epochs=0")
    close(after_b, b, of="b of train with epochs=0")


@pytest.mark.grade(points=1, seconds=120)
def test_train_keeps_the_contracts_words(impl):
    """train keeps dtypes, draws from rng alone, and leaves its arguments as they were"""
    w, b, x, y = problem(10)
    conform(
        impl,
        "train",
        [kernel(w), b, image(x), image(y), 1, 3, 0.1, impl.rng(1)],
        returns=BOTH,
        gives="anything",
        data=[2, 3],
    )


RATIO = Threshold(
    "mean squared error on digits, over that of upsample_nearest",
    at_most=0.9,
    torch=[0.8784, 0.8787, 0.8782, 0.8782, 0.8799, 0.8794, 0.8788, 0.8782, 0.8785, 0.8793],
    tensorflow=[0.8784, 0.8787, 0.8782, 0.8782, 0.8799, 0.8794, 0.8788, 0.8782, 0.8785, 0.8793],
)


@RATIO.measured_by
def ratio(impl, seed):
    rng = np.random.default_rng(seed)
    digits = data.digits(images=True)
    rows = rng.permutation(len(digits.train_x))[:400]
    small, large = (
        [np.mean(x.reshape(len(x), 4, 2, 4, 2, 1), (2, 4)), x]
        for x in (digits.test_x, digits.train_x[rows])
    )
    impl.seed(seed)
    w = impl.bilinear_kernel(2, 1, returns="kernel")
    found = impl.train(
        kernel(w), np.zeros(1), image(large[0]), image(large[1]), 10, 20, 0.5, impl.rng(seed), returns=BOTH
    )  # fmt: skip
    w, b, _ = items(found, "train", ("w", "b", "history"))
    error = conv_transpose2d(small[0], w.astype(float), b.astype(float), 2, 1) - small[1]
    plain = upsample_nearest(small[0], 2) - small[1]
    return float((error**2).mean() / (plain**2).mean())


@pytest.mark.grade(points=2, seconds=240)
def test_trained_kernel_beats_the_nearest_pixel(impl):
    """the median mean squared error of the runs is at most 0.9 times that of upsample_nearest"""
    RATIO.expect(impl)


@pytest.mark.grade(points=1)
@pytest.mark.parametrize("setting", ["stride=2", "padding=(2, 0)"])
def test_conv_transpose2d_is_the_transpose_of_a_convolution(impl, setting):
    """for all x and y, sum(conv(y) * x) is sum(y * conv_transpose2d(x)), large numbers included"""
    size, taps, *rest = SETTINGS[setting]
    x, w, b = layer(size, taps)
    x = 1e4 * x
    large = impl.float64.conv_transpose2d(image(x), kernel(w), 0 * b, *rest, returns="image")
    y = normal(*conv_transpose2d(x, w, b, *rest).shape)
    close(large, conv_transpose2d(x, w, 0 * b, *rest), of="conv_transpose2d(1e4 x, w, 0)")
    number(
        float((y * large).sum()),
        float((gradients(y, x, w, *rest)[0] * x).sum()),
        of="sum(y * conv_transpose2d(x, w, 0))",
        rtol=1e-9,
    )
