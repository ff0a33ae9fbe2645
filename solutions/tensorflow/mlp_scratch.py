"""A multilayer perceptron from tensors and the tape, in TensorFlow."""

import math
from itertools import pairwise

import tensorflow as tf

ACTIVATIONS = {
    "sigmoid": tf.sigmoid,
    "relu": tf.nn.relu,
    "leaky_relu": lambda x: tf.where(x > 0, x, 0.01 * x),
}


def draw(fan_in, fan_out, rng, scheme):
    if scheme == "he":
        return rng.normal(0.0, math.sqrt(2 / fan_in), (fan_in, fan_out))
    if scheme == "xavier":
        bound = math.sqrt(6 / (fan_in + fan_out))
        return rng.uniform(-bound, bound, (fan_in, fan_out))
    raise ValueError(f"scheme is {scheme!r}, but should be 'he' or 'xavier'")


def init_params(sizes, rng, scheme="he"):
    return [
        (tf.constant(draw(fan_in, fan_out, rng, scheme), tf.float32), tf.zeros(fan_out))
        for fan_in, fan_out in pairwise(sizes)
    ]


def forward(params, x, activation="relu"):
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation is {activation!r}, but should be one of {list(ACTIVATIONS)}")
    *hidden, (w_out, b_out) = params
    for w, b in hidden:
        x = ACTIVATIONS[activation](x @ w + b)  # (n, width)
    return x @ w_out + b_out  # (n, k)


def loss_of(params, x, y, activation):
    logits = forward(params, x, activation)
    chosen = tf.gather(logits, tf.cast(y, tf.int64), batch_dims=1)  # (n,)
    return tf.reduce_mean(tf.reduce_logsumexp(logits, axis=1) - chosen)


@tf.function(reduce_retracing=True)
def train_step(params, x, y, lr, activation="relu"):
    with tf.GradientTape() as tape:
        tape.watch(params)
        loss = loss_of(params, x, y, activation)
    slopes = tape.gradient(loss, params)
    return tf.nest.map_structure(lambda p, slope: p - lr * slope, params, slopes), loss


def train(params, x, y, lr, epochs, batch, rng, activation="relu"):
    lr = tf.constant(lr, x.dtype)
    history = []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        losses = []
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            xs, ys = tf.gather(x, rows), tf.gather(y, rows)
            params, loss = train_step(params, xs, ys, lr, activation)
            losses.append(loss)
        history.append(float(tf.reduce_mean(losses)))
    return params, history
