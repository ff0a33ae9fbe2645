"""Batch and layer normalisation, and an MLP with batch norm, in TensorFlow."""

from itertools import pairwise

import tensorflow as tf


def _other_axes(x):
    return list(range(x.shape.rank - 1))  # channels come last, so that (C,) broadcasts by itself


def batch_norm(x, gamma, beta, running, momentum=0.9, eps=1e-5, training=True):
    if training:
        count = tf.size(x) // x.shape[-1]
        if x.shape.num_elements() == x.shape[-1]:
            raise ValueError("batch norm cannot train on one value a channel")
        mean, variance = tf.nn.moments(x, axes=_other_axes(x))  # (C,)
        unbiased = variance * tf.cast(count, x.dtype) / tf.cast(count - 1, x.dtype)
        running = tuple(
            momentum * old + (1 - momentum) * tf.stop_gradient(new)
            for old, new in zip(running, (mean, unbiased), strict=True)
        )
    else:
        mean, variance = running
    return (x - mean) * (gamma * tf.math.rsqrt(variance + eps)) + beta, running


def batch_norm_backward(dy, x, gamma, eps=1e-5):
    axes = _other_axes(x)
    mean, variance = tf.nn.moments(x, axes=axes)
    inverse = tf.math.rsqrt(variance + eps)  # (C,)
    normalized = (x - mean) * inverse
    dgamma = tf.reduce_sum(dy * normalized, axis=axes)
    dbeta = tf.reduce_sum(dy, axis=axes)
    count = tf.cast(tf.size(x) // x.shape[-1], x.dtype)
    # Whatever moves a channel's mean or its spread is normalised away, so those parts of dy do not arrive.
    arriving = dy - dbeta / count - normalized * dgamma / count
    return gamma * inverse * arriving, dgamma, dbeta


def layer_norm(x, gamma, beta, eps=1e-5):
    mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)  # (..., 1)
    return (x - mean) * tf.math.rsqrt(variance + eps) * gamma + beta


def init_mlp(sizes, rng):
    params, state = [], []
    for fan_in, fan_out in pairwise(sizes):
        w = rng.normal(0.0, (2 / fan_in) ** 0.5, (fan_in, fan_out))
        params.append({"w": tf.constant(w, tf.float32)})
    for layer, width in zip(params[:-1], sizes[1:-1], strict=True):
        layer |= {"gamma": tf.ones(width), "beta": tf.zeros(width)}
        state.append((tf.zeros(width), tf.ones(width)))
    params[-1]["b"] = tf.zeros(sizes[-1])
    return params, state


ACTIVATIONS = {"relu": tf.nn.relu, "leaky_relu": lambda x: tf.nn.leaky_relu(x, alpha=0.01)}


def mlp_forward(params, state, x, activation="relu", training=False):
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation is {activation!r}, but should be relu or leaky_relu")
    *hidden, last = params
    after = []
    for layer, running in zip(hidden, state, strict=True):
        x, running = batch_norm(
            x @ layer["w"], layer["gamma"], layer["beta"], running, training=training
        )
        after.append(running)
        x = ACTIVATIONS[activation](x)  # (N, out)
    return x @ last["w"] + last["b"], after


@tf.function
def _step(params, state, x, y, lr, activation):
    with tf.GradientTape() as tape:
        tape.watch(params)
        logits, state = mlp_forward(params, state, x, activation, training=True)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=tf.cast(y, tf.int32), logits=logits
        )  # (N,)
        loss = tf.reduce_mean(losses)
    gradients = tape.gradient(loss, params)
    params = tf.nest.map_structure(lambda p, g: p - lr * g, params, gradients)
    return params, state, loss


def train_mlp(params, state, x, y, epochs, batch_size, lr, rng, activation="relu"):
    lr = tf.constant(lr, x.dtype)  # a tensor, so that another rate needs no new graph
    history = []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        losses = []
        for start in range(0, len(x), batch_size):
            rows = order[start : start + batch_size]
            if len(rows) == 1:
                continue
            batch, labels = tf.gather(x, rows), tf.gather(y, rows)
            params, state, loss = _step(params, state, batch, labels, lr, activation)
            losses.append(float(loss))
        history.append(sum(losses) / len(losses))
    return params, state, history
