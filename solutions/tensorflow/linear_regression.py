"""The line y = w x + b by gradient descent, in TensorFlow."""

import tensorflow as tf


def predict(x, w, b):
    return w * tf.reshape(x, [-1]) + b  # (n,)


def pair(x, y):
    if x.shape.num_elements() != y.shape.num_elements():
        raise ValueError(f"x has the shape {x.shape}, but y has {y.shape}")
    return tf.reshape(x, [-1]), tf.reshape(y, [-1])  # (n,), (n,)


def mse_gradients(x, y, w, b):
    x, y = pair(x, y)
    error = predict(x, w, b) - y  # (n,)
    return 2 * tf.reduce_mean(error * x), 2 * tf.reduce_mean(error)


@tf.function  # as a graph, a step of this size is several times as fast
def step(x, y, w, b, lr):
    loss = tf.reduce_mean((predict(x, w, b) - y) ** 2)
    dw, db = mse_gradients(x, y, w, b)
    return w - lr * dw, b - lr * db, loss


def fit(x, y, lr=0.1, epochs=100):
    x, y = pair(x, y)
    w, b = tf.zeros((), x.dtype), tf.zeros((), x.dtype)
    lr = tf.constant(lr, x.dtype)
    history = []
    for _ in range(epochs):
        w, b, loss = step(x, y, w, b, lr)
        history.append(float(loss))
    return w, b, history
