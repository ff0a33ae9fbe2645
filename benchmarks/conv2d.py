"""Time exercises/conv2d.py on a small image and on a middle layer of ResNet-50."""

import pytest

from katagrad.authoring.expect import image, kernel
from katagrad.bench import work

SIZES = {"small": (4, 16, 3, 8), "resnet": (16, 56, 64, 64)}  # (images, height, channels, filters)
TAPS = 3  # 3x3 kernels, stride 1, padding 1: the result is as large as the image


def flops(size):
    images, height, channels, filters = SIZES[size]
    # One product and one sum for each pixel, channel, filter and kernel entry.
    return 2 * images * height**2 * channels * filters * TAPS**2


def numbers(size):
    """Of the images, of the kernels with their biases, and of the result."""
    images, height, channels, filters = SIZES[size]
    pixels = images * height**2
    return pixels * channels, (TAPS**2 * channels + 1) * filters, pixels * filters


@pytest.mark.parametrize("size", SIZES)
def bench_conv2d(bench, size):
    images, height, channels, filters = SIZES[size]
    x, w = (
        bench.normal(images, height, height, channels),
        bench.normal(TAPS, TAPS, channels, filters),
    )
    bench.time(
        "conv2d",
        image(x),
        kernel(w),
        bench.normal(filters),
        padding=1,
        items=images,
        unit="images",
        flops=flops(size),
        bytes=4 * sum(numbers(size)),
    )


@pytest.mark.parametrize("size", SIZES)
def bench_conv2d_backward(bench, size):
    images, height, channels, filters = SIZES[size]
    x, w = (
        bench.normal(images, height, height, channels),
        bench.normal(TAPS, TAPS, channels, filters),
    )
    dout = bench.normal(images, height, height, filters)
    inputs, weights, results = numbers(size)
    # The gradients by x and by w cost one convolution each. x, w and dout are read, dx, dw and db are written.
    bench.time(
        "conv2d_backward",
        image(dout),
        image(x),
        kernel(w),
        padding=1,
        items=images,
        unit="images",
        flops=2 * flops(size),
        bytes=4 * (2 * inputs + 2 * weights + results),
    )


@pytest.mark.parametrize("size", SIZES)
def bench_max_pool2d(bench, size):
    images, height, channels, _ = SIZES[size]
    x = bench.normal(images, height, height, channels)
    # Three comparisons for each quarter of the pixels. Read once; a quarter as much is written.
    counted = work.elementwise(x.size, 3 / 4, 5 / 4)
    bench.time("max_pool2d", image(x), 2, items=images, unit="images", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_max_pool2d_backward(bench, size):
    images, height, channels, _ = SIZES[size]
    x = bench.normal(images, height, height, channels)
    dout = bench.normal(images, height // 2, height // 2, channels)
    # The same comparisons; dout and x are read, dx is written.
    counted = work.elementwise(x.size, 3 / 4, 9 / 4)
    bench.time(
        "max_pool2d_backward", image(dout), image(x), 2, items=images, unit="images", **counted
    )
