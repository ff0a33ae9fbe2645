"""A Keras model to which layers are added one by one, and which has no weights before its first call."""

import keras
import tensorflow as tf


def time_split(series, share):
    n = int(share * len(series))
    if not 0 < n < len(series):
        raise ValueError("empty part")
    return tf.split(series, [n, len(series) - n])


def fit_scaler(series):
    mean, variance = tf.nn.moments(series, axes=[0])
    constant = tf.reduce_max(series) == tf.reduce_min(series)
    return mean, tf.where(constant, tf.ones_like(variance), tf.sqrt(variance))


def windows(series, lookback, horizon=1, stride=1):
    if min(lookback, horizon, stride) < 1:
        raise ValueError("below 1")
    frames = tf.signal.frame(series, lookback + horizon, stride)
    if frames.shape[0] == 0:
        raise ValueError("no window")
    return frames[:, :lookback, tf.newaxis], frames[:, lookback:]


def persistence(x, horizon):
    return tf.tile(x[:, -1, :], [1, horizon])


def autoregression(x, y, new_x):
    def one(z):
        return tf.concat(
            [tf.cast(z[:, :, 0], tf.float64), tf.ones([len(z), 1], tf.float64)], axis=1
        )

    weights = tf.linalg.lstsq(one(x), tf.cast(y, tf.float64), fast=False)
    return tf.cast(one(new_x) @ weights, y.dtype)


def build(units, horizon):
    model = keras.Sequential(name="forecaster")
    for i, n in enumerate(units):
        model.add(keras.layers.LSTM(n, return_sequences=i + 1 < len(units)))
    model.add(keras.layers.Dense(horizon))
    return model


def fit(model, x, y, epochs, lr, batch, rng):
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=lr), loss=keras.losses.MeanSquaredError()
    )
    history = []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        log = model.fit(
            tf.gather(x, order), tf.gather(y, order), batch_size=batch, shuffle=False, verbose=0
        )
        history.extend(log.history["loss"])
    return history


def forecast(model, history, steps):
    values = history
    lookback = history.shape[0]
    while values.shape[0] < lookback + steps:
        values = tf.concat([values, model(values[None, -lookback:, None])[0]], axis=0)
    return values[lookback : lookback + steps]


def evaluate(series, share, lookback, horizon, units, epochs, lr, batch, rng):
    past, future = time_split(series, share)
    mean, std = fit_scaler(past)
    x, y = windows((past - mean) / std, lookback, horizon)
    raw_x, truth = windows(future, lookback, horizon)
    model = build(units, horizon)
    fit(model, x, y, epochs, lr, batch, rng)
    forecasts = {
        "network": tf.constant(model.predict((raw_x - mean) / std, verbose=0)) * std + mean,
        "persistence": persistence(raw_x, horizon),
        "autoregression": autoregression(*windows(past, lookback, horizon), raw_x),
    }
    errors = {name: float(tf.reduce_mean(tf.abs(f - truth))) for name, f in forecasts.items()}
    return forecasts, errors
