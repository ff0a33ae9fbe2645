"""Broadcasting, and elementwise versus matrix products, in TensorFlow."""

from itertools import zip_longest

import tensorflow as tf


def broadcast_shape(a, b):
    lengths = []
    for m, n in zip_longest(reversed(a), reversed(b), fillvalue=1):  # from the last axis on
        if m != n and 1 not in (m, n):
            raise ValueError(f"{a} and {b} do not broadcast")
        lengths.append(n if m == 1 else m)
    return tuple(reversed(lengths))


def standardize(x, axis, eps=1e-5):
    # keepdims leaves an axis of length 1, which stretches against x whatever `axis` is.
    centered = x - tf.reduce_mean(x, axis=axis, keepdims=True)
    variance = tf.reduce_mean(tf.square(centered), axis=axis, keepdims=True)
    return centered * tf.math.rsqrt(variance + eps)


def scale_rows(x, factors):
    return x * factors[:, tf.newaxis]  # (N, D) * (N, 1)


def outer(a, b):
    return a[:, tf.newaxis] * b  # (N, 1) * (M,) -> (N, M)


def pairwise_sqdist(x, y):
    x_squares = tf.reduce_sum(tf.square(x), axis=1)  # (N,)
    y_squares = tf.reduce_sum(tf.square(y), axis=1)  # (M,)
    products = tf.matmul(x, y, transpose_b=True)  # (N, M)
    return tf.nn.relu(x_squares[:, tf.newaxis] + y_squares - 2 * products)


def batched_matmul(a, b):
    return tf.matmul(a, b)
