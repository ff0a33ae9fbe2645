"""A Keras model without an input, which has no weights before its first call."""

import math

import keras
import tensorflow as tf


def flatten_keep_batch(x):
    return keras.ops.reshape(x, (x.shape[0], math.prod(x.shape[1:])))


@tf.function
def dense_along(x, w, b, axis=-1):
    parts = tf.unstack(x, axis=axis)
    rows = tf.unstack(w)
    out = []
    for j in range(w.shape[1]):
        out.append(tf.add_n([p * r[j] for p, r in zip(parts, rows, strict=False)]) + b[j])
    return tf.stack(out, axis=axis)


def build(in_shape, out_shape, hidden):
    layers = [keras.layers.Flatten()]
    layers += [keras.layers.Dense(h, "relu") for h in hidden]
    layers += [keras.layers.Dense(math.prod(out_shape)), keras.layers.Reshape(tuple(out_shape))]
    return keras.Sequential(layers)


def train(model, x, y, epochs, lr, batch_size):
    optimizer = keras.optimizers.Adam(learning_rate=lr, beta_1=0.9, beta_2=0.999, epsilon=1e-7)
    n = len(x)
    losses = []
    for _ in range(epochs):
        order = tf.random.shuffle(tf.range(n))
        total = 0.0
        for i in range(0, n, batch_size):
            rows = order[i : i + batch_size]
            with tf.GradientTape() as tape:
                e = model(tf.gather(x, rows), training=True) - tf.gather(y, rows)
                loss = tf.reduce_mean(e * e)
            optimizer.apply_gradients(
                zip(
                    tape.gradient(loss, model.trainable_weights),
                    model.trainable_weights,
                    strict=False,
                )
            )
            total += loss.numpy().item() * len(rows)
        losses.append(total / n)
    return losses
