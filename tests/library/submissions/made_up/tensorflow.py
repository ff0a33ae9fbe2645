"""Right answers, in tensorflow."""

import tensorflow as tf


def scale(x, factor=2.0, shift=0.0):
    return factor * (x - tf.reduce_mean(x, axis=1, keepdims=True)) + shift


def pick(x, labels):
    return tf.gather(x, tf.cast(labels, tf.int32), axis=1, batch_dims=1)


def noise(x, rng):
    return x + tf.cast(rng.normal(size=x.shape), x.dtype)


def both(params, flag=True):
    return {name: 2 * value for name, value in params.items()}


def blend(a, b):
    return a + 0.05 * b


def size(x):
    return int(tf.size(x))


def parts(x, k):
    for i in range(k):
        yield x[:, i]


class Mean:
    def __init__(self, start=0.0):
        self.total = start

    def add(self, x):
        self.total = self.total + tf.reduce_sum(x)
        return self.total


def build(n_in, n_out):
    return tf.keras.Sequential([tf.keras.Input((n_in,)), tf.keras.layers.Dense(n_out)])


@tf.function(reduce_retracing=True)
def slopes(model, x, y):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True) - y))
    return loss, tape.gradient(loss, model.trainable_variables)


def step(model, x, y):
    loss, gradients = slopes(model, x, y)
    for w, g in zip(model.trainable_variables, gradients):
        w.assign(w - 0.1 * g)
    return float(loss)


def orders(n, epochs, rng):
    return [rng.permutation(n) for _ in range(epochs)]


def train(model, x, y, epochs, batch, rng):
    history = []
    for order in orders(len(x), epochs, rng):
        rows = [order[i : i + batch] for i in range(0, len(x), batch)]
        parts = [len(r) * step(model, tf.gather(x, r), tf.gather(y, r)) for r in rows]
        history.append(sum(parts) / len(x))
        model(x)
    return history


def told(x):
    return f"{x.dtype.name} {isinstance(x, tf.Variable)}"
