"""Moments of the framework, einsum, and squares of rows that are first shifted near the origin; in TensorFlow."""

import itertools

import tensorflow as tf


def broadcast_shape(a, b):
    pairs = list(itertools.zip_longest(reversed(a), reversed(b), fillvalue=1))
    bad = [pair for pair in pairs if len({*pair} - {1}) > 1]
    if bad:
        raise ValueError(f"{a} and {b} do not broadcast: {bad[0]}")
    # the length that is not 1, if there is one
    return tuple(next(iter({*pair} - {1}), 1) for pair in pairs)[::-1]


def standardize(x, axis, eps=1e-5):
    mean, variance = tf.nn.moments(x, axes=[axis], keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + tf.cast(eps, x.dtype))


def scale_rows(x, factors):
    return tf.einsum("ij,i->ij", x, factors)


def outer(a, b):
    return tf.matmul(a[:, tf.newaxis], b[tf.newaxis, :])


def pairwise_sqdist(x, y):
    """The expanded square, of rows that are first shifted near the origin."""
    origin = tf.reduce_mean(y, axis=0, keepdims=True)
    x, y = x - origin, y - origin
    squares = [tf.einsum("ij,ij->i", rows, rows) for rows in (x, y)]
    cross = tf.matmul(x, y, transpose_b=True)
    expanded = squares[0][:, None] + squares[1][None] - 2 * cross
    return tf.nn.relu(expanded)


def batched_matmul(a, b):
    return tf.einsum("...ij,...jk->...ik", a, b)
