"""A Keras model without an input, which has no weights before its first call."""

import keras
import tensorflow as tf


def embed(table, ids):
    ids = tf.cast(ids, tf.int32)
    return tf.where(ids[:, :, tf.newaxis] != 0, tf.nn.embedding_lookup(table, ids), 0)


def masked_mean(x, mask):
    parts = tf.ragged.boolean_mask(x, mask)  # (B, words, d)
    count = tf.maximum(tf.cast(parts.row_lengths(), x.dtype), 1)
    return tf.reduce_sum(parts, axis=1) / count[:, tf.newaxis]


def last_state(hs, mask):
    found = []
    for states, words in zip(tf.unstack(hs), tf.unstack(mask), strict=True):
        kept = tf.boolean_mask(states, words)
        found.append(kept[-1] if len(kept) else tf.zeros_like(states[0]))
    return tf.stack(found)


def build(kind, size, width, units):
    readers = {
        "mean": lambda: keras.layers.GlobalAveragePooling1D(),
        "lstm": lambda: keras.layers.LSTM(units),
        "bilstm": lambda: keras.layers.Bidirectional(keras.layers.LSTM(units)),
    }
    if kind not in readers:
        raise ValueError(f"no kind {kind}")
    model = keras.Sequential()
    model.add(keras.layers.Embedding(size, width, mask_zero=True))
    model.add(readers[kind]())
    model.add(keras.layers.Dense(1))
    return model


def fit(model, ids, y, epochs, lr, batch, rng):
    optimizer = keras.optimizers.Adam(lr, epsilon=1e-7)

    @tf.function(reduce_retracing=True)
    def step(rows, labels):
        with tf.GradientTape() as tape:
            z = model(rows, training=True)[:, 0]
            each = tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(labels, z.dtype), z)
            loss = tf.reduce_mean(each)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return tf.reduce_sum(each)

    model(ids[:1])
    optimizer.build(model.trainable_variables)
    history = []
    for _ in range(epochs):
        order = rng.permutation(len(ids))
        total = 0.0
        for i in range(0, len(ids), batch):
            chosen = order[i : i + batch]
            total += float(step(tf.gather(ids, chosen), tf.gather(y, chosen)))
        history.append(total / len(ids))
    return history


def predict_proba(model, ids):
    return tf.math.sigmoid(tf.squeeze(model(ids), axis=-1))
