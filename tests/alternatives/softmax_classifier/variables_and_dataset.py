"""Parameters as variables, batches by tf.data from rows that rng has shuffled; TensorFlow."""

import numpy as np
import tensorflow as tf


def init(n_in, k, rng):
    w = tf.Variable(rng.normal(scale=0.01, size=(n_in, k)).astype("float32"))
    return {"w": w, "b": tf.Variable(tf.zeros((k,)))}


def forward(params, x):
    return tf.matmul(x, params["w"]) + params["b"]


def cross_entropy(logits, y):
    hot = tf.one_hot(y, tf.shape(logits)[1], dtype=logits.dtype)
    return tf.reduce_mean(-tf.einsum("nk,nk->n", hot, tf.nn.log_softmax(logits)))


def copied(params):
    return {name: tf.Variable(tf.convert_to_tensor(p)) for name, p in params.items()}


def descend(params, x, y, lr):
    with tf.GradientTape() as tape:
        loss = cross_entropy(forward(params, x), y)
    for name, slope in tape.gradient(loss, params).items():
        params[name].assign_sub(lr * slope)
    return loss


def train_step(params, x, y, lr):
    params = copied(params)
    return params, descend(params, x, y, lr)


def train(params, x, y, lr, epochs, batch, rng):
    params = copied(params)
    step = tf.function(lambda x, y: descend(params, x, y, lr), reduce_retracing=True)
    history = []
    for _ in range(epochs):
        order = np.argsort(rng.random(len(x)))
        rows = tf.data.Dataset.from_tensor_slices((tf.gather(x, order), tf.gather(y, order)))
        history.append(float(np.mean([step(*piece) for piece in rows.batch(batch)])))
    return params, history


def evaluate(params, x, y):
    guesses = tf.math.top_k(forward(params, x), 1).indices[:, 0]
    return np.mean(guesses.numpy() == y.numpy()).item()
