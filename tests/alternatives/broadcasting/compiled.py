"""Every function compiled, and traced anew for each shape."""

import tensorflow as tf


def broadcast_shape(a, b):
    a, b = list(a), list(b)
    result = []
    while a or b:
        m = a.pop() if a else 1
        n = b.pop() if b else 1
        match (m, n):
            case (1, _):
                result.insert(0, n)
            case (_, 1):
                result.insert(0, m)
            case _ if m == n:
                result.insert(0, m)
            case _:
                raise ValueError("no broadcast")
    return tuple(result)


@tf.function
def standardize(x, axis, eps=1e-5):
    n = tf.cast(tf.shape(x)[axis], x.dtype)
    mean = tf.reduce_sum(x, axis, keepdims=True) / n
    dev = x - mean
    var = tf.reduce_sum(dev * dev, axis, keepdims=True) / n
    return dev / tf.sqrt(var + tf.cast(eps, x.dtype))


@tf.function
def scale_rows(x, factors):
    return tf.einsum("nd,n->nd", x, factors)


@tf.function
def outer(a, b):
    return tf.matmul(a[:, tf.newaxis], b[:, tf.newaxis], transpose_b=True)


@tf.function
def pairwise_sqdist(x, y):
    def sq(t):
        return tf.reduce_sum(tf.square(t), -1)

    return tf.maximum(sq(x)[:, None] - 2 * tf.matmul(x, y, transpose_b=True) + sq(y)[None, :], 0)


@tf.function
def batched_matmul(a, b):
    return tf.einsum("...ij,...jk->...ik", a, b)
