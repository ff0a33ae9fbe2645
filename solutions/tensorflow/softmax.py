"""Softmax and log-softmax, in TensorFlow."""

import tensorflow as tf


def softmax(x, axis=-1, temperature=1.0):
    # The shift cancels in the ratio; it makes the largest exponent 0, so exp cannot overflow.
    shifted = (x - tf.reduce_max(x, axis=axis, keepdims=True)) / temperature
    weights = tf.exp(shifted)
    return weights / tf.reduce_sum(weights, axis=axis, keepdims=True)


def log_softmax(x, axis=-1):
    shifted = x - tf.reduce_max(x, axis=axis, keepdims=True)
    return shifted - tf.math.log(tf.reduce_sum(tf.exp(shifted), axis=axis, keepdims=True))


def softmax_jvp(p, v):
    return p * (v - tf.reduce_sum(p * v, axis=-1, keepdims=True))
