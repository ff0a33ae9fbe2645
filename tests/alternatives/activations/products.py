"""Differences of relu, products of sigmoids, and constants that pass through float32."""

import math

import tensorflow as tf


def _constant(value, x):
    return tf.cast(value, x.dtype)


def sigmoid(x):
    return tf.where(
        x >= 0,
        1 / (1 + tf.exp(-tf.maximum(x, 0))),
        tf.exp(tf.minimum(x, 0)) / (1 + tf.exp(tf.minimum(x, 0))),
    )


def sigmoid_grad(x):
    return sigmoid(x) * sigmoid(-x)


def tanh(x):
    return sigmoid(2 * x) - sigmoid(-2 * x)


def tanh_grad(x):
    return _constant(4.0, x) * sigmoid_grad(2 * x)


def relu(x):
    return tf.where(x > 0, x, tf.zeros_like(x))


def relu_grad(x):
    return tf.where(tf.greater(x, 0), tf.ones_like(x), tf.zeros_like(x))


def leaky_relu(x, slope=0.01):
    return relu(x) - _constant(slope, x) * relu(-x)


def leaky_relu_grad(x, slope=0.01):
    slope = _constant(slope, x)
    return slope + (1 - slope) * relu_grad(x)


def elu(x, alpha=1.0):
    return relu(x) + _constant(alpha, x) * tf.math.expm1(-relu(-x))


def elu_grad(x, alpha=1.0):
    return relu_grad(x) + (1 - relu_grad(x)) * _constant(alpha, x) * tf.exp(-relu(-x))


def selu(x):
    scale, alpha = _constant(1.0507009873554805, x), 1.6732632423543772
    return scale * elu(x, alpha)


def selu_grad(x):
    return _constant(1.0507009873554805, x) * elu_grad(x, 1.6732632423543772)


def gelu(x, approximate=False):
    if approximate:
        u = _constant(math.sqrt(2 / math.pi), x) * (x + _constant(0.044715, x) * tf.pow(x, 3))
        return x * sigmoid(2 * u)
    return _constant(0.5, x) * x * (1 + tf.math.erf(x / _constant(math.sqrt(2), x)))


def gelu_grad(x, approximate=False):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = gelu(x, approximate)
    return tape.gradient(y, x)


def softplus(x):
    return tf.maximum(x, 0) - tf.math.log(sigmoid(tf.abs(x)))


def softplus_grad(x):
    return sigmoid(x)


NAMES = {"sigmoid": sigmoid_grad, "tanh": tanh_grad, "relu": relu_grad}
NAMES.update(
    leaky_relu=leaky_relu_grad, elu=elu_grad, selu=selu_grad, gelu=gelu_grad, softplus=softplus_grad
)


def saturation(x, name, tol=1e-3):
    try:
        gradient = NAMES[name](x)
    except KeyError as error:
        raise ValueError(f"{name} is unknown") from error
    return tf.reduce_mean(tf.where(tf.abs(gradient) < tol, 1.0, 0.0))
