"""An honest wrong answer: softmax over everything, unshifted; the other two by the wrong formulas."""

import tensorflow as tf


def softmax(x, axis=-1, temperature=1.0):
    return tf.exp(x) / tf.reduce_sum(tf.exp(x))


def log_softmax(x, axis=-1):
    return x - tf.reduce_max(x)


def softmax_jvp(p, v):
    return p * v
