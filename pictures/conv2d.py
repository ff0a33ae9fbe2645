"""Pictures of exercises/conv2d.py."""

import numpy as np

from katagrad.boundary.implementation import image, kernel
from katagrad.data import digits

SOBEL = np.array([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]])
KERNELS = {"upright edges": SOBEL, "level edges": SOBEL.T, "blur": np.full((3, 3), 1 / 9)}


def draw_feature_maps(impl, figure):
    """A digit, and what three kernels make of it"""
    x = digits(images=True).train_x[:1]
    w = np.stack(list(KERNELS.values()), axis=-1)[:, :, None, :]
    maps = impl.conv2d(image(x), kernel(w), np.zeros(3), padding=1, returns="image")
    shown = {"digit": x[0, :, :, 0]} | {name: maps[0, :, :, i] for i, name in enumerate(KERNELS)}
    for axes, (name, pixels) in zip(figure.subplots(1, 4), shown.items(), strict=True):
        axes.imshow(pixels, cmap="gray")
        axes.set(title=name, xlabel="column", ylabel="row")
