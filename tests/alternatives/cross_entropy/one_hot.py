"""One dense target for every kind of label, and only the rows that count, in TensorFlow."""

import tensorflow as tf


class Reduction:
    def __init__(self, kind):
        if kind not in ("mean", "sum", "none"):
            raise ValueError(kind)
        self.kind = kind

    def __call__(self, losses, weights):
        losses = losses * weights
        if self.kind == "none":
            return losses
        total = tf.math.add_n(tf.unstack(losses))
        return total if self.kind == "sum" else total / tf.maximum(1.0, tf.reduce_sum(weights))


def cross_entropy(logits, labels, label_smoothing=0.0, ignore_index=None, reduction="mean"):
    dtype = logits.dtype
    logits = tf.cast(logits, tf.float64)
    rows, classes = logits.shape
    reduce = Reduction(reduction)
    weights = tf.ones(rows, tf.float64)
    if labels.dtype.is_integer:
        labels = tf.cast(labels, tf.int64)
        if ignore_index is not None:
            weights = tf.cast(tf.not_equal(labels, ignore_index), tf.float64)
        labels = tf.one_hot(labels, classes, dtype=tf.float64)
    if labels.shape != logits.shape:
        raise ValueError(labels.shape)
    target = tf.cast(labels, tf.float64) * (1 - label_smoothing) + label_smoothing / classes
    top = tf.stop_gradient(tf.reduce_max(logits, axis=1, keepdims=True))
    log_total = top + tf.math.log(tf.reduce_sum(tf.exp(logits - top), axis=1, keepdims=True))
    return tf.cast(reduce(tf.reduce_sum(target * (log_total - logits), axis=1), weights), dtype)


def nll(log_probabilities, labels):
    hot = tf.one_hot(labels, log_probabilities.shape[1], dtype=log_probabilities.dtype)
    # Not a product: 0 times -inf is NaN.
    picked = tf.where(hot > 0, log_probabilities, 0)
    return -tf.reduce_sum(picked) / log_probabilities.shape[0]
