"""Axes made by reshape and expand_dims, float64 inside, and matrix products for outer products."""

import tensorflow as tf


def broadcast_shape(a, b):
    a, b, shape = list(a), list(b), []
    while a or b:
        lengths = {a.pop() if a else 1, b.pop() if b else 1}
        if len(lengths) == 2:
            if 1 not in lengths:
                raise ValueError(f"{sorted(lengths)}")
            lengths.remove(1)
        shape.insert(0, lengths.pop())
    return tuple(shape)


def standardize(x, axis, eps=1e-5):
    mean, variance = tf.nn.moments(tf.cast(x, tf.float64), axes=[axis])
    mean, variance = tf.expand_dims(mean, axis), tf.expand_dims(variance, axis)
    return tf.cast((tf.cast(x, tf.float64) - mean) / tf.sqrt(variance + eps), x.dtype)


def scale_rows(x, factors):
    return tf.transpose(tf.transpose(x) * factors)


def outer(a, b):
    return tf.matmul(tf.reshape(a, [-1, 1]), tf.reshape(b, [1, -1]))


def pairwise_sqdist(x, y):
    wide_x, wide_y = tf.expand_dims(x, 1), tf.expand_dims(y, 0)
    return tf.reduce_sum(tf.math.squared_difference(wide_x, wide_y), axis=-1)


def batched_matmul(a, b):
    return tf.einsum("...nk,...km->...nm", a, b)
