"""Right answers, in tensorflow."""

import tensorflow as tf


def scale(x, factor=2.0, shift=0.0):
    return factor * (x - tf.reduce_mean(x, axis=1, keepdims=True)) + shift


def pick(x, labels):
    return tf.gather(x, tf.cast(labels, tf.int32), axis=1, batch_dims=1)


def noise(x, rng):
    return x + tf.cast(rng.normal(size=x.shape), x.dtype)


def both(params, flag=True):
    return {name: 2 * value for name, value in params.items()}


def size(x):
    return int(tf.size(x))


def parts(x, k):
    for i in range(k):
        yield x[:, i]


class Mean:
    def __init__(self, start=0.0):
        self.total = start

    def add(self, x):
        self.total = self.total + tf.reduce_sum(x)
        return self.total
