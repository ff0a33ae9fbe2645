"""Full-batch, stochastic and mini-batch gradient descent, in TensorFlow."""

import tensorflow as tf


def minibatches(n, batch, rng, drop_last=False):
    if n < 1 or batch < 1:
        raise ValueError(f"n and batch must be at least 1, not {n} and {batch}")
    order = tf.constant(rng.permutation(n))  # (n,)
    stop = n - n % batch if drop_last else n
    return [order[start : min(start + batch, stop)] for start in range(0, stop, batch)]


def sgd_step(params, grads, lr):
    return {name: w - lr * grads[name] for name, w in params.items()}


def fit(loss_fn, params, x, y, batch, lr, epochs, rng):
    params = dict(params)
    history = []
    for _ in range(epochs):
        for rows in minibatches(len(x), batch, rng):
            with tf.GradientTape() as tape:
                tape.watch(params)
                loss = loss_fn(params, tf.gather(x, rows), tf.gather(y, rows))
            params = sgd_step(params, tape.gradient(loss, params), lr)
        history.append(float(loss_fn(params, x, y)))
    return params, history
