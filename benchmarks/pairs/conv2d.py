"""A convolution by hand against the framework's own, and on all threads."""

import pytest

from katagrad.authoring.expect import image, kernel
from katagrad.bench.pairs import own

SIZES = {"small": (4, 16, 3, 8), "resnet": (16, 56, 64, 64)}  # (images, height, channels, filters)
TAPS = 3


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("against", [own("conv2d"), "threads"], ids=str)
def bench_conv2d(bench, size, against):
    images, height, channels, filters = SIZES[size]
    x = bench.normal(images, height, height, channels)
    w, b = bench.normal(TAPS, TAPS, channels, filters), bench.normal(filters)
    bench.time(
        "conv2d", image(x), kernel(w), b, padding=1, items=images, unit="images", against=against
    )
