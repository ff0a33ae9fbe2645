"""Loops over elements, a persistent tape, and NumPy only to walk over indices."""

import numpy as np
import tensorflow as tf


def numerical_grad(f, x, eps=1e-5):
    values = np.array(x.numpy(), "float64")
    slopes = np.zeros_like(values)
    for at in np.ndindex(values.shape):
        ahead, behind = values.copy(), values.copy()
        ahead[at] += eps
        behind[at] -= eps
        slopes[at] = float(f(tf.constant(ahead))) - float(f(tf.constant(behind)))
    return tf.constant(slopes / (2.0 * eps), dtype=x.dtype)


def autograd_grad(f, x):
    point = tf.Variable(x)
    with tf.GradientTape() as tape:
        y = f(tf.identity(point))
    gradient = tape.gradient(y, point)
    return tf.zeros_like(x) if gradient is None else tf.convert_to_tensor(gradient)


def jacobian(f, x):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = f(x)
        results = tf.unstack(tf.reshape(y, [-1]))
    zeros = tf.UnconnectedGradients.ZERO
    rows = [tape.gradient(result, x, unconnected_gradients=zeros) for result in results]
    return tf.reshape(tf.stack(rows), tuple(y.shape) + tuple(x.shape))


def second_derivative(f, x):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        slope = tape.gradient(tf.reduce_sum(f(x)), x)
    curvature = None if slope is None else tape.gradient(slope, x)
    return tf.zeros_like(x) if curvature is None else curvature


def grad_check(f, grad_f, x, eps=1e-5):
    point = tf.cast(x, tf.float64)
    claimed = tf.reshape(grad_f(point), [-1]).numpy().tolist()
    measured = tf.reshape(numerical_grad(f, point, eps), [-1]).numpy().tolist()
    errors = [
        abs(a - n) / max(abs(a) + abs(n), 1e-8) for a, n in zip(claimed, measured, strict=True)
    ]
    return max(errors)
