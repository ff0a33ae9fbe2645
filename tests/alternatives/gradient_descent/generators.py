"""Batches from a generator over a list of draws, rows by boolean choice, steps with map_structure, in TensorFlow."""

import numpy as np
import tensorflow as tf


def minibatches(n, batch, rng, drop_last=False):
    if not (n >= 1 and batch >= 1):
        raise ValueError("n and batch count from 1")
    # Sorting random numbers puts the rows into a random order.
    order = np.argsort(rng.random(n), kind="stable").astype(np.int64)

    def slices():
        for k in range(n // batch):
            yield tf.convert_to_tensor(order[k * batch : (k + 1) * batch])
        if n % batch and not drop_last:
            yield tf.convert_to_tensor(order[n - n % batch :])

    return slices()


def sgd_step(params, grads, lr):
    # tf.cast rounds a Python float to float32 first.
    steps = (tf.cast(lr, grads[k].dtype) * grads[k] for k in params)
    return dict(zip(params, map(tf.subtract, params.values(), steps), strict=True))


def fit(loss_fn, params, x, y, batch, lr, epochs, rng):
    weights = {name: tf.Variable(value) for name, value in params.items()}
    history = []

    def values():
        return {name: tf.convert_to_tensor(w) for name, w in weights.items()}

    for _ in range(epochs):
        for rows in minibatches(x.shape[0], batch, rng):
            current = values()
            with tf.GradientTape() as tape:
                for w in current.values():
                    tape.watch(w)
                loss = loss_fn(current, tf.gather(x, rows, axis=0), tf.gather(y, rows, axis=0))
            grads = tape.gradient(loss, current, unconnected_gradients="zero")
            for name, w in weights.items():
                w.assign_sub(tf.cast(lr, w.dtype) * grads[name])
        history.append(loss_fn(values(), x, y).numpy().item())
    return values(), history
