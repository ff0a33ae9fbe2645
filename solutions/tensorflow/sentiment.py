"""Sentiment of reviews with embeddings and LSTMs, in Keras."""

import keras
import tensorflow as tf


def embed(table, ids):
    ids = tf.cast(ids, tf.int64)
    # The row of padding is chosen nowhere, so that it gets no gradient.
    return tf.where((ids > 0)[..., None], tf.gather(table, ids), tf.zeros((), table.dtype))


def masked_mean(x, mask):
    total = tf.reduce_sum(tf.where(mask[..., None], x, tf.zeros_like(x)), axis=1)
    count = tf.reduce_sum(tf.cast(mask, x.dtype), axis=1, keepdims=True)
    return total / tf.maximum(count, 1)


def last_state(hs, mask):
    last = tf.reduce_max(tf.where(mask, tf.range(mask.shape[1]), -1), axis=1)  # (B,)
    chosen = tf.gather(hs, tf.maximum(last, 0), batch_dims=1)
    return tf.where((last >= 0)[:, None], chosen, tf.zeros_like(chosen))


def build(kind, size, width, units):
    # mask_zero makes the layers that follow pass padding by.
    layers = [
        keras.Input((None,), dtype="int64"),
        keras.layers.Embedding(size, width, mask_zero=True),
    ]
    if kind == "mean":
        layers.append(keras.layers.GlobalAveragePooling1D())
    elif kind == "lstm":
        layers.append(keras.layers.LSTM(units))
    elif kind == "bilstm":
        layers.append(keras.layers.Bidirectional(keras.layers.LSTM(units)))
    else:
        raise ValueError(f"kind is {kind!r}, but should be 'mean', 'lstm' or 'bilstm'")
    return keras.Sequential([*layers, keras.layers.Dense(1)])


def fit(model, ids, y, epochs, lr, batch, rng):
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(lr, epsilon=1e-7), loss=loss)
    history = []
    for _ in range(epochs):
        order = rng.permutation(len(ids))
        rows = tf.gather(ids, order), tf.gather(y, order)[:, None]
        done = model.fit(*rows, batch_size=batch, shuffle=False, verbose=0)
        history += done.history["loss"]
    return history


def predict_proba(model, ids):
    return tf.sigmoid(model(ids)[:, 0])
