"""Pictures of exercises/classification_problem.py."""

import numpy as np

from katagrad.authoring.plots import confusion
from katagrad.data import digits


def draw_report(impl, figure):
    """Loss and accuracy of the training and the validation rows, and which validation digit was taken for which"""
    split = digits(images=True)
    report = impl.run(
        split.train_x[..., 0], split.train_y, split.test_x[..., 0], 10, 5, (64, 32), 12, 0.003, 64
    )
    history, counts = report["history"], np.asarray(report["validation"]["confusion"])
    epochs = range(1, len(history["loss"]) + 1)
    curves, matrix = figure.subfigures(1, 2)
    for axes, name in zip(curves.subplots(2, sharex=True), ("loss", "accuracy"), strict=True):
        axes.plot(epochs, history[name], label="training")
        axes.plot(epochs, history[f"val_{name}"], "--", label="validation")
        axes.set(xlabel="epoch", ylabel="loss in nats" if name == "loss" else name)
        axes.legend(fontsize="x-small")
    confusion(matrix.subplots(), counts)
