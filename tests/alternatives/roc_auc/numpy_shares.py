"""Shares in NumPy, threshold by threshold, in TensorFlow."""

import numpy as np
import tensorflow as tf


def roc_curve(labels, scores):
    y, s = labels.numpy().astype(bool), scores.numpy()
    if y.all() or not y.any():
        raise ValueError("one class")
    levels = np.unique(s)[::-1]
    fpr = np.array([0] + [(s[~y] >= v).mean() for v in levels])
    tpr = np.array([0] + [(s[y] >= v).mean() for v in levels])
    return tuple(
        tf.constant(a, scores.dtype) for a in (fpr, tpr, np.concatenate([[np.inf], levels]))
    )


def auc(x, y):
    widths, heights = tf.experimental.numpy.diff(x), (y[:-1] + y[1:]) / 2
    return tf.tensordot(widths, heights, 1)


def multiclass_auc(labels, probabilities, average="macro"):
    if average not in {"macro", "weighted"}:
        raise ValueError(average)
    y = labels.numpy().astype(int)
    classes, sizes = np.unique(y, return_counts=True)
    areas = []
    for c in classes:
        fpr, tpr, _ = roc_curve(tf.constant((y == c).astype(int)), probabilities[:, int(c)])
        areas.append(float(auc(fpr, tpr)))
    return float(np.average(areas, weights=sizes if average == "weighted" else None))
