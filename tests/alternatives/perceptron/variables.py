"""A class with variables, assigned in place, and plain numbers for the sums."""

import tensorflow as tf


class Perceptron:
    def __init__(self, inputs, dtype):
        self.w = tf.Variable(tf.zeros([inputs], dtype))
        self.b = tf.Variable(tf.zeros([], dtype))

    def __call__(self, x):
        return predict(x, self.w, self.b)

    def learn(self, row, label, lr):
        error = label - int(self(row[tf.newaxis])[0])
        if error:
            self.w.assign_add(lr * error * row)
            self.b.assign_add(tf.cast(lr * error, row.dtype))
        return abs(error)


def neuron(x, w, b, activation):
    return activation(tf.tensordot(x, w, axes=1) + b)


def predict(x, w, b):
    sums = tf.reduce_sum(x * w, axis=1) + b
    return tf.where(sums < 0, tf.zeros_like(sums, tf.int64), tf.ones_like(sums, tf.int64))


def perceptron_fit(x, y, epochs=100, lr=1.0):
    model, mistakes = Perceptron(x.shape[1], x.dtype), []
    labels = [int(label) for label in y]
    for _ in range(epochs):
        mistakes += [sum(model.learn(x[i], label, lr) for i, label in enumerate(labels))]
        if not mistakes[-1]:
            break
    return tf.convert_to_tensor(model.w), tf.convert_to_tensor(model.b), mistakes
