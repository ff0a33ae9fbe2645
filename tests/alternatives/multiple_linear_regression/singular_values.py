"""Ridge by the singular values of centred x, descent on a variable in place; TensorFlow."""

import tensorflow as tf


def standardize(train, *others):
    mean, variance = tf.nn.moments(train, axes=[0])
    spread = tf.reduce_max(train, 0) - tf.reduce_min(train, 0)
    return [
        tf.math.divide(t - mean, tf.where(spread > 0, variance, tf.ones_like(variance)) ** 0.5)
        for t in (train, *others)
    ]


def fit_gd(x, y, lr=0.1, epochs=500):
    w = tf.Variable(tf.zeros((x.shape[1], 1), x.dtype))
    b = tf.Variable(tf.zeros((1,), x.dtype))

    @tf.function
    def descend():
        for _ in tf.range(epochs):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(x @ w + b - y[:, None]))
            dw, db = tape.gradient(loss, [w, b])
            w.assign_sub(lr * dw)
            b.assign_sub(lr * db)

    descend()
    return w[:, 0], b[0]


def fit_closed_form(x, y, l2=0.0):
    wide = tf.cast(x, tf.float64)
    centred = wide - tf.reduce_mean(wide, 0)
    s, u, v = tf.linalg.svd(centred)
    kept = tf.where(s > 1e-10 * s[0], s / (s**2 + l2 * len(x)), tf.zeros_like(s))
    w = tf.linalg.matvec(v, kept * tf.linalg.matvec(u, tf.cast(y, tf.float64), transpose_a=True))
    b = tf.reduce_mean(tf.cast(y, tf.float64) - tf.linalg.matvec(wide, w))
    return tf.cast(w, x.dtype), tf.cast(b, x.dtype)


def r2(y, p):
    if list(y.shape) != list(p.shape):
        raise ValueError("shapes differ")
    residual, total = tf.nn.l2_loss(y - p), tf.nn.l2_loss(y - tf.reduce_mean(y))
    return (total - residual) / total
