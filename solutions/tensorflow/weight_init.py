"""Xavier and He initialisation, and what equal weights do, in TensorFlow."""

import math

import keras
import tensorflow as tf


def fan_in_out(shape):
    if len(shape) not in (2, 4):
        raise ValueError("the weights of a dense layer have 2 axes and those of a convolution 4")
    *window, n_in, n_out = shape
    area = math.prod(window)  # 1 for a dense layer
    return n_in * area, n_out * area


def xavier_uniform(shape, rng, gain=1.0):
    limit = gain * math.sqrt(6 / sum(fan_in_out(shape)))
    return tf.constant(rng.uniform(-limit, limit, shape), tf.float32)


def xavier_normal(shape, rng, gain=1.0):
    return normal(shape, rng, gain * math.sqrt(2 / sum(fan_in_out(shape))))


def he_normal(shape, rng):
    fan_in, _ = fan_in_out(shape)
    return normal(shape, rng, math.sqrt(2 / fan_in))


def normal(shape, rng, deviation):
    return tf.constant(rng.normal(0.0, deviation, shape), tf.float32)


def initialize(model, rng):
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            layer.kernel.assign(he_normal(tuple(layer.kernel.shape), rng))
            layer.bias.assign(tf.zeros_like(layer.bias))


def symmetry_rank(w, tol=1e-3):
    values = tf.linalg.svd(w, compute_uv=False)  # in descending order
    return int(tf.math.count_nonzero(values > tol * values[0]))


def train(params, x, y, lr, epochs):
    params = {name: tf.Variable(w) for name, w in params.items()}

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            hidden = tf.tanh(x @ params["w1"] + params["b1"])  # (N, H)
            logits = hidden @ params["w2"] + params["b2"]  # (N, K)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
        for name, grad in tape.gradient(loss, params).items():
            params[name].assign_sub(lr * grad)
        return loss

    history = [float(step()) for _ in range(epochs)]
    return {name: tf.convert_to_tensor(w) for name, w in params.items()}, history
