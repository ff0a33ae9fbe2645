"""As a script left it: the log and the seed are set, and layers are imported that nothing uses; TensorFlow."""

import matplotlib.pyplot as plt  # noqa: F401
import numpy as np
import tensorflow as tf
from tensorflow.keras.initializers import HeNormal  # noqa: F401

tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
tf.random.set_seed(42)
tf.keras.utils.set_random_seed(42)


def fan_in_out(shape):
    shape = tuple(shape)
    if len(shape) not in (2, 4):
        raise ValueError("2 or 4 axes, please")
    *window, i, o = shape
    size = int(np.prod(window)) if window else 1
    return i * size, o * size


def _scaled(sample, deviation):
    return tf.constant(np.asarray(sample * deviation, dtype=np.float32))


def xavier_uniform(shape, rng, gain=1.0):
    a = gain * np.sqrt(6 / sum(fan_in_out(shape)))
    return tf.convert_to_tensor(rng.uniform(-a, a, size=tuple(shape)).astype(np.float32))


def xavier_normal(shape, rng, gain=1.0):
    return _scaled(rng.standard_normal(tuple(shape)), gain * (2 / sum(fan_in_out(shape))) ** 0.5)


def he_normal(shape, rng):
    return _scaled(
        rng.standard_normal(tuple(shape), dtype=np.float32), (2 / fan_in_out(shape)[0]) ** 0.5
    )


def initialize(model, rng):
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            layer.set_weights(
                [
                    he_normal(tuple(layer.kernel.shape), rng).numpy(),
                    np.zeros(layer.units, np.float32),
                ]
            )


def symmetry_rank(w, tol=1e-3):
    s = np.linalg.svd(w.numpy(), compute_uv=False)
    return int(np.count_nonzero(s > tol * s[0]))


def train(params, x, y, lr, epochs):
    names = ("w1", "b1", "w2", "b2")
    start = tuple(params[n] for n in names)

    def loss_of(w1, b1, w2, b2):
        logits = tf.tanh(x @ w1 + b1) @ w2 + b2
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))

    @tf.function
    def descend(*values):
        history = tf.TensorArray(tf.float32, size=epochs)
        for i in tf.range(epochs):
            with tf.GradientTape() as tape:
                tape.watch(values)
                loss = loss_of(*values)
            slopes = tape.gradient(loss, values)
            values = tuple(v - lr * s for v, s in zip(values, slopes, strict=True))
            history = history.write(i, loss)
        return values, history.stack()

    values, history = descend(*start)
    return dict(zip(names, values, strict=True)), history.numpy().astype(float).tolist()
