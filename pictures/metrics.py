"""Pictures of exercises/metrics.py."""

import numpy as np

from katagrad.authoring.plots import confusion


def draw_confusion(impl, figure):
    """A confusion matrix: which class was taken for which"""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 5, 300)
    predictions = np.where(rng.random(300) < 0.7, labels, rng.integers(0, 5, 300))
    counts = np.asarray(impl.confusion_matrix(labels, predictions, 5))
    confusion(figure.subplots(), counts)
