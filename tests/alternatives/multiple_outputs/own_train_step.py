"""A train_step of its own, behind settings for repeatable runs that a script left at its top; TensorFlow."""

import os
import random

import numpy as np
import tensorflow as tf
from tensorflow import keras

os.environ["TF_DETERMINISTIC_OPS"] = "1"
random.seed(0)
np.random.seed(0)  # noqa: NPY002
tf.random.set_seed(0)
keras.backend.clear_session()
AUTO = tf.data.AUTOTUNE


class MultiHead(keras.Model):
    """A custom train_step; model.fit does the rest."""

    def __init__(self, hidden, n_classes, **kwargs):
        super().__init__(**kwargs)
        self.trunk = [keras.layers.Dense(units, activation="relu") for units in hidden]
        self.label = keras.layers.Dense(n_classes)
        self.amount = keras.layers.Dense(1)
        self.sums = {k: keras.metrics.Mean(name=k) for k in ("total", "label", "amount")}

    def call(self, x, training=False):
        for dense in self.trunk:
            x = dense(x)
        return self.label(x), tf.squeeze(self.amount(x), -1)

    def configure(self, weights):
        self.loss_weights_ = weights

    @property
    def metrics(self):
        return list(self.sums.values())

    def train_step(self, data):
        x, targets = data
        with tf.GradientTape() as tape:
            total, (label, amount) = joint_loss(self(x, training=True), targets, self.loss_weights_)
        self.optimizer.apply_gradients(
            zip(
                tape.gradient(total, self.trainable_variables),
                self.trainable_variables,
                strict=True,
            )
        )
        for key, value in zip(("total", "label", "amount"), (total, label, amount), strict=True):
            self.sums[key].update_state(value, sample_weight=tf.shape(x)[0])
        return {key: metric.result() for key, metric in self.sums.items()}


def build(n_in, hidden, n_classes):
    model = MultiHead(tuple(hidden), n_classes)
    model(tf.zeros((1, n_in)))
    return model


def forward(model, x):
    return model(x)


def joint_loss(outputs, targets, weights):
    logits, amounts = outputs
    labels, wanted = targets
    log_p = tf.nn.log_softmax(logits)
    label = -tf.reduce_mean(tf.gather(log_p, tf.cast(labels, tf.int32), batch_dims=1))
    amount = tf.reduce_mean(tf.math.squared_difference(amounts, wanted))
    return weights[0] * label + weights[1] * amount, (label, amount)


def train(model, x, targets, weights, epochs, lr, batch_size):
    model.configure(weights)
    model.compile(optimizer=keras.optimizers.Adam(lr, epsilon=1e-7))
    data = tf.data.Dataset.from_tensor_slices((x, targets))
    data = data.shuffle(len(x), reshuffle_each_iteration=True).batch(batch_size).prefetch(AUTO)
    history = model.fit(data, epochs=epochs, verbose=0)
    return {k: [float(v) for v in history.history.get(k, [])] for k in ("total", "label", "amount")}


demo = build(2, (3,), 4)
demo.summary()
print([t.shape for t in forward(demo, tf.ones((3, 2)))])
