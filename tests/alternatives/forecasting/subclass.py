"""A subclass of keras.Model around recurrent cells, a loop with a tape, windows by gather; in TensorFlow."""

import keras
import numpy as np
import tensorflow as tf


def time_split(series, share):
    steps = series.shape[0]
    past = int(np.floor(steps * share))
    if past < 1 or past >= steps:
        raise ValueError("each part has a step")
    return tf.split(series, [past, steps - past])


def fit_scaler(series):
    mean, variance = tf.nn.moments(series, [0])
    constant = tf.reduce_all(series == series[0])
    return mean, tf.where(constant, tf.ones_like(mean), tf.sqrt(variance))


def windows(series, lookback, horizon=1, stride=1):
    for value in (lookback, horizon, stride):
        if value < 1:
            raise ValueError("at least 1")
    starts = np.arange(0, series.shape[0] - lookback - horizon + 1, stride)
    if starts.size == 0:
        raise ValueError("no window fits")
    x = tf.gather(series, starts[:, None] + np.arange(lookback))
    y = tf.gather(series, starts[:, None] + np.arange(lookback, lookback + horizon))
    return [tf.expand_dims(x, -1), y]


def persistence(x, horizon):
    return tf.tile(x[:, x.shape[1] - 1], [1, horizon])


def autoregression(x, y, new_x):
    flat, new = (tf.squeeze(part, 2) for part in (x, new_x))
    middle, level = tf.reduce_mean(flat, 0), tf.reduce_mean(y, 0)
    return tf.matmul(new - middle, tf.linalg.pinv(flat - middle) @ (y - level)) + level


class Network(keras.Model):
    def __init__(self, units, horizon):
        super().__init__()
        self.states = [
            keras.layers.RNN(keras.layers.LSTMCell(width), return_sequences=True) for width in units
        ]
        self.readout = keras.layers.Dense(horizon)

    def call(self, x):
        for layer in self.states:
            x = layer(x)
        return self.readout(x[:, -1, :])


def build(units, horizon):
    model = Network(units, horizon)
    model(tf.zeros((1, 2, 1)))
    return model


def fit(model, x, y, epochs, lr, batch, rng):
    adam, history = keras.optimizers.Adam(lr, beta_1=0.9, beta_2=0.999, epsilon=1e-7), []

    @tf.function(reduce_retracing=True)
    def step(rows):
        target = tf.gather(y, rows)
        with tf.GradientTape() as tape:
            squares = tf.square(model(tf.gather(x, rows), training=True) - target)
            loss = tf.reduce_mean(squares)
        weights = model.trainable_variables
        adam.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return tf.reduce_sum(squares)

    for _ in range(epochs):
        order = tf.constant(rng.permutation(x.shape[0]))
        starts = range(0, x.shape[0], batch)
        total = sum(float(step(order[start : start + batch])) for start in starts)
        history.append(total / (y.shape[0] * y.shape[1]))
    return history


def forecast(model, history, steps):
    window, found = tf.reshape(history, (1, -1, 1)), []
    for _ in range(steps):
        ahead = tf.reshape(model(window), (1, -1, 1))
        found.append(ahead)
        window = tf.concat([window, ahead], 1)[:, -history.shape[0] :]
    return tf.reshape(tf.concat(found, 1), [-1])[:steps]


def evaluate(series, share, lookback, horizon, units, epochs, lr, batch, rng):
    past, future = time_split(series, share)
    mean, std = fit_scaler(past)
    x, y = windows((past - mean) / std, lookback, horizon)
    later, target = windows(future, lookback, horizon)
    model = build(units, horizon)
    fit(model, x, y, epochs, lr, batch, rng)
    scaled = (later - mean) / std
    forecasts = {
        "network": mean + std * model(scaled),
        "persistence": persistence(later, horizon),
        "autoregression": mean + std * autoregression(x, y, scaled),
    }
    return forecasts, {
        name: tf.reduce_mean(tf.abs(found - target)).numpy().item()
        for name, found in forecasts.items()
    }
