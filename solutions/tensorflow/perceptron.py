"""A neuron, the step rule and the perceptron learning algorithm, in TensorFlow."""

import tensorflow as tf


def neuron(x, w, b, activation):
    return activation(tf.tensordot(x, w, axes=1) + b)  # (N, D) (D,) + () -> (N,)


def predict(x, w, b):
    return neuron(x, w, b, lambda z: tf.cast(z >= 0, tf.int64))


@tf.function(reduce_retracing=True)
def epoch(x, y, w, b, lr):
    """One pass over the rows, each after the update by the one before; returns (w, b, mistakes)."""
    wrong = tf.constant(0)
    for i in tf.range(len(y)):
        error = y[i] - predict(x[i], w, b)  # -1, 0 or 1
        step = lr * tf.cast(error, x.dtype)
        w, b = w + step * x[i], b + step
        wrong += tf.cast(error != 0, tf.int32)
    return w, b, wrong


def perceptron_fit(x, y, epochs=100, lr=1.0):
    w, b = tf.zeros(x.shape[1], x.dtype), tf.zeros((), x.dtype)
    mistakes = []
    for _ in range(epochs):
        w, b, wrong = epoch(x, y, w, b, tf.constant(lr, x.dtype))
        mistakes.append(int(wrong))
        if mistakes[-1] == 0:
            break
    return w, b, mistakes
