"""Predict continuous values with a network, in Keras."""

import keras
import tensorflow as tf


def fit_scaler(x):
    std = tf.math.reduce_std(x, axis=0)  # (D,)
    # Of equal values the mean may be off by rounding, and the deviation then is not 0.
    constant = tf.reduce_all(x == x[0], axis=0)
    return tf.reduce_mean(x, axis=0), tf.where(constant, 1.0, std)


def build(n_in, hidden):
    return keras.Sequential(
        [
            keras.Input((n_in,)),
            *(keras.layers.Dense(width, activation="tanh") for width in hidden),
            keras.layers.Dense(1),
        ]
    )


def fit(model, x, y, epochs, lr, batch_size):
    adam = keras.optimizers.Adam(lr)  # its defaults are the stub's
    model.compile(optimizer=adam, loss="mean_squared_error")
    # Targets of the model's own shape, (N, 1), leave nothing to broadcasting.
    fitted = model.fit(
        x, y[:, tf.newaxis], batch_size=batch_size, epochs=epochs, shuffle=True, verbose=0
    )
    return fitted.history["loss"]


def predict(model, x):
    return model(x)[:, 0]  # (B,)


def score(prediction, y):
    errors = tf.square(y - prediction)
    spread = tf.square(y - tf.reduce_mean(y))
    share = tf.reduce_sum(errors) / tf.reduce_sum(spread)
    return {"mse": float(tf.reduce_mean(errors)), "r2": 1 - float(share)}


def regress(x, y, new_x, hidden, epochs, lr, batch_size):
    x_mean, x_std = fit_scaler(x)
    y_mean, y_std = fit_scaler(y[:, tf.newaxis])
    model = build(x.shape[1], hidden)
    fit(model, (x - x_mean) / x_std, (y - y_mean) / y_std, epochs, lr, batch_size)
    return predict(model, (new_x - x_mean) / x_std) * y_std + y_mean  # (M,)
