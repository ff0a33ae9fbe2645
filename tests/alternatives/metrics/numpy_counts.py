"""NumPy throughout, and Python floats, in TensorFlow."""

import numpy as np
import tensorflow as tf


def confusion_matrix(labels, predictions, classes):
    m = np.zeros((classes, classes), np.int64)
    np.add.at(m, (labels.numpy().astype(int), predictions.numpy().astype(int)), 1)
    return tf.constant(m)


def accuracy(labels, predictions):
    return float(np.mean(labels.numpy() == predictions.numpy()))


def precision_recall_f1(labels, predictions, classes, average="macro"):
    if average not in {"macro", "weighted", "micro", "none"}:
        raise ValueError("no such average")
    c = confusion_matrix(labels, predictions, classes).numpy().astype(float)
    if average == "micro":
        v = float(np.trace(c) / c.sum())
        return v, v, v
    tp, fp, fn = np.diag(c), c.sum(0) - np.diag(c), c.sum(1) - np.diag(c)
    with np.errstate(all="ignore"):
        out = [
            np.nan_to_num(tp / (tp + fp)),
            np.nan_to_num(tp / (tp + fn)),
            np.nan_to_num(2 * tp / (2 * tp + fp + fn)),
        ]
    if average == "none":
        return tuple(tf.constant(o, tf.float32) for o in out)
    w = c.sum(1) if average == "weighted" else np.ones(classes)
    return tuple(float((o * w).sum() / w.sum()) for o in out)


def _diff(t, p):
    if tuple(t.shape) != tuple(p.shape):
        raise ValueError("shape")
    return t.numpy().astype(np.float64) - p.numpy().astype(np.float64)


def mae(target, prediction):
    return float(np.abs(_diff(target, prediction)).mean())


def rmse(target, prediction):
    return tf.constant(np.sqrt((_diff(target, prediction) ** 2).mean()), target.dtype)


def r2(target, prediction):
    d = _diff(target, prediction)
    t = target.numpy().astype(np.float64)
    return float(1 - (d**2).sum() / ((t - t.mean()) ** 2).sum())


def mape(target, prediction):
    return float(100 * np.abs(_diff(target, prediction) / target.numpy()).mean())
