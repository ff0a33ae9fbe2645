"""The axis moved to the end and back, scores shifted by their largest, sums by matrix products; TensorFlow."""

import tensorflow as tf


def last(function, x, axis):
    """Apply a function along the last axis to the axis that is asked for."""
    order = list(range(len(x.shape)))
    order.append(order.pop(axis))
    back = [order.index(i) for i in range(len(order))]
    return tf.transpose(function(tf.transpose(x, order)), back)


def softmax(x, axis=-1, temperature=1.0):
    def along(z):
        weights = tf.exp((z - tf.reduce_max(z, -1, keepdims=True)) / tf.cast(temperature, z.dtype))
        return weights / tf.reduce_sum(weights, -1, keepdims=True)

    return last(along, tf.convert_to_tensor(x), axis)


def log_softmax(x, axis=-1):
    def along(z):
        z = z - tf.reduce_max(z, -1, keepdims=True)
        return z - tf.math.log(tf.reduce_sum(tf.exp(z), -1, keepdims=True))

    return last(along, x, axis)


def softmax_jvp(p, v):
    inner = tf.einsum("...k,...k->...", p, v)
    return p * v - p * inner[..., tf.newaxis]
