"""Autoencoders in Keras."""

import keras
import tensorflow as tf


def build(features, code, hidden=(64,), linear=False):
    if not 1 <= code < features:
        raise ValueError(f"a code of {code} numbers does not squeeze {features} features")
    inner, outer = (None, None) if linear else ("relu", "sigmoid")

    def dense(inputs, widths, outputs, last):
        layers = [keras.layers.Dense(width, activation=inner) for width in widths]
        layers.append(keras.layers.Dense(outputs, activation=last))
        return keras.Sequential([keras.Input((inputs,)), *layers])

    return dense(features, hidden, code, None), dense(code, hidden[::-1], features, outer)


def reconstruct(model, x):
    encoder, decoder = model
    return decoder(encoder(x))  # (N, D)


def reconstruction_error(model, x):
    return tf.reduce_mean(tf.square(reconstruct(model, x) - x), axis=1)


def train(model, x, epochs, batch, lr, rng, noise=0.0):
    encoder, decoder = model
    variables = encoder.trainable_variables + decoder.trainable_variables
    adam = keras.optimizers.Adam(lr, epsilon=1e-7)

    # One graph for batches of any length.
    @tf.function(input_signature=[tf.TensorSpec((None, x.shape[1]), x.dtype)] * 2)
    def step(noisy, clean):
        with tf.GradientTape() as tape:
            output = decoder(encoder(noisy, training=True), training=True)
            loss = tf.reduce_mean(tf.square(output - clean))
        adam.apply(tape.gradient(loss, variables), variables)
        return loss

    history = []
    for _ in range(epochs):
        order, total = rng.permutation(len(x)), 0.0
        for rows in (order[i : i + batch] for i in range(0, len(x), batch)):
            clean = tf.gather(x, rows)
            noisy = clean + noise * tf.cast(rng.standard_normal(clean.shape), x.dtype)
            total += float(step(noisy, clean)) * len(rows)
        history.append(total / len(x))
    return history


def fit_threshold(errors, quantile):
    if not 0 <= quantile <= 1 or len(errors) == 0:
        raise ValueError(f"no quantile {quantile} of {len(errors)} errors")
    ordered, place = tf.sort(errors), quantile * (len(errors) - 1)
    below = int(place)
    above = min(below + 1, len(errors) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def detect(errors, threshold):
    return errors > threshold


def find_anomalies(normal, x, code, hidden, quantile, epochs, batch, lr, rng, noise=0.0):
    model = build(normal.shape[1], code, hidden)
    train(model, normal, epochs, batch, lr, rng, noise)
    threshold = fit_threshold(reconstruction_error(model, normal), quantile)
    return model, threshold, detect(reconstruction_error(model, x), threshold)
