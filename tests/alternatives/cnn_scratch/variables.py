"""Variables, Keras operations and the optimizer of Keras; in TensorFlow."""

import keras
import numpy as np
import tensorflow as tf


def init_params(size, filters, units, classes, rng):
    h, w, c = size
    shapes = [
        (3, 3, c, filters[0]),
        (3, 3, *filters),
        (h // 4 * (w // 4) * filters[1], units),
        (units, classes),
    ]
    params = {}
    for i, (shape, letter) in enumerate(zip(shapes, "kkww", strict=True), 1):
        scale = np.sqrt(2 / np.prod(shape[:-1]))
        params[f"{letter}{i}"] = tf.convert_to_tensor(
            rng.standard_normal(shape) * scale, tf.float32
        )
        params[f"b{i}"] = tf.zeros((shape[-1],))
    return params


def forward(params, x, rate=0.0, rng=None):
    for i in "12":
        x = keras.ops.conv(x, params["k" + i], padding="same") + params["b" + i]
        x = keras.ops.max_pool(tf.maximum(x, 0), 2)
    x = tf.maximum(tf.reshape(x, (x.shape[0], -1)) @ params["w3"] + params["b3"], 0)
    if rng is not None:
        dropped = tf.constant(rng.random(tuple(x.shape)) < rate)
        x = tf.where(dropped, tf.zeros_like(x), x / (1 - rate))
    return x @ params["w4"] + params["b4"]


def each(params, x, y, *dropout):
    y = tf.one_hot(tf.cast(y, tf.int32), params["b4"].shape[0], dtype=x.dtype)
    return tf.nn.softmax_cross_entropy_with_logits(y, forward(params, x, *dropout))


def train(params, x, y, epochs, batch, lr, rate, rng):
    variables = {name: tf.Variable(value) for name, value in params.items()}
    speed = {name: tf.Variable(tf.zeros_like(value)) for name, value in params.items()}
    history = []
    for _ in range(epochs):
        found, order = [], rng.permutation(int(x.shape[0]))
        while len(order):
            rows, order = order[:batch].tolist(), order[batch:]
            with tf.GradientTape() as tape:
                losses = each(variables, tf.gather(x, rows), tf.gather(y, rows), rate, rng)
                loss = tf.reduce_mean(losses)
            for name, slope in tape.gradient(loss, variables).items():
                speed[name].assign(0.9 * speed[name] + slope)
                variables[name].assign_sub(lr * speed[name])
            found += losses.numpy().tolist()
        history.append(sum(found) / len(found))
    return {name: tf.convert_to_tensor(value) for name, value in variables.items()}, history


def predict(params, x, batch=256):
    found = np.zeros(int(x.shape[0]), np.int64)
    for start in range(0, len(found), batch):
        found[start : start + batch] = np.argmax(forward(params, x[start : start + batch]), -1)
    return tf.constant(found)


def evaluate(params, x, y, batch=256):
    loss = 0.0
    for start in range(0, int(x.shape[0]), batch):
        loss += float(
            tf.reduce_sum(each(params, x[start : start + batch], y[start : start + batch]))
        )
    right = predict(params, x, batch).numpy() == y.numpy()
    return {"loss": loss / len(right), "accuracy": float(right.mean())}
