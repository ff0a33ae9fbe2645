"""Custom layers, in Keras."""

import keras
import tensorflow as tf

ACTIVATIONS = {"linear": lambda x: x, "relu": tf.nn.relu, "tanh": tf.tanh}


class Dense(keras.layers.Layer):
    def __init__(self, n_in, n_out, activation="linear", **kwargs):
        super().__init__(**kwargs)
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation should be linear, relu or tanh, not {activation}")
        self.n_in, self.n_out, self.activation = n_in, n_out, activation
        # With n_in known, the weights need not wait for build().
        size = (n_in, n_out)
        self.kernel = self.add_weight(name="kernel", shape=size, initializer="glorot_uniform")
        self.bias = self.add_weight(name="bias", shape=(n_out,), initializer="zeros")

    def call(self, x):
        product = tf.tensordot(x, self.kernel, axes=1)  # (..., n_out)
        return ACTIVATIONS[self.activation](product + self.bias)

    def get_config(self):
        own = {"n_in": self.n_in, "n_out": self.n_out, "activation": self.activation}
        return super().get_config() | own


class L2Normalize(keras.layers.Layer):
    def __init__(self, axis=-1, eps=1e-6, **kwargs):
        super().__init__(**kwargs)
        self.axis, self.eps = axis, eps

    def call(self, x):
        # The square is bounded before the root, whose slope at 0 is infinite.
        squares = tf.reduce_sum(tf.square(x), axis=self.axis, keepdims=True)
        return x * tf.math.rsqrt(tf.maximum(squares, self.eps**2))

    def get_config(self):
        return super().get_config() | {"axis": self.axis, "eps": self.eps}


class RBF(keras.layers.Layer):
    def __init__(self, n_in, n_out, gamma=1.0, **kwargs):
        super().__init__(**kwargs)
        self.n_in, self.n_out, self.gamma = n_in, n_out, gamma
        normal = keras.initializers.RandomNormal(stddev=1.0)
        self.centres = self.add_weight(name="centres", shape=(n_out, n_in), initializer=normal)

    def call(self, x):
        offsets = x[..., tf.newaxis, :] - self.centres  # (..., n_out, n_in)
        return tf.exp(-self.gamma * tf.reduce_sum(tf.square(offsets), axis=-1))

    def get_config(self):
        own = {"n_in": self.n_in, "n_out": self.n_out, "gamma": self.gamma}
        return super().get_config() | own


class Residual(keras.layers.Layer):
    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, x):
        out = self.inner(x)
        if out.shape != x.shape:
            raise ValueError(f"inner turned the shape {x.shape} into {out.shape}")
        return x + out


def build(n_in, hidden, k):
    return keras.Sequential(
        [
            L2Normalize(),
            Dense(n_in, hidden, "relu"),
            Residual(Dense(hidden, hidden, "tanh")),
            RBF(hidden, hidden),
            Dense(hidden, k),
        ]
    )
