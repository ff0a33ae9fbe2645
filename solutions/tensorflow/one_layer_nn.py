"""One hidden layer with gradients by hand, in TensorFlow."""

import tensorflow as tf


def init(n_in, n_hidden, rng):
    w1 = rng.normal(0.0, n_in**-0.5, (n_in, n_hidden))
    w2 = rng.normal(0.0, n_hidden**-0.5, n_hidden)
    return {
        "w1": tf.constant(w1, tf.float32),
        "b1": tf.zeros(n_hidden),
        "w2": tf.constant(w2, tf.float32),
        "b2": tf.zeros(1),
    }


def forward(params, x):
    hidden = tf.tanh(x @ params["w1"] + params["b1"])  # (n, n_hidden)
    score = tf.linalg.matvec(hidden, params["w2"]) + params["b2"]  # (n,)
    return tf.sigmoid(score), (hidden, score)


@tf.function(reduce_retracing=True)
def step(params, x, y, lr):
    p, (hidden, score) = forward(params, x)
    y = tf.cast(y, p.dtype)
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=y, logits=score)  # (n,)
    d_score = (p - y) / tf.cast(tf.size(y), p.dtype)  # (n,)
    d_hidden = d_score[:, None] * params["w2"]  # (n, n_hidden)
    d_sum = d_hidden * (1 - hidden**2)  # before tanh
    gradients = {
        "w1": tf.matmul(x, d_sum, transpose_a=True),
        "b1": tf.reduce_sum(d_sum, axis=0),
        "w2": tf.linalg.matvec(hidden, d_score, transpose_a=True),
        "b2": tf.reduce_sum(d_score),
    }
    return {name: params[name] - lr * gradients[name] for name in params}, tf.reduce_mean(losses)


def fit(params, x, y, lr, epochs):
    lr = tf.constant(lr, x.dtype)
    history = []
    for _ in range(epochs):
        params, loss = step(params, x, y, lr)
        history.append(float(loss))
    return params, history
