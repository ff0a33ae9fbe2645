"""Pictures of exercises/roc_auc.py."""

import numpy as np


def draw_curves(impl, figure):
    """ROC curves of scores that tell the classes apart well, a little, and not at all"""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 2, 200)
    axes = figure.subplots()
    for gap in (2.0, 0.8, 0.0):
        fpr, tpr, _ = impl.roc_curve(labels, rng.normal(size=200) + gap * labels)
        axes.plot(fpr, tpr, label=f"AUC {float(impl.auc(fpr, tpr)):.2f}")
    axes.plot([0, 1], [0, 1], ":", label="chance")
    axes.set(xlabel="false positive rate", ylabel="true positive rate", aspect="equal")
    axes.legend()
