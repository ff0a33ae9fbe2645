"""Multiclass cross-entropy from logits, in TensorFlow."""

import tensorflow as tf


def cross_entropy(logits, labels, label_smoothing=0.0, ignore_index=None, reduction="mean"):
    rows, _ = logits.shape
    log_p = tf.nn.log_softmax(logits)  # (N, C)
    counts = tf.ones(rows, tf.bool)  # (N,)
    if labels.dtype.is_floating:
        if labels.shape != logits.shape:
            raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
        surprise = -tf.reduce_sum(labels * log_p, axis=-1)  # (N,)
    else:
        if labels.shape != (rows,):
            raise ValueError(f"labels {labels.shape} do not fit logits {logits.shape}")
        labels = tf.cast(labels, tf.int64)
        if ignore_index is not None:
            counts = labels != ignore_index
        # An ignored label may lie outside the classes: any class does for it, since its loss is dropped.
        index = tf.where(counts, labels, 0)
        surprise = -tf.gather(log_p, index, batch_dims=1)  # (N,)
    # The smoothed target mixes the label with a uniform distribution, and the loss is linear in the target.
    uniform = -tf.reduce_mean(log_p, axis=-1)
    losses = (1 - label_smoothing) * surprise + label_smoothing * uniform
    losses = tf.where(counts, losses, 0)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return tf.reduce_sum(losses)
    if reduction == "mean":
        counted = tf.reduce_sum(tf.cast(counts, losses.dtype))
        return tf.math.divide_no_nan(tf.reduce_sum(losses), counted)
    raise ValueError(f"reduction is {reduction!r}, but should be 'mean', 'sum' or 'none'")


def nll(log_probabilities, labels):
    return -tf.reduce_mean(tf.gather(log_probabilities, tf.cast(labels, tf.int64), batch_dims=1))
