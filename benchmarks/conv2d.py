"""Time exercises/conv2d.py on a small image and on a middle layer of ResNet-50."""

import pytest

from katagrad.expect import image, kernel

SIZES = {"small": (4, 16, 3, 8), "resnet": (16, 56, 64, 64)}  # (images, height, channels, filters)
TAPS = 3  # 3x3 kernels, stride 1, padding 1: the result is as large as the image


def flops(size):
    images, height, channels, filters = SIZES[size]
    # One product and one sum for each pixel, channel, filter and kernel entry.
    return 2 * images * height**2 * channels * filters * TAPS**2


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
    )


@pytest.mark.parametrize("size", SIZES)
def bench_conv2d_backward(bench, size):
    images, height, channels, filters = SIZES[size]
    x, w = (
        bench.normal(images, height, height, channels),
        bench.normal(TAPS, TAPS, channels, filters),
    )
    dout = bench.normal(images, height, height, filters)
    # The gradients by x and by w cost one convolution each.
    bench.time(
        "conv2d_backward",
        image(dout),
        image(x),
        kernel(w),
        padding=1,
        items=images,
        unit="images",
        flops=2 * flops(size),
    )


@pytest.mark.parametrize("size", SIZES)
def bench_max_pool2d(bench, size):
    images, height, channels, _ = SIZES[size]
    x = bench.normal(images, height, height, channels)
    # Read once; a quarter as much is written. In float32.
    moved = 5 * images * height**2 * channels
    bench.time("max_pool2d", image(x), 2, items=images, unit="images", bytes=moved)
