"""Losses for regression and binary targets, in TensorFlow."""

import tensorflow as tf


def check_shapes(a, b):
    if a.shape != b.shape:
        raise ValueError(f"the shapes {a.shape} and {b.shape} differ")


def reduce(losses, reduction):
    if reduction == "none":
        return losses
    if reduction == "sum":
        return tf.reduce_sum(losses)
    if reduction == "mean":
        return tf.reduce_mean(losses)
    raise ValueError(f"reduction is {reduction!r}, but should be 'mean', 'sum' or 'none'")


def mse(prediction, target, reduction="mean"):
    check_shapes(prediction, target)
    return reduce(tf.math.squared_difference(prediction, target), reduction)


def mae(prediction, target, reduction="mean"):
    check_shapes(prediction, target)
    return reduce(tf.abs(prediction - target), reduction)


def huber(prediction, target, delta=1.0, reduction="mean"):
    check_shapes(prediction, target)
    size = tf.abs(prediction - target)
    losses = tf.where(size <= delta, tf.square(size) / 2, delta * (size - delta / 2))
    return reduce(losses, reduction)


def bce_with_logits(logits, labels, pos_weight=1.0, reduction="mean"):
    check_shapes(logits, labels)
    # log(1 - sigmoid(z)) is log sigmoid(-z): neither logarithm ever sees a rounded probability.
    positive = pos_weight * labels * tf.math.log_sigmoid(logits)
    negative = (1 - labels) * tf.math.log_sigmoid(-logits)
    return reduce(-(positive + negative), reduction)
