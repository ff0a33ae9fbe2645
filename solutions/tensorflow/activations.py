"""Activation functions and their derivatives, in TensorFlow."""

import math

import tensorflow as tf

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def sigmoid(x):
    # exp of a negative number never overflows: 1 / (1 + e) where x > 0, else e / (1 + e).
    e = tf.exp(-tf.abs(x))
    return tf.where(x > 0, tf.ones_like(x), e) / (1 + e)


def sigmoid_grad(x):
    s = sigmoid(x)
    return s * (1 - s)


def tanh(x):
    return 2 * sigmoid(2 * x) - 1


def tanh_grad(x):
    return 1 - tf.square(tanh(x))


def relu(x):
    return tf.maximum(x, 0)


def relu_grad(x):
    return tf.cast(x > 0, x.dtype)


def leaky_relu(x, slope=0.01):
    return tf.where(x > 0, x, slope * x)


def leaky_relu_grad(x, slope=0.01):
    return tf.where(x > 0, tf.ones_like(x), slope)


def elu(x, alpha=1.0):
    return tf.where(x > 0, x, alpha * tf.math.expm1(tf.minimum(x, 0)))


def elu_grad(x, alpha=1.0):
    return tf.where(x > 0, tf.ones_like(x), alpha * tf.exp(tf.minimum(x, 0)))


def selu(x):
    return SELU_SCALE * elu(x, SELU_ALPHA)


def selu_grad(x):
    return SELU_SCALE * elu_grad(x, SELU_ALPHA)


def gelu(x, approximate=False):
    if approximate:
        return x / 2 * (1 + tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x / 2 * (1 + tf.math.erf(x / math.sqrt(2)))


def gelu_grad(x, approximate=False):
    if approximate:
        c = math.sqrt(2 / math.pi)
        inner = c * (x + 0.044715 * x**3)
        return (1 + tanh(inner)) / 2 + x / 2 * tanh_grad(inner) * c * (1 + 3 * 0.044715 * x**2)
    density = tf.exp(-tf.square(x) / 2) / math.sqrt(2 * math.pi)
    return (1 + tf.math.erf(x / math.sqrt(2))) / 2 + x * density


def softplus(x):
    return relu(x) + tf.math.log1p(tf.exp(-tf.abs(x)))


def softplus_grad(x):
    return sigmoid(x)


def saturation(x, name, tol=1e-3):
    derivatives = {
        "sigmoid": sigmoid_grad,
        "tanh": tanh_grad,
        "relu": relu_grad,
        "leaky_relu": leaky_relu_grad,
        "elu": elu_grad,
        "selu": selu_grad,
        "gelu": gelu_grad,
        "softplus": softplus_grad,
    }
    if name not in derivatives:
        raise ValueError(f"name is {name!r}, but should be one of {', '.join(derivatives)}")
    saturated = tf.abs(derivatives[name](x)) < tol
    return float(tf.reduce_mean(tf.cast(saturated, tf.float32)))
