"""Inverted dropout, by hand and in an MLP, in TensorFlow and Keras."""

import keras
import tensorflow as tf


def make_mask(shape, p, rng):
    if not 0 <= p <= 1:
        raise ValueError(f"p is {p}, but should be from 0 to 1")
    return tf.cast(rng.random(shape) >= p, tf.float32)


def dropout(x, p, mask, training=True):
    if not training:
        return x
    # Dropout is linear in x with a diagonal matrix, so forward and backward are the same map.
    return dropout_backward(x, p, mask)


def dropout_backward(dy, p, mask):
    return tf.zeros_like(dy) if p == 1 else dy * mask / (1 - p)


def build_mlp(n_in, hidden, classes, p):
    layers = [keras.Input((n_in,))]
    for width in hidden:
        layers += [keras.layers.Dense(width, activation="relu"), keras.layers.Dropout(p)]
    return keras.Sequential([*layers, keras.layers.Dense(classes)])


def logits(model, x, training=False):
    return model(x, training=training)


def train_mlp(model, x, y, epochs, batch_size, lr):
    model.compile(
        optimizer=keras.optimizers.SGD(lr),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    run = model.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0)
    return run.history["loss"]
