"""Masks by tf.where, gradients by select, and a training loop by hand over shuffled slices, in TensorFlow."""

import keras
import numpy as np
import tensorflow as tf


def make_mask(shape, p, rng):
    if not (p >= 0 and p <= 1):
        raise ValueError(f"{p} is no probability")
    dropped = rng.uniform(size=tuple(shape)) < p
    return tf.constant(np.where(dropped, 0.0, 1.0), tf.float32)


def dropout(x, p, mask, training=True):
    if not training:
        return tf.identity(x)
    scale = 0.0 if p == 1 else 1.0 / (1.0 - p)
    return tf.where(mask > 0, x * scale, tf.zeros_like(x))


def dropout_backward(dy, p, mask):
    kept = tf.cast(mask, dy.dtype)
    return tf.zeros_like(dy) if p == 1 else tf.divide(dy * kept, 1.0 - p)


def build_mlp(n_in, hidden, classes, p):
    model = keras.Sequential()
    model.add(keras.Input(shape=(n_in,)))
    for width in hidden:
        model.add(keras.layers.Dense(width, kernel_initializer="he_normal"))
        model.add(keras.layers.ReLU())
        model.add(keras.layers.Dropout(rate=p))
    model.add(keras.layers.Dense(classes))
    return model


def logits(model, x, training=False):
    return model(x, training=bool(training))


def train_mlp(model, x, y, epochs, batch_size, lr):
    labels, history = tf.cast(y, tf.int64), []
    for _ in range(epochs):
        order = tf.random.shuffle(tf.range(len(x)))
        losses = []  # of each row
        for start in range(0, len(x), batch_size):
            rows = order[start : start + batch_size]
            with tf.GradientTape() as tape:
                scores = model(tf.gather(x, rows), training=True)
                each = tf.nn.sparse_softmax_cross_entropy_with_logits(
                    tf.gather(labels, rows), scores
                )
                loss = tf.reduce_mean(each)
            for w, g in zip(
                model.trainable_variables,
                tape.gradient(loss, model.trainable_variables),
                strict=True,
            ):
                w.assign_sub(lr * g)
            losses += each.numpy().tolist()
        history.append(float(np.mean(losses)))
    return history
