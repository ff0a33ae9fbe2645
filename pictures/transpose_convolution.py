"""Pictures of exercises/transpose_convolution.py."""

import numpy as np

from katagrad.authoring.plots import unmarked
from katagrad.boundary.implementation import image, kernel
from katagrad.data import digits


def draw_sizes(impl, figure):
    """Digits at half their size, grown again in three ways: the nearest pixel, bilinear, and after training"""
    split = digits(images=True)
    small = split.train_x[:400].reshape(-1, 4, 2, 4, 2, 1).mean((2, 4))
    shown = split.test_x[:3].reshape(-1, 4, 2, 4, 2, 1).mean((2, 4))
    smooth = impl.bilinear_kernel(2, 1, returns="kernel")
    w, b, _ = impl.train(
        kernel(smooth), np.zeros(1), image(small), image(split.train_x[:400]), 10, 20, 0.5, impl.rng(5),
        returns=("kernel", None, None),
    )  # fmt: skip
    large = {
        "half the size": shown,
        "nearest": impl.upsample_nearest(image(shown), 2, returns="image"),
        "bilinear": grown(impl, shown, smooth, np.zeros(1)),
        "trained": grown(impl, shown, w, b),
        "the digits": split.test_x[:3],
    }
    for column, (name, images) in zip(figure.subplots(3, 5).T, large.items(), strict=True):
        for axes, pixels in zip(column, images, strict=True):
            axes.imshow(pixels[:, :, 0], cmap="gray", vmin=0, vmax=1)
            axes.set(xlabel="column", ylabel="row")
            unmarked(axes)
        column[0].set_title(name, fontsize="small")


def grown(impl, x, w, b):
    """Twice the height and width, by a transposed convolution."""
    return impl.conv_transpose2d(image(x), kernel(w), b, stride=2, padding=1, returns="image")
