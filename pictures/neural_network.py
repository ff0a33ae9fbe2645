"""Pictures of exercises/neural_network.py."""

import numpy as np

from katagrad.authoring.plots import unmarked
from katagrad.data import digits


def draw_errors(impl, figure):
    """The loss of each epoch, and the new digits that the network was least sure of"""
    split = digits()
    impl.seed(5)
    model = impl.build(64, (32,), 10)
    history = impl.train(model, split.train_x, split.train_y, 15, 0.1, 32)
    p = impl.predict(model, split.test_x)
    unsure = np.argsort(p[np.arange(len(p)), split.test_y])[:6]
    curve, gallery = figure.subfigures(1, 2)
    axes = curve.subplots()
    axes.plot(range(1, 16), history["loss"], marker=".")
    axes.set(xlabel="epoch", ylabel="mean loss in nats", xticks=range(0, 16, 5))
    for axes, row in zip(gallery.subplots(2, 3).flat, unsure, strict=True):
        axes.imshow(split.test_x[row].reshape(8, 8), cmap="Greys")
        said = f"a {split.test_y[row]}, taken for {p[row].argmax()}"
        axes.set_title(said, fontsize="x-small")
        axes.set(xlabel="column", ylabel="row")
        unmarked(axes, False, False)
