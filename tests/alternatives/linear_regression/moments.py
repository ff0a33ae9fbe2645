"""Sums over the points taken once, in float64; then each step costs the same however many points; TensorFlow."""

import tensorflow as tf


class Line:
    def __call__(self, x, w, b):
        w, b = tf.cast(w, x.dtype), tf.cast(b, x.dtype)
        return tf.stack([w * point + b for point in tf.unstack(tf.reshape(x, (-1,)))])


predict = Line()


def moments(x, y):
    x, y = (tf.cast(tf.reshape(v, (-1,)), tf.float64) for v in (x, y))
    if x.shape != y.shape:
        raise ValueError(f"{x.shape} and {y.shape}")
    return [float(tf.reduce_mean(v)) for v in (x, y, x * x, x * y, y * y)]


def slopes(sums, w, b):
    x, y, xx, xy, _ = sums
    return 2 * (w * xx + b * x - xy), 2 * (w * x + b - y)


def mse_gradients(x, y, w, b):
    dw, db = slopes(moments(x, y), float(w), float(b))
    return tf.constant(dw, x.dtype), tf.constant(db, x.dtype)


def fit(x, y, lr=0.1, epochs=100):
    sums = moments(x, y)
    mx, my, xx, xy, yy = sums
    w = b = 0.0
    history = []
    for _ in range(epochs):
        loss = w * w * xx + b * b + yy + 2 * (w * b * mx - w * xy - b * my)
        history.append(max(loss, 0.0))
        dw, db = slopes(sums, w, b)
        w, b = w - lr * dw, b - lr * db
    return tf.constant(w, x.dtype), tf.constant(b, x.dtype), history
