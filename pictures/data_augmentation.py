"""Pictures of exercises/data_augmentation.py."""

import numpy as np

from katagrad.boundary.implementation import image
from katagrad.data import digits


def draw_changes(impl, figure):
    """A digit, and each change to it"""
    x = digits(images=True).train_x[:1]
    sent, one = image(x), np.array([1])
    shown = {
        "digit": x,
        "hflip": impl.hflip(sent, np.array([True]), returns="image"),
        "shift": impl.shift(sent, one, one * 2, returns="image"),
        "rotate": impl.rotate(sent, np.array([25.0]), returns="image"),
        "zoom": impl.zoom(sent, np.array([1.4]), returns="image"),
        "cutout": impl.cutout(sent, one, one * 3, 3, returns="image"),
    }
    for axes, (name, pixels) in zip(figure.subplots(2, 3).flat, shown.items(), strict=True):
        axes.imshow(pixels[0, :, :, 0], cmap="gray", vmin=0, vmax=float(x.max()))
        axes.set(title=name, xlabel="column", ylabel="row")
