"""A convolutional network as a function of its parameters, in TensorFlow. Images are (N, H, W, C)."""

import math

import tensorflow as tf


def init_params(size, filters, units, classes, rng):
    height, width, channels = size
    flat = (height // 4) * (width // 4) * filters[1]
    shapes = {
        "k1": (3, 3, channels, filters[0]),
        "k2": (3, 3, filters[0], filters[1]),
        "w3": (flat, units),
        "w4": (units, classes),
    }
    params = {}
    for name, shape in shapes.items():
        drawn = rng.normal(0, math.sqrt(2 / math.prod(shape[:-1])), shape)
        params[name] = tf.constant(drawn, tf.float32)
        params["b" + name[1]] = tf.zeros(shape[-1])
    return params


def block(x, kernel, bias):
    x = tf.nn.relu(tf.nn.conv2d(x, kernel, strides=1, padding="SAME") + bias)
    return tf.nn.max_pool2d(x, 2, strides=2, padding="VALID")


def network(params, x, kept):
    """kept: what the units are multiplied by, (N, U) or 1."""
    x = block(x, params["k1"], params["b1"])  # (N, H / 2, W / 2, F1)
    x = block(x, params["k2"], params["b2"])  # (N, H / 4, W / 4, F2)
    x = tf.reshape(x, (len(x), len(params["w3"])))  # (N, D)
    hidden = tf.nn.relu(x @ params["w3"] + params["b3"]) * kept  # (N, U)
    return hidden @ params["w4"] + params["b4"]


def mask(params, rows, rate, rng):
    kept = rng.random((rows, len(params["b3"]))) >= rate
    return tf.cast(kept, params["w4"].dtype) / (1 - rate)


def forward(params, x, rate=0.0, rng=None):
    return network(params, x, 1 if rng is None else mask(params, len(x), rate, rng))


@tf.function
def loss_and_gradients(params, x, y, kept):
    with tf.GradientTape() as tape:
        tape.watch(params)
        z = network(params, x, kept)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, z))
    return loss, tape.gradient(loss, params)


def train(params, x, y, epochs, batch, lr, rate, rng):
    params, y = dict(params), tf.cast(y, tf.int64)
    velocity = {name: tf.zeros_like(value) for name, value in params.items()}
    history = []
    for _ in range(epochs):
        order, total = rng.permutation(len(x)), 0.0
        for rows in (order[i : i + batch] for i in range(0, len(x), batch)):
            kept = mask(params, len(rows), rate, rng)
            loss, gradients = loss_and_gradients(
                params, tf.gather(x, rows), tf.gather(y, rows), kept
            )
            for name, g in gradients.items():
                velocity[name] = 0.9 * velocity[name] + g
                params[name] = params[name] - lr * velocity[name]
            total += float(loss) * len(rows)
        history.append(total / len(x))
    return params, history


def logits(params, x, batch):
    parts = [forward(params, x[i : i + batch]) for i in range(0, len(x), batch)]
    return tf.concat(parts or [tf.zeros((0, len(params["b4"])), x.dtype)], axis=0)


def predict(params, x, batch=256):
    return tf.argmax(logits(params, x, batch), axis=1)


def evaluate(params, x, y, batch=256):
    z, y = logits(params, x, batch), tf.cast(y, tf.int64)
    each = tf.nn.sparse_softmax_cross_entropy_with_logits(y, z)
    right = tf.cast(tf.argmax(z, axis=1) == y, tf.float64)
    return {"loss": float(tf.reduce_mean(each)), "accuracy": float(tf.reduce_mean(right))}
