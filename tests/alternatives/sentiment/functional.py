"""The functional interface with masks passed by hand, sums by einsum, a loop with a tape; in TensorFlow."""

import keras
import numpy as np
import tensorflow as tf


def embed(table, ids):
    seen = tf.not_equal(ids, tf.zeros_like(ids))
    chosen = tf.nn.embedding_lookup(table, tf.cast(ids, tf.int32))
    return tf.where(seen[:, :, None], chosen, tf.constant(0, table.dtype))


def masked_mean(x, mask):
    weights = tf.cast(mask, x.dtype)
    clean = tf.where(mask[:, :, None], x, tf.constant(0, x.dtype))
    total = tf.einsum("btd,bt->bd", clean, weights)
    return tf.math.divide_no_nan(total, tf.reduce_sum(weights, 1)[:, None])


def last_state(hs, mask):
    steps = tf.range(1, mask.shape[1] + 1) * tf.cast(mask, tf.int32)
    last = tf.reduce_max(steps, 1)
    chosen = tf.one_hot(last - 1, mask.shape[1], dtype=hs.dtype)  # zeros where there is no word
    return tf.einsum("bth,bt->bh", hs, chosen)


def build(kind, size, width, units):
    ids = keras.Input((None,), dtype="int32")
    seen = keras.ops.not_equal(ids, 0)
    x = keras.layers.Embedding(size, width)(ids)
    if kind == "mean":
        read = keras.layers.GlobalAveragePooling1D()(x, mask=seen)
    elif kind in ("lstm", "bilstm"):
        read = keras.layers.LSTM(units)(x, mask=seen)
        if kind == "bilstm":
            other = keras.layers.LSTM(units, go_backwards=True)(x, mask=seen)
            read = keras.layers.Concatenate()([read, other])
    else:
        raise ValueError(f"unknown: {kind}")
    return keras.Model(ids, keras.layers.Dense(1)(read))


def fit(model, ids, y, epochs, lr, batch, rng):
    adam = keras.optimizers.Adam(learning_rate=lr, epsilon=1e-7)

    @tf.function(reduce_retracing=True)
    def step(words, labels):
        with tf.GradientTape() as tape:
            z = model(words, training=True)[:, 0]
            each = tf.nn.sigmoid_cross_entropy_with_logits(labels, z)
            loss = tf.reduce_mean(each)
        weights = model.trainable_variables
        adam.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return tf.reduce_sum(each)

    history = []
    for _ in range(epochs):
        order, total = rng.permutation(ids.shape[0]), 0.0
        for rows in np.split(order, range(batch, len(order), batch)):
            words = tf.gather(ids, rows)
            # The batch's own padding is enough.
            words = words[:, : int(tf.reduce_max(tf.math.count_nonzero(words, axis=1)))]
            total += float(step(words, tf.gather(y, rows)))
        history.append(total / ids.shape[0])
    return history


def predict_proba(model, ids):
    return tf.reshape(tf.math.sigmoid(model(ids)), [-1])
