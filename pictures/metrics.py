"""Pictures of exercises/metrics.py."""

import numpy as np


def draw_confusion(impl, figure):
    """A confusion matrix: which class was taken for which"""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 5, 300)
    predictions = np.where(rng.random(300) < 0.7, labels, rng.integers(0, 5, 300))
    counts = np.asarray(impl.confusion_matrix(labels, predictions, 5))
    axes = figure.subplots()
    axes.imshow(counts, cmap="Blues")
    for (row, column), count in np.ndenumerate(counts):
        colour = "#ffffff" if count > counts.max() / 2 else "#202020"
        axes.text(column, row, f"{count:g}", ha="center", va="center", color=colour)
    axes.set(xlabel="predicted class", ylabel="true class")
