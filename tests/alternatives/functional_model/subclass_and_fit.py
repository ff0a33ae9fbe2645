"""A subclassed Keras model trained by fit, and measures from loops over classes and pairs in NumPy."""

import keras
import numpy as np
import tensorflow as tf


class Graph(keras.Model):
    def __init__(self, in_shape, k, widths):
        super().__init__()
        self.pixels = in_shape[0] * in_shape[1]
        he = keras.initializers.HeNormal()
        self.one = keras.layers.Dense(widths[0], kernel_initializer=he, name="relu")
        self.two = keras.layers.Dense(widths[0], name="tanh")
        self.three = keras.layers.Dense(
            widths[1], name="selu", kernel_initializer=keras.initializers.LecunNormal()
        )
        self.four = keras.layers.Dense(k, name="logits")

    def way(self, images):
        x = tf.reshape(tf.cast(images, tf.float32) / 255.0, (-1, self.pixels))
        relu = tf.nn.relu(self.one(x))
        tanh = tf.tanh(self.two(relu))
        skip = tf.add(tanh, relu)
        selu = tf.nn.selu(self.three(skip))
        return {"relu": relu, "tanh": tanh, "skip": skip, "selu": selu, "logits": self.four(selu)}

    def call(self, images):
        return self.way(images)["logits"]


def build(in_shape, k, widths=(128, 64)):
    return Graph(in_shape, k, widths)


def layer_names(model):
    return [model.one.name, model.two.name, model.three.name, model.four.name]


def activations(model, images):
    return model.way(images)


def train(model, images, labels, epochs, batch=64, lr=0.001):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(learning_rate=lr), loss, jit_compile=False)
    return model.fit(images, labels, batch_size=batch, epochs=epochs, verbose=0).history["loss"]


def predict_proba(model, images):
    z = tf.cast(model(images), tf.float64)
    e = tf.exp(z - tf.reduce_max(z, 1, keepdims=True))
    return tf.cast(e / tf.reduce_sum(e, 1, keepdims=True), tf.float32)


def evaluate_full(model, images, labels):
    p, y = predict_proba(model, images).numpy(), labels.numpy()
    guess = p.argmax(1)
    rows = []
    for c in range(p.shape[1]):
        hit = ((guess == c) & (y == c)).sum()
        precision = hit / (guess == c).sum() if (guess == c).any() else 0.0
        recall = hit / (y == c).sum()
        f1 = 2 * precision * recall / (precision + recall) if hit else 0.0
        above, below = p[y == c, c][:, None], p[y != c, c][None]
        rows.append((precision, recall, f1, np.mean((above > below) + 0.5 * (above == below))))
    precision, recall, f1, auc = (float(v) for v in np.mean(rows, axis=0))
    accuracy = float((guess == y).mean())
    return {"accuracy": accuracy, "precision": precision, "recall": recall, "f1": f1, "auc": auc}
