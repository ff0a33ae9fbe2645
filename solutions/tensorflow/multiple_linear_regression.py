"""Linear regression on several features, in TensorFlow."""

import tensorflow as tf


def standardize(train, *others):
    mean = tf.reduce_mean(train, axis=0)  # (d,)
    deviation = tf.math.reduce_std(train, axis=0)
    # A constant feature may have a deviation of some rounding error instead of 0.
    constant = tf.reduce_all(train == train[0], axis=0)
    scale = tf.where(constant, tf.ones_like(deviation), deviation)
    return [(x - mean) / scale for x in (train, *others)]


@tf.function
def step(x, y, w, b, lr):
    error = tf.linalg.matvec(x, w) + b - y  # (n,)
    dw = 2 * tf.reduce_mean(x * error[:, None], axis=0)
    return w - lr * dw, b - lr * 2 * tf.reduce_mean(error)


def fit_gd(x, y, lr=0.1, epochs=500):
    w, b = tf.zeros(x.shape[1], x.dtype), tf.zeros((), x.dtype)
    lr = tf.constant(lr, x.dtype)
    for _ in range(epochs):
        w, b = step(x, y, w, b, lr)
    return w, b


def fit_closed_form(x, y, l2=0.0):
    n, d = x.shape
    x_mean = tf.reduce_mean(x, axis=0)  # (d,)
    # The penalty, as d more rows whose squared errors add up to n * l2 * |w|^2. The intercept is left out of it:
    # centring has removed it.
    penalty = (n * l2) ** 0.5 * tf.eye(d, dtype=x.dtype)
    rows = tf.concat([x - x_mean, penalty], axis=0)  # (n + d, d)
    targets = tf.pad(y, [[0, d]])  # (n + d,); centred columns are blind to the mean of y
    # Not the fast way, which inverts rows^T rows and fails where columns depend on each other.
    w = tf.squeeze(tf.linalg.lstsq(rows, targets[:, None], fast=False), axis=1)
    return w, tf.reduce_mean(y) - tf.tensordot(x_mean, w, 1)


def r2(y, p):
    if y.shape != p.shape:
        raise ValueError(f"y has the shape {y.shape}, but p has {p.shape}")
    return 1 - tf.reduce_sum((y - p) ** 2) / tf.reduce_sum((y - tf.reduce_mean(y)) ** 2)
