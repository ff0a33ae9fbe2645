"""Cem lost the factor 2 of the square's derivative."""

import tensorflow as tf


def predict(x, w, b):
    return w * tf.reshape(x, [-1]) + b


def mse_gradients(x, y, w, b):
    x, y = tf.reshape(x, [-1]), tf.reshape(y, [-1])
    error = predict(x, w, b) - y
    return tf.reduce_mean(error * x), tf.reduce_mean(error)


def fit(x, y, lr=0.1, epochs=100):
    w, b, history = tf.constant(0.0), tf.constant(0.0), []
    for _ in range(epochs):
        history.append(float(tf.reduce_mean((predict(x, w, b) - tf.reshape(y, [-1])) ** 2)))
        dw, db = mse_gradients(x, y, w, b)
        w, b = w - lr * dw, b - lr * db
    return w, b, history
