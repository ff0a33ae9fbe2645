"""A table of reductions, errors cut off at delta, and softplus for both logarithms."""

import tensorflow as tf

REDUCTIONS = {"mean": tf.reduce_mean, "sum": tf.reduce_sum, "none": tf.identity}


def _prepared(a, b, reduction):
    if tuple(a.shape) != tuple(b.shape):
        raise ValueError("the shapes differ")
    try:
        return REDUCTIONS[reduction]
    except (KeyError, TypeError) as error:
        raise ValueError(f"unknown reduction {reduction!r}") from error


def mse(prediction, target, reduction="mean"):
    reduce = _prepared(prediction, target, reduction)
    return reduce((prediction - target) ** 2)


def mae(prediction, target, reduction="mean"):
    reduce = _prepared(prediction, target, reduction)
    error = prediction - target
    return reduce(error * tf.sign(error))


def huber(prediction, target, delta=1.0, reduction="mean"):
    reduce = _prepared(prediction, target, reduction)
    delta = tf.cast(delta, prediction.dtype)
    size = tf.abs(prediction - target)
    small = tf.minimum(size, delta)
    return reduce(small**2 / 2 + delta * (size - small))


def bce_with_logits(logits, labels, pos_weight=1.0, reduction="mean"):
    reduce = _prepared(logits, labels, reduction)
    weight = tf.cast(pos_weight, logits.dtype)
    return reduce(weight * labels * tf.nn.softplus(-logits) + (1 - labels) * tf.nn.softplus(logits))
