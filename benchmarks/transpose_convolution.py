"""Time exercises/transpose_convolution.py: a layer that doubles an image, forward and with its gradients."""

import pytest

from katagrad.authoring.expect import image, kernel
from katagrad.bench import work

# (images, side of the small image, channels, filters)
SIZES = {"small": (4, 8, 3, 8), "decoder": (16, 16, 64, 32)}
TAPS = 4  # stride 2 and padding 1: the result is twice as large


def layer(bench, size):
    images, side, channels, filters = SIZES[size]
    return (
        image(bench.normal(images, side, side, channels)),
        kernel(bench.normal(TAPS, TAPS, filters, channels)),
        bench.normal(filters),
    )


def counted(size, times):
    """Of `times` products of every pixel with every kernel entry: one product and one sum each."""
    images, side, channels, filters = SIZES[size]
    pixels = images * side**2
    moved = pixels * channels + TAPS**2 * channels * filters + filters + 4 * pixels * filters
    return {"flops": times * 2 * pixels * channels * filters * TAPS**2, "bytes": 4 * moved}


@pytest.mark.parametrize("size", SIZES)
def bench_conv_transpose2d(bench, size):
    arguments = layer(bench, size)
    images = SIZES[size][0]
    # x, w and b are read, the result is written.
    bench.time(
        "conv_transpose2d",
        *arguments,
        stride=2,
        padding=1,
        items=images,
        unit="images",
        **counted(size, 1),
    )


@pytest.mark.parametrize("size", SIZES)
def bench_gradient(bench, size):
    arguments = layer(bench, size)
    images = SIZES[size][0]
    # Forward, by x and by w: three times the products. The result is never needed; x, w and b are read, dx, dw and db
    # written.
    of = counted(size, 3)
    written = 4 * 4 * images * SIZES[size][1] ** 2 * SIZES[size][3]
    of["bytes"] = 2 * (of["bytes"] - written)
    bench.time(
        "conv_transpose2d", *arguments, stride=2, padding=1,
        items=images, unit="images", backward=True, wrt=[0, 1, 2], **of,
    )  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def bench_upsample_nearest(bench, size):
    images, side, channels, _ = SIZES[size]
    x = bench.normal(images, side, side, channels)
    # It computes nothing: every number is read once and written four times.
    moved = work.elementwise(images * side**2 * channels, 0, 5)["bytes"]
    bench.time("upsample_nearest", image(x), 2, items=images, unit="images", bytes=moved)
