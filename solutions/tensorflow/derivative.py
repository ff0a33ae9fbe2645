"""Derivatives by gradient tapes and by finite differences, in TensorFlow."""

import tensorflow as tf


def numerical_grad(f, x, eps=1e-5):
    point = tf.cast(x, tf.float64)
    # One step per element: row i moves element i alone.
    steps = tf.reshape(eps * tf.eye(tf.size(x), dtype=tf.float64), [-1, *x.shape])  # (n, *x.shape)
    slopes = [(f(point + step) - f(point - step)) / (2 * eps) for step in steps]
    return tf.cast(tf.reshape(slopes, x.shape), x.dtype)


def autograd_grad(f, x):
    with tf.GradientTape() as tape:
        tape.watch(x)  # a tape follows variables by itself, but no constants
        y = f(x)
    return tape.gradient(y, x, unconnected_gradients="zero")  # not None for a constant f


def jacobian(f, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.jacobian(y, x, unconnected_gradients="zero")


def second_derivative(f, x):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        # Elements do not mix, so the gradient of their sum is the derivative of each.
        slope = inner.gradient(y, x, unconnected_gradients="zero")
    # The slope of a line is a constant, which does not lead back to x.
    return outer.gradient(slope, x, unconnected_gradients="zero")


def grad_check(f, grad_f, x, eps=1e-5):
    point = tf.cast(x, tf.float64)
    claimed, measured = grad_f(point), numerical_grad(f, point, eps)
    scale = tf.maximum(tf.abs(claimed) + tf.abs(measured), 1e-8)
    return float(tf.reduce_max(tf.abs(claimed - measured) / scale))
