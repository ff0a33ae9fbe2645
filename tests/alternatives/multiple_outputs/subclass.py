"""A subclassed model, the losses from log_softmax and squared_difference, batches from a shuffled index, in Keras."""

import keras
import tensorflow as tf


class Heads(keras.Model):
    def __init__(self, n_in, hidden, n_classes):
        super().__init__()
        self.trunk = [keras.layers.Dense(width, "relu") for width in hidden]
        self.label, self.amount = keras.layers.Dense(n_classes), keras.layers.Dense(1)
        self(tf.zeros((1, n_in)))

    def call(self, x):
        for layer in self.trunk:
            x = layer(x)
        return self.label(x), self.amount(x)


def build(n_in, hidden, n_classes):
    return Heads(n_in, hidden, n_classes)


def forward(model, x):
    logits, amounts = model(x)
    return logits, tf.reshape(amounts, (-1,))


def joint_loss(outputs, targets, weights):
    logits, amounts = outputs
    labels, wanted = targets
    log_p = tf.nn.log_softmax(logits)
    chosen = tf.gather(log_p, tf.cast(labels, tf.int32), axis=1, batch_dims=1)
    parts = (
        -tf.reduce_mean(chosen),
        tf.reduce_mean(tf.math.squared_difference(amounts, wanted)),
    )
    return tf.add_n([weight * part for weight, part in zip(weights, parts, strict=True)]), parts


def train(model, x, targets, weights, epochs, lr, batch_size):
    optimizer = keras.optimizers.Adam(learning_rate=lr, epsilon=1e-7)
    variables, n = model.trainable_variables, len(x)
    optimizer.build(variables)

    @tf.function(reduce_retracing=True)
    def step(rows):
        with tf.GradientTape() as tape:
            outputs = forward(model, tf.gather(x, rows))
            total, parts = joint_loss(outputs, [tf.gather(t, rows) for t in targets], weights)
        optimizer.apply_gradients(zip(tape.gradient(total, variables), variables, strict=True))
        return total, *parts

    history = {name: [] for name in ("total", "label", "amount")}
    for _ in range(epochs):
        order, sums = tf.random.shuffle(tf.range(n)), [0.0, 0.0, 0.0]
        for start in range(0, n, batch_size):
            rows = order[start : start + batch_size]
            for i, loss in enumerate(step(rows)):
                sums[i] += float(loss) * len(rows)
        for name, value in zip(history, sums, strict=True):
            history[name].append(value / n)
    return history
