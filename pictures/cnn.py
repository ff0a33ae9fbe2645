"""Pictures of exercises/cnn.py."""

import numpy as np

from katagrad.authoring.plots import confusion, unmarked
from katagrad.boundary.implementation import image
from katagrad.data import digits


def trained(impl, epochs=6):
    """(a model of digits, the mean loss of each epoch)."""
    split = digits(images=True)
    model = impl.build((8, 8, 1), 10, (8, 16), 32)
    rng = impl.rng(5)
    return model, impl.train(model, image(split.train_x), split.train_y, epochs, 32, 0.03, rng)


def draw_kernels(impl, figure):
    """The eight kernels of the first layer, as training leaves them"""
    model, _ = trained(impl)
    first = next(layer["kernel"] for layer in impl.layers(model) if layer["kernel"].ndim == 4)
    most = np.abs(first).max()
    for axes, weights in zip(figure.subplots(2, 4).flat, first[:, :, 0].T, strict=True):
        axes.imshow(weights.T, cmap="RdBu", vmin=-most, vmax=most)
        axes.set(xlabel="column", ylabel="row")
        unmarked(axes)


def draw_confusion(impl, figure):
    """The loss of each epoch, and which of the new digits was taken for which: errors are coloured"""
    model, history = trained(impl)
    split = digits(images=True)
    found = impl.predict(model, image(split.test_x))
    counts = np.zeros((10, 10))
    np.add.at(counts, (split.test_y, found), 1)
    left, right = figure.subplots(1, 2)
    left.plot(range(1, len(history) + 1), history, marker=".")
    left.set(xlabel="epoch", ylabel="mean loss in nats")
    confusion(right, counts)
