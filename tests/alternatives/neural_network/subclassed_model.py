"""TensorFlow: a subclassed Keras model, a functional update under a tape, metrics added up by hand."""

import keras
import tensorflow as tf


class Network(keras.Model):
    def __init__(self, hidden, n_classes, dropout):
        super().__init__()
        self.hidden = [keras.layers.Dense(width) for width in hidden]
        self.head = keras.layers.Dense(n_classes)
        self.rate = dropout
        self.noise = keras.random.SeedGenerator()

    def call(self, x, training=False):
        for layer in self.hidden:
            x = tf.maximum(layer(x), 0.0)
            if training and self.rate:
                x = keras.random.dropout(x, self.rate, seed=self.noise)
        return self.head(x)


def build(n_in, hidden, n_classes, dropout=0.0):
    model = Network(hidden, n_classes, dropout)
    model(tf.zeros((1, n_in)))  # makes the weights
    return model


def train(model, x, y, epochs, lr, batch_size, shuffle=True):
    @tf.function(reduce_retracing=True)
    def step(batch_x, batch_y):
        with tf.GradientTape() as tape:
            logits = model(batch_x, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(batch_y, logits)
            loss = tf.reduce_mean(losses)
        variables = model.trainable_variables
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(lr * gradient)
        return tf.reduce_sum(losses), tf.math.count_nonzero(tf.argmax(logits, 1) == batch_y)

    y = tf.cast(y, tf.int64)
    history = {"loss": [], "accuracy": []}
    n = int(tf.shape(x)[0])
    for _ in range(epochs):
        rows = tf.random.shuffle(tf.range(n)) if shuffle else tf.range(n)
        sums = [0.0, 0]
        for i in range(0, n, batch_size):
            part = rows[i : i + batch_size]
            loss, right = step(tf.gather(x, part), tf.gather(y, part))
            sums = [sums[0] + float(loss), sums[1] + int(right)]
        history["loss"].append(sums[0] / n)
        history["accuracy"].append(sums[1] / n)
    return history


def predict(model, x):
    z = tf.cast(model(x), tf.float64)
    odds = tf.exp(z - tf.reduce_max(z, axis=-1, keepdims=True))
    return tf.cast(odds / tf.reduce_sum(odds, axis=-1, keepdims=True), tf.float32)


def count_parameters(model):
    return sum(variable.numpy().size for variable in model.trainable_variables)
