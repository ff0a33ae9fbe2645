"""ROC curves, AUC, and one-versus-rest AUC, in TensorFlow."""

import tensorflow as tf


def roc_curve(labels, scores):
    labels = tf.cast(labels, tf.int64)
    positives = tf.reduce_sum(labels)
    if positives in (0, len(labels)):
        raise ValueError("a ROC curve needs positives and negatives")
    order = tf.argsort(scores, direction="DESCENDING")
    ranked = tf.gather(scores, order)
    found = tf.cumsum(tf.gather(labels, order))  # (N,), positives among the i + 1 highest scores
    alarms = tf.range(1, len(labels) + 1, dtype=found.dtype) - found
    # Equal scores lie on the same side of every threshold: only the last of each run is a point.
    last = tf.concat([ranked[1:] != ranked[:-1], [True]], axis=0)
    fpr = tf.boolean_mask(alarms, last) / (len(labels) - positives)
    tpr = tf.boolean_mask(found, last) / positives
    origin = tf.zeros(1, scores.dtype)
    return (
        tf.concat([origin, tf.cast(fpr, scores.dtype)], axis=0),
        tf.concat([origin, tf.cast(tpr, scores.dtype)], axis=0),
        tf.concat([origin + float("inf"), tf.boolean_mask(ranked, last)], axis=0),
    )


def auc(x, y):
    return tf.reduce_sum((x[1:] - x[:-1]) * (y[1:] + y[:-1])) / 2


def multiclass_auc(labels, probabilities, average="macro"):
    if average not in ("macro", "weighted"):
        raise ValueError(f"average is {average!r}, but should be 'macro' or 'weighted'")
    labels = tf.cast(labels, tf.int64)
    occurring, _, sizes = tf.unique_with_counts(labels)
    areas = []
    for label in occurring:
        hits = tf.cast(labels == label, tf.int64)
        fpr, tpr, _ = roc_curve(hits, probabilities[:, label])
        areas.append(auc(fpr, tpr))
    areas = tf.stack(areas)
    if average == "macro":
        return tf.reduce_mean(areas)
    return tf.tensordot(areas, tf.cast(sizes, areas.dtype), 1) / len(labels)
