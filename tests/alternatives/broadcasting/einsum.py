"""Moments of the framework, transposes, einsum, and constants that pass through float32."""

import tensorflow as tf


def broadcast_shape(a, b):
    if len(a) < len(b):
        a, b = b, a
    shape = list(a)
    start = len(a) - len(b)
    for i, n in enumerate(b):
        m = shape[start + i]
        if m == 1:
            shape[start + i] = n
        elif n not in (1, m):
            raise ValueError("shapes do not broadcast")
    return tuple(shape)


def standardize(x, axis, eps=1e-5):
    mean, variance = tf.nn.moments(x, axes=[axis], keepdims=True)
    return (x - mean) / tf.sqrt(variance + tf.cast(eps, x.dtype))


def scale_rows(x, factors):
    return tf.transpose(tf.transpose(x) * factors)


def outer(a, b):
    return tf.einsum("i,j->ij", a, b)


def pairwise_sqdist(x, y):
    gaps = tf.expand_dims(x, 1) - tf.expand_dims(y, 0)
    return tf.reduce_sum(gaps**2, axis=2)


def batched_matmul(a, b):
    return tf.einsum("...nk,...km->...nm", a, b)
