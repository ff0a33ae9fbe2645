"""Weights from standard normals in NumPy, the rank from eigenvalues, gradients by the chain rule, in TensorFlow."""

import numpy as np
import tensorflow as tf


def fan_in_out(shape):
    sizes = [int(size) for size in shape]
    if len(sizes) == 2:
        sizes = [1, 1, *sizes]
    if len(sizes) != 4:
        raise ValueError(f"weights have 2 or 4 axes, not {len(shape)}")
    height, width, n_in, n_out = sizes
    return n_in * height * width, n_out * height * width


def scaled(values, shape, deviation):
    return tf.convert_to_tensor((np.reshape(values, tuple(shape)) * deviation).astype(np.float32))


def xavier_uniform(shape, rng, gain=1.0):
    # The deviation of a uniform draw on (-1, 1) is 1 / sqrt(3).
    deviation = gain * np.sqrt(2.0 / np.sum(fan_in_out(shape)))
    return scaled(2.0 * rng.random(int(np.prod(shape))) - 1.0, shape, np.sqrt(3.0) * deviation)


def xavier_normal(shape, rng, gain=1.0):
    draws = rng.standard_normal(int(np.prod(shape)))
    return scaled(draws, shape, gain * (2.0 / np.sum(fan_in_out(shape))) ** 0.5)


def he_normal(shape, rng):
    return scaled(
        rng.standard_normal(int(np.prod(shape))), shape, (2.0 / fan_in_out(shape)[0]) ** 0.5
    )


def initialize(model, rng):
    for layer in model.layers:
        held = layer.get_weights()
        if len(held) == 2:
            layer.set_weights([he_normal(held[0].shape, rng).numpy(), 0.0 * held[1]])


def symmetry_rank(w, tol=1e-3):
    w = tf.cast(w, tf.float64).numpy()
    # The eigenvalues of a symmetric matrix with w and its transpose off the diagonal are plus and minus w's
    # singular values; unlike those of w'w they are not squared, so that small ones are not lost.
    n, m = w.shape
    values = np.linalg.eigvalsh(np.block([[np.zeros((n, n)), w], [w.T, np.zeros((m, m))]]))
    return int(np.count_nonzero(values > max(tol * values.max(), 1e-300)))


def train(params, x, y, lr, epochs):
    params, n, history = dict(params), tf.cast(tf.shape(x)[0], tf.float32), []
    for _ in range(epochs):
        hidden = tf.tanh(tf.matmul(x, params["w1"]) + params["b1"])  # (N, H)
        log_p = tf.nn.log_softmax(tf.matmul(hidden, params["w2"]) + params["b2"])  # (N, K)
        target = tf.one_hot(y, log_p.shape[1])
        history.append(float(-tf.reduce_sum(target * log_p) / n))
        d_scores = (tf.exp(log_p) - target) / n
        d_sum = tf.matmul(d_scores, params["w2"], transpose_b=True) * (1.0 - hidden * hidden)
        slopes = {
            "b2": tf.reduce_sum(d_scores, 0),
            "w2": tf.matmul(hidden, d_scores, transpose_a=True),
            "b1": tf.reduce_sum(d_sum, 0),
            "w1": tf.matmul(x, d_sum, transpose_a=True),
        }
        for name, slope in slopes.items():
            params[name] = params[name] - lr * slope
    return params, history
