"""Functional models joined for training, `fit` of Keras on rows made noisy for each epoch; in TensorFlow."""

import keras
import numpy as np
import tensorflow as tf


def build(features, code, hidden=(64,), linear=False):
    if code not in range(1, features):
        raise ValueError("the code must be shorter than a row")

    def model(first, widths, last, final):
        inputs = x = keras.Input(shape=(first,))
        for width in widths:
            x = keras.layers.Dense(width)(x)
            if not linear:
                x = keras.layers.ReLU()(x)
        x = keras.layers.Dense(last)(x)
        if final:
            x = keras.layers.Activation("sigmoid")(x)
        return keras.Model(inputs, x)

    back = tuple(reversed(hidden))
    return model(features, hidden, code, False), model(code, back, features, not linear)


def reconstruct(model, x):
    return model[1](model[0](x, training=False), training=False)


def reconstruction_error(model, x):
    return tf.math.reduce_mean((x - reconstruct(model, x)) ** 2, -1)


def train(model, x, epochs, batch, lr, rng, noise=0.0):
    whole = keras.Sequential(list(model))
    adam = keras.optimizers.Adam(learning_rate=lr, beta_1=0.9, beta_2=0.999, epsilon=1e-7)
    whole.compile(optimizer=adam, loss=keras.losses.MeanSquaredError())
    rows, history = np.asarray(x), []
    for _ in range(epochs):
        clean = rows[rng.permutation(len(rows))]
        noisy = clean + noise * rng.standard_normal(clean.shape).astype(rows.dtype)
        done = whole.fit(
            noisy.astype(rows.dtype), clean, batch_size=batch, shuffle=False, verbose=0
        )
        history.append(float(done.history["loss"][0]))
    return history


def fit_threshold(errors, quantile):
    count = int(errors.shape[0])
    if not count or not 0.0 <= quantile <= 1.0:
        raise ValueError("no quantile")
    # Weights of the ordered errors: those next to the place share 1.
    place = tf.cast(quantile * (count - 1), errors.dtype)
    away = tf.abs(tf.range(count, dtype=errors.dtype) - place)
    return tf.reduce_sum(tf.nn.relu(1 - away) * tf.sort(errors))


def detect(errors, threshold):
    return tf.math.greater(errors, threshold)


def find_anomalies(normal, x, code, hidden, quantile, epochs, batch, lr, rng, noise=0.0):
    model = build(int(normal.shape[-1]), code, hidden)
    train(model, normal, epochs, batch, lr, rng, noise)
    threshold = fit_threshold(reconstruction_error(model, normal), quantile)
    return [model, threshold, detect(reconstruction_error(model, x), threshold)]
