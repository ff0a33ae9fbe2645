"""Logistic regression, in TensorFlow."""

import math

import tensorflow as tf


def predict_proba(x, w, b):
    return tf.sigmoid(tf.linalg.matvec(x, w) + b)  # (n,)


def loss_and_grads(x, y, w, b, l2=0.0):
    logits = tf.linalg.matvec(x, w) + b  # (n,)
    targets = tf.cast(y, logits.dtype)
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits)  # (n,)
    error = tf.sigmoid(logits) - targets  # (n,): the derivative of each row's loss by its logit
    dw = tf.reduce_mean(x * error[:, None], axis=0) + 2 * l2 * w
    return tf.reduce_mean(losses) + l2 * tf.reduce_sum(w**2), dw, tf.reduce_mean(error)


@tf.function
def step(x, y, w, b, lr, l2):
    loss, dw, db = loss_and_grads(x, y, w, b, l2)
    return w - lr * dw, b - lr * db, loss


def fit(x, y, lr=0.5, epochs=100, l2=0.0):
    w, b = tf.zeros(x.shape[1], x.dtype), tf.zeros((), x.dtype)
    lr, l2 = tf.constant(lr, x.dtype), tf.constant(l2, x.dtype)
    history = []
    for _ in range(epochs):
        w, b, loss = step(x, y, w, b, lr, l2)
        history.append(float(loss))
    return w, b, history


def predict(x, w, b, threshold=0.5):
    return tf.cast(predict_proba(x, w, b) >= threshold, tf.int64)


def boundary(w, b, threshold=0.5):
    logit = math.log(threshold / (1 - threshold))
    return -w[0] / w[1], (logit - b) / w[1]
