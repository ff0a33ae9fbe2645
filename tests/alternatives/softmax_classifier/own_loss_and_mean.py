"""A loss derived from Keras's class of losses, batches by a generator, and Keras's running mean; TensorFlow."""

import keras
import tensorflow as tf


class Surprise(keras.losses.Loss):
    def __init__(self):
        super().__init__(reduction=None)

    def call(self, y_true, y_pred):
        hot = tf.one_hot(tf.cast(y_true, tf.int32), tf.shape(y_pred)[1], dtype=y_pred.dtype)
        return -tf.reduce_sum(hot * tf.nn.log_softmax(y_pred), axis=1)


def init(n_in, k, rng):
    w = rng.normal(loc=0.0, scale=0.01, size=(n_in, k)).astype("float32")
    return {"w": tf.constant(w), "b": tf.zeros([k])}


def forward(params, x):
    return tf.nn.bias_add(x @ params["w"], params["b"])


def cross_entropy(logits, y):
    return tf.reduce_mean(Surprise().call(y, logits))


def train_step(params, x, y, lr):
    with tf.GradientTape() as tape:
        tape.watch(params)
        loss = cross_entropy(forward(params, x), y)
    slopes = tape.gradient(loss, params)
    return {name: value - lr * slopes[name] for name, value in params.items()}, loss


def train(params, x, y, lr, epochs, batch, rng):
    def rows():
        order = rng.permutation(x.shape[0])
        yield from (order[start : start + batch] for start in range(0, len(order), batch))

    dataset = tf.data.Dataset.from_generator(rows, output_signature=tf.TensorSpec([None], tf.int64))
    history = []
    for _ in range(epochs):
        mean = keras.metrics.Mean(dtype=x.dtype)
        for picked in dataset:
            params, loss = train_step(params, tf.gather(x, picked), tf.gather(y, picked), lr)
            mean.update_state(loss)
        history.append(float(mean.result()))
    return params, history


def evaluate(params, x, y):
    hits = tf.equal(tf.argmax(forward(params, x), axis=1), tf.cast(y, tf.int64))
    return float(tf.reduce_mean(tf.cast(hits, tf.float64)))
