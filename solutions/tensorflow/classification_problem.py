"""The full recipe of a classifier, in Keras."""

import keras
import numpy as np
import tensorflow as tf


def split(n, validation_share, rng):
    rows = tf.constant(rng.permutation(n), tf.int64)
    n_validation = round(validation_share * n)
    return rows[n_validation:], rows[:n_validation]


def fit_scaler(images):
    # A sum of 47 million bytes needs more digits than float32 has.
    pixels = tf.cast(images, tf.float64)
    return float(tf.reduce_mean(pixels)), float(tf.math.reduce_std(pixels))


def scale(images, mean, std):
    rows = tf.reshape(images, (images.shape[0], -1))  # (N, height * width)
    return (tf.cast(rows, tf.float32) - mean) / std


def build(n_in, hidden, n_classes):
    return keras.Sequential(
        [
            keras.Input((n_in,)),
            *(keras.layers.Dense(width, activation="relu") for width in hidden),
            keras.layers.Dense(n_classes),
        ]
    )


def evaluate(model, x, y):
    y, logits = tf.cast(y, tf.int64), model(x, training=False)  # (N,), (N, K)
    predictions = tf.argmax(logits, axis=1)  # (N,)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)  # (N,)
    right = tf.cast(predictions == y, tf.float64)
    n_classes = logits.shape[1]
    return {
        "loss": float(tf.reduce_mean(losses)),
        "accuracy": float(tf.reduce_mean(right)),
        "confusion": tf.math.confusion_matrix(y, predictions, n_classes, dtype=tf.int64),
    }


def train(model, x, y, validation_x, validation_y, epochs, lr, batch_size):
    model.compile(
        optimizer=keras.optimizers.Adam(lr),  # its defaults are the stub's
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    fitted = model.fit(
        x,
        y,
        validation_data=(validation_x, validation_y),
        batch_size=batch_size,
        epochs=epochs,
        shuffle=True,
        verbose=0,
    )
    return fitted.history


def run(
    images,
    labels,
    test_images,
    n_classes,
    seed,
    hidden=(256, 128),
    epochs=8,
    lr=0.001,
    batch_size=256,
    validation_share=0.1,
):
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    training, validation = split(images.shape[0], validation_share, rng)
    mean, std = fit_scaler(tf.gather(images, training))
    x = scale(images, mean, std)  # (N, height * width)
    model = build(x.shape[1], hidden, n_classes)
    held_out = tf.gather(x, validation), tf.gather(labels, validation)
    history = train(
        model,
        tf.gather(x, training),
        tf.gather(labels, training),
        *held_out,
        epochs,
        lr,
        batch_size,
    )
    logits = model(scale(test_images, mean, std), training=False)  # (M, K)
    return {
        "model": model,
        "training_rows": training,
        "validation_rows": validation,
        "mean": mean,
        "std": std,
        "history": history,
        "validation": evaluate(model, *held_out),
        "predictions": tf.argmax(logits, axis=1),
    }
