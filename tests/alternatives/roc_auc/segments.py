"""Counts per distinct score by segments, from the lowest up, and ranks for areas, in TensorFlow."""

import tensorflow as tf


def roc_curve(labels, scores):
    order = tf.argsort(scores)
    values, group = tf.unique(tf.gather(scores, order))
    truth = tf.cast(tf.gather(labels, order), tf.float64)
    counts = [
        tf.cumsum(tf.math.unsorted_segment_sum(part, group, len(values)), reverse=True)
        for part in (1 - truth, truth)
    ]
    if any(float(count[0]) == 0 for count in counts):
        raise ValueError("a class is missing")
    fpr, tpr = (
        tf.cast(tf.concat([[0], count[::-1] / count[0]], axis=0), scores.dtype) for count in counts
    )
    infinite = tf.fill([1], tf.constant(float("inf"), scores.dtype))
    return fpr, tpr, tf.concat([infinite, values[::-1]], axis=0)


def auc(x, y):
    steps = x[1:] - x[:-1]
    return tf.tensordot(tf.cast(steps, tf.float64), tf.cast(y[1:] + y[:-1], tf.float64), 1) / 2


class MulticlassAUC:
    averages = ("macro", "weighted")

    def __call__(self, labels, probabilities, average="macro"):
        if average not in self.averages:
            raise ValueError(average)
        kept = []
        for c in range(probabilities.shape[1]):
            truth = tf.cast(tf.equal(labels, c), tf.int32)
            size = int(tf.reduce_sum(truth))
            if size == len(labels):
                raise ValueError("all alike")
            if size:
                fpr, tpr, _ = roc_curve(truth, probabilities[:, c])
                kept.append((float(auc(fpr, tpr)), size if average == "weighted" else 1))
        return sum(area * size for area, size in kept) / sum(size for _, size in kept)


multiclass_auc = MulticlassAUC()
