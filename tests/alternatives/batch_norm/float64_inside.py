"""Channels as rows of a matrix, arithmetic in float64, gradients by hand-kept variables, in TensorFlow."""

import numpy as np
import tensorflow as tf


def _rows(x):
    """x as a float64 matrix (C, n)."""
    return tf.transpose(tf.reshape(tf.cast(x, tf.float64), [-1, x.shape[-1]]))


def _back(rows, x):
    return tf.cast(tf.reshape(tf.transpose(rows), x.shape), x.dtype)


def batch_norm(x, gamma, beta, running, momentum=0.9, eps=1e-5, training=True):
    rows = _rows(x)
    gamma, beta = (tf.cast(v, tf.float64)[:, None] for v in (gamma, beta))
    if not training:
        mean, variance = (tf.cast(v, tf.float64)[:, None] for v in running)
        return _back(beta + gamma * (rows - mean) / (variance + eps) ** 0.5, x), running
    n = rows.shape[1]
    if n < 2:
        raise ValueError("too few values")
    mean = tf.reduce_sum(rows, 1, keepdims=True) / n
    deviations = rows - mean
    squares = tf.reduce_sum(deviations**2, 1, keepdims=True)
    y = beta + gamma * deviations / (squares / n + eps) ** 0.5
    news = [tf.stop_gradient(v)[:, 0] for v in (mean, squares / (n - 1))]
    kept = []
    for old, new in zip(running, news, strict=True):
        mixed = tf.cast(old, tf.float64)
        kept.append(tf.cast(mixed + (1 - momentum) * (new - mixed), x.dtype))
    return _back(y, x), (kept[0], kept[1])


def batch_norm_backward(dy, x, gamma, eps=1e-5):
    rows, d = _rows(x), _rows(dy)
    n = rows.shape[1]
    mean = tf.reduce_mean(rows, 1, keepdims=True)
    variance = tf.reduce_mean((rows - mean) ** 2, 1, keepdims=True)
    # Through y = gamma * centred * inverse, step by step, as the paper does.
    centred, inverse = rows - mean, (variance + eps) ** -0.5
    dz = d * tf.cast(gamma, tf.float64)[:, None]
    dvariance = tf.reduce_sum(dz * centred, 1, keepdims=True) * -0.5 * inverse**3
    dmean = -tf.reduce_sum(dz * inverse, 1, keepdims=True)
    dx = dz * inverse + dvariance * 2 * centred / n + dmean / n
    dgamma = tf.reduce_sum(d * centred * inverse, 1)
    return _back(dx, x), tf.cast(dgamma, x.dtype), tf.cast(tf.reduce_sum(d, 1), x.dtype)


def layer_norm(x, gamma, beta, eps=1e-5):
    wide = tf.cast(x, tf.float64)
    centred = wide - tf.reduce_mean(wide, -1, keepdims=True)
    normal = centred / tf.sqrt(tf.reduce_mean(centred * centred, -1, keepdims=True) + eps)
    return tf.cast(normal * tf.cast(gamma, tf.float64) + tf.cast(beta, tf.float64), x.dtype)


def init_mlp(sizes, rng):
    def one(i):
        w = np.sqrt(2 / sizes[i]) * rng.standard_normal((sizes[i], sizes[i + 1]))
        layer = {"w": tf.convert_to_tensor(w.astype("float32"))}
        if i == len(sizes) - 2:
            return {**layer, "b": tf.zeros([sizes[-1]])}
        return {"gamma": tf.ones([sizes[i + 1]]), "beta": tf.zeros([sizes[i + 1]]), **layer}

    layers = [one(i) for i in range(len(sizes) - 1)]
    return layers, [(tf.zeros([n]), tf.ones([n])) for n in sizes[1:-1]]


def mlp_forward(params, state, x, activation="relu", training=False):
    slope = {"relu": 0.0, "leaky_relu": 0.01}.get(activation)
    if slope is None:
        raise ValueError(activation)
    after = list(state)
    for i in range(len(params) - 1):
        layer = params[i]
        x = tf.linalg.matmul(x, layer["w"])
        x, after[i] = batch_norm(x, layer["gamma"], layer["beta"], state[i], training=training)
        x = tf.maximum(x, slope * x)
    return tf.linalg.matmul(x, params[-1]["w"]) + params[-1]["b"], after


def train_mlp(params, state, x, y, epochs, batch_size, lr, rng, activation="relu"):
    params = [{key: tf.Variable(value) for key, value in layer.items()} for layer in params]
    variables = [value for layer in params for value in layer.values()]
    hot = tf.one_hot(y, params[-1]["b"].shape[0], dtype=x.dtype)

    @tf.function
    def step(x, hot, state):
        with tf.GradientTape() as tape:
            logits, state = mlp_forward(params, state, x, activation, training=True)
            loss = -tf.reduce_mean(tf.reduce_sum(hot * tf.nn.log_softmax(logits), -1))
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(lr * gradient)
        return loss, state

    n, history = len(x), []
    for _ in range(epochs):
        order = np.arange(n)
        rng.shuffle(order)
        chunks = [order[i : i + batch_size] for i in range(0, n, batch_size)]
        total = []
        for chunk in chunks:
            if len(chunk) > 1:
                loss, state = step(tf.gather(x, chunk), tf.gather(hot, chunk), state)
                total.append(float(loss))
        history.append(float(np.mean(total)))
    frozen = [{key: tf.identity(value) for key, value in layer.items()} for layer in params]
    return frozen, state, history
