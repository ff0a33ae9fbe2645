"""Pictures of exercises/image_project.py."""

import numpy as np

from katagrad.authoring.plots import confusion, unmarked
from katagrad.boundary.implementation import image
from katagrad.data import SHAPES5_CLASSES, shapes5


def draw_images(impl, figure):
    """One image of each class, and below it two changed copies"""
    x, y = shapes5(40, np.random.default_rng(5), noise=0.0)
    first = [int(np.flatnonzero(y == k)[0]) for k in range(len(SHAPES5_CLASSES))]
    chosen = x[first] / 255.0
    rows = {"read": chosen}
    for copy in range(2):
        changed = impl.augment(image(chosen), impl.rng(copy), returns="image")
        rows[f"copy {copy + 1}"] = changed
    every = figure.subplots(len(rows), len(first))
    for line, (name, pictures) in zip(every, rows.items(), strict=True):
        for axes, pixels, kind in zip(line, pictures, SHAPES5_CLASSES, strict=True):
            axes.imshow(np.clip(pixels, 0, 1))
            axes.set(xlabel=kind, ylabel=name)
            unmarked(axes)


def draw_learning(impl, figure):
    """The loss on changed copies of 300 small images, and the classes of 200 others"""
    x, y = shapes5(500, np.random.default_rng(5))
    small = x.reshape(-1, 16, 2, 16, 2, 3).mean((2, 4)) / 255.0
    impl.seed(5)
    model = impl.build((16, 16, 3), 5)
    history = impl.train(model, image(small[:300]), y[:300], 8, 25, 0.003, impl.rng(5))
    found = impl.logits(model, image(small[300:])).argmax(1)
    counts = np.zeros((5, 5))
    np.add.at(counts, (y[300:], found), 1)
    left, right = figure.subplots(1, 2)
    left.plot(range(1, len(history) + 1), history, marker=".")
    left.set(xlabel="epoch", ylabel="mean loss in nats")
    confusion(right, counts, SHAPES5_CLASSES)
