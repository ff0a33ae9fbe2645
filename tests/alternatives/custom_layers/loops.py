"""Keras layers that build late, loop over units, and take distances apart into squares and a product."""

import keras
import tensorflow as tf


class Dense(keras.Layer):
    def __init__(self, n_in, n_out, activation="linear", **kwargs):
        super().__init__(**kwargs)
        self.n_in, self.n_out = n_in, n_out
        if activation not in ("linear", "relu", "tanh"):
            raise ValueError(activation)
        self.activation = keras.activations.get(activation)
        self.word = activation

    def build(self, input_shape):
        limit = (6 / (input_shape[-1] + self.n_out)) ** 0.5
        start = keras.initializers.RandomUniform(-limit, limit)
        self.kernel = self.add_weight(
            shape=(input_shape[-1], self.n_out), initializer=start, name="kernel"
        )
        self.bias = self.add_weight(shape=(self.n_out,), initializer="zeros", name="bias")

    def call(self, x):
        columns = [
            tf.reduce_sum(x * self.kernel[:, j], -1) + self.bias[j] for j in range(self.n_out)
        ]
        return self.activation(tf.stack(columns, axis=-1))

    def get_config(self):
        config = super().get_config()
        config.update(n_in=self.n_in, n_out=self.n_out, activation=self.word)
        return config


class L2Normalize(keras.Layer):
    def __init__(self, axis=-1, eps=1e-6, **kwargs):
        super().__init__(**kwargs)
        self.axis, self.eps = axis, eps

    def call(self, x):
        squares = tf.reduce_sum(x * x, axis=self.axis, keepdims=True)
        large = squares > self.eps**2
        norm = tf.where(large, tf.sqrt(tf.where(large, squares, 1.0)), self.eps)
        return x / norm

    def get_config(self):
        return {**super().get_config(), "axis": self.axis, "eps": self.eps}


class RBF(keras.Layer):
    def __init__(self, n_in, n_out, gamma=1.0, **kwargs):
        super().__init__(**kwargs)
        self.n_in, self.n_out, self.gamma = n_in, n_out, gamma

    def build(self, _input_shape):
        self.centres = self.add_weight(
            shape=(self.n_out, self.n_in),
            initializer=lambda shape, dtype=None: tf.random.normal(shape),
            name="centres",
        )

    def call(self, x):
        centres = tf.unstack(tf.convert_to_tensor(self.centres))
        far = [tf.reduce_sum(tf.math.squared_difference(x, one), -1) for one in centres]
        return tf.exp(-self.gamma * tf.stack(far, -1))

    def get_config(self):
        return {
            **super().get_config(),
            "n_in": self.n_in,
            "n_out": self.n_out,
            "gamma": self.gamma,
        }


class Residual(keras.Layer):
    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.way = inner

    def call(self, x):
        added = self.way(x)
        if tuple(added.shape) != tuple(x.shape):
            raise ValueError("the shape has changed")
        return added + x


def build(n_in, hidden, k):
    model = keras.Sequential()
    model.add(L2Normalize())
    model.add(Dense(n_in, hidden, "relu"))
    model.add(Residual(Dense(hidden, hidden, "tanh")))
    model.add(RBF(hidden, hidden))
    model.add(Dense(hidden, k))
    return model
