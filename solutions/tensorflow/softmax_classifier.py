"""A multiclass linear classifier from tensors and the tape, in TensorFlow."""

import tensorflow as tf


def init(n_in, k, rng):
    w = rng.normal(0.0, 0.01, (n_in, k))
    return {"w": tf.constant(w, tf.float32), "b": tf.zeros(k)}


def forward(params, x):
    return x @ params["w"] + params["b"]  # (n, k)


def cross_entropy(logits, y):
    chosen = tf.gather(logits, tf.cast(y, tf.int64), batch_dims=1)  # (n,)
    return tf.reduce_mean(tf.reduce_logsumexp(logits, axis=1) - chosen)


@tf.function(reduce_retracing=True)
def train_step(params, x, y, lr):
    with tf.GradientTape() as tape:
        tape.watch(params)
        loss = cross_entropy(forward(params, x), y)
    gradients = tape.gradient(loss, params)
    return {name: p - lr * gradients[name] for name, p in params.items()}, loss


def train(params, x, y, lr, epochs, batch, rng):
    lr = tf.constant(lr, x.dtype)
    history = []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        losses = []
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            params, loss = train_step(params, tf.gather(x, rows), tf.gather(y, rows), lr)
            losses.append(loss)
        history.append(float(tf.reduce_mean(losses)))
    return params, history


def evaluate(params, x, y):
    right = tf.argmax(forward(params, x), axis=1) == tf.cast(y, tf.int64)
    return float(tf.reduce_mean(tf.cast(right, tf.float64)))
