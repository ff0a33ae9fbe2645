"""Pictures of exercises/multi_dimensional_nn.py."""

import numpy as np

from katagrad.authoring.plots import unmarked
from katagrad.data import digits


def draw_denoised(impl, figure):
    """Digits with noise, what a network from images to images makes of them, and the digits without noise"""
    split, rng = digits(images=True), np.random.default_rng(5)
    clean, new = split.train_x[..., 0], split.test_x[:6, ..., 0]
    noisy, given = (x + rng.normal(0, 0.3, x.shape) for x in (clean, new))
    impl.seed(5)
    model = impl.build((8, 8), (8, 8), (64,))
    impl.train(model, noisy, clean, 15, 0.003, 32)
    rows = {"given": given, "found": model(given), "meant": new}
    for line, (name, images) in zip(figure.subplots(3, 6), rows.items(), strict=True):
        for axes, pixels in zip(line, images, strict=True):
            axes.imshow(pixels, cmap="Greys", vmin=0, vmax=1)
            axes.set(xlabel="column", ylabel=name)
            unmarked(axes, name == "meant", axes is line[0])
