"""Networks over more than two dimensions, in Keras."""

from math import prod

import keras
import tensorflow as tf


def flatten_keep_batch(x):
    return tf.reshape(x, (x.shape[0], -1))


def dense_along(x, w, b, axis=-1):
    # tensordot puts the new axis last, wherever the old one was.
    moved = tf.tensordot(x, w, axes=[[axis], [0]]) + b  # (..., m)
    return keras.ops.moveaxis(moved, -1, axis)


def build(in_shape, out_shape, hidden):
    return keras.Sequential(
        [
            keras.Input(in_shape),
            keras.layers.Flatten(),
            *(keras.layers.Dense(width, activation="relu") for width in hidden),
            keras.layers.Dense(prod(out_shape)),
            keras.layers.Reshape(out_shape),
        ]
    )


def train(model, x, y, epochs, lr, batch_size):
    adam = keras.optimizers.Adam(lr)  # its defaults are the stub's
    model.compile(optimizer=adam, loss="mean_squared_error")
    fitted = model.fit(x, y, batch_size=batch_size, epochs=epochs, shuffle=True, verbose=0)
    return fitted.history["loss"]
