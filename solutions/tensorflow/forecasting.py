"""Forecasting a series with a stacked LSTM and its baselines, in Keras."""

import keras
import tensorflow as tf


def time_split(series, share):
    cut = int(share * len(series))
    if not 0 < cut < len(series):
        raise ValueError(f"a share of {share} of {len(series)} steps leaves a part empty")
    return series[:cut], series[cut:]


def fit_scaler(series):
    std = tf.math.reduce_std(series)
    # Rounding gives the deviation of a constant series a size above 0.
    constant = tf.reduce_max(series) == tf.reduce_min(series)
    return tf.reduce_mean(series), tf.where(constant, tf.ones_like(std), std)


def windows(series, lookback, horizon=1, stride=1):
    if min(lookback, horizon, stride) < 1 or len(series) < lookback + horizon:
        raise ValueError(f"no windows of {lookback} + {horizon} steps at a stride of {stride}")
    both = tf.signal.frame(series, lookback + horizon, stride)  # (N, L + H)
    return both[:, :lookback, None], both[:, lookback:]


def persistence(x, horizon):
    return tf.repeat(x[:, -1], horizon, axis=1)


def autoregression(x, y, new_x):
    def design(windows):
        return tf.pad(windows[:, :, 0], [[0, 0], [0, 1]], constant_values=1.0)  # (N, L + 1)

    # The pseudo-inverse also fits windows whose values depend on each other.
    return design(new_x) @ (tf.linalg.pinv(design(x)) @ y)


def build(units, horizon):
    last = len(units) - 1
    layers = [keras.layers.LSTM(n, return_sequences=i < last) for i, n in enumerate(units)]
    return keras.Sequential([keras.Input((None, 1)), *layers, keras.layers.Dense(horizon)])


def fit(model, x, y, epochs, lr, batch, rng):
    model.compile(optimizer=keras.optimizers.Adam(lr, epsilon=1e-7), loss="mean_squared_error")
    history = []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        rows = tf.gather(x, order), tf.gather(y, order)
        done = model.fit(*rows, batch_size=batch, shuffle=False, verbose=0)
        history += done.history["loss"]
    return history


def forecast(model, history, steps):
    values, lookback = history, len(history)
    while len(values) < lookback + steps:
        ahead = model(values[None, -lookback:, None])[0]  # (H,)
        values = tf.concat([values, ahead], axis=0)
    return values[lookback : lookback + steps]


def evaluate(series, share, lookback, horizon, units, epochs, lr, batch, rng):
    past, future = time_split(series, share)
    mean, std = fit_scaler(past)
    x, y = windows((past - mean) / std, lookback, horizon)
    new_x, new_y = windows((future - mean) / std, lookback, horizon)
    model = build(units, horizon)
    fit(model, x, y, epochs, lr, batch, rng)
    scaled = {
        "network": model(new_x),
        "persistence": persistence(new_x, horizon),
        "autoregression": autoregression(x, y, new_x),
    }
    forecasts = {name: value * std + mean for name, value in scaled.items()}
    right = new_y * std + mean
    errors = {name: float(tf.reduce_mean(abs(v - right))) for name, v in forecasts.items()}
    return forecasts, errors
