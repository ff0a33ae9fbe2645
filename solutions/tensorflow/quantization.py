"""Affine quantization to integers of few bits, in TensorFlow."""

import tensorflow as tf


def limits(bits):
    if not 2 <= bits <= 8:
        raise ValueError(f"bits is {bits}, but should be from 2 to 8")
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def along(value, axis, x):
    """`value` as it stands, or (C,) shaped to lie along an axis of x."""
    if axis is None:
        return value
    size = [1] * x.shape.rank
    size[axis] = -1
    return tf.reshape(value, size)


def choose(low, high, bits=8, symmetric=False):
    smallest, largest = limits(bits)
    if symmetric:
        scale = tf.maximum(tf.abs(low), tf.abs(high)) / largest
    else:
        low, high = tf.minimum(low, 0), tf.maximum(high, 0)
        scale = (high - low) / (largest - smallest)
    flat = scale == 0
    scale = tf.where(flat, tf.ones_like(scale), scale)
    zero = tf.round(smallest - low / scale)
    if symmetric:
        zero = tf.zeros_like(zero)
    return scale, tf.cast(tf.where(flat, tf.zeros_like(zero), zero), tf.int32)


def quantize(x, scale, zero, bits=8, axis=None):
    smallest, largest = limits(bits)
    scale, zero = along(scale, axis, x), along(tf.cast(zero, x.dtype), axis, x)
    return tf.cast(tf.clip_by_value(tf.round(x / scale) + zero, smallest, largest), tf.int8)


def dequantize(q, scale, zero, axis=None):
    scale, zero = along(scale, axis, q), along(zero, axis, q)
    # int8 cannot hold 127 - (-128).
    return tf.cast(tf.cast(q, tf.int32) - tf.cast(zero, tf.int32), scale.dtype) * scale


def quantize_weights(w, bits=8, per_channel=True):
    axis = 0 if per_channel else None
    low, high = tf.reduce_min(w, axis=axis), tf.reduce_max(w, axis=axis)
    scale, zero = choose(low, high, bits, symmetric=True)  # (out,) or ()
    return quantize(w, scale, zero, bits, axis=1 if per_channel else None), scale


def integer_dense(q, x_scale, x_zero, w, w_scale, bias):
    centred = tf.cast(q, tf.int32) - tf.cast(x_zero, tf.int32)  # (N, in)
    total = tf.cast(centred @ tf.cast(w, tf.int32), tf.float64)  # (N, out)
    # float64 holds every int32.
    product = total * tf.cast(x_scale, tf.float64) * tf.cast(w_scale, tf.float64)
    return tf.cast(product, bias.dtype) + bias


def quantize_network(layers, x, bits=8):
    network = []
    for w, b in layers:
        x_scale, x_zero = choose(tf.reduce_min(x), tf.reduce_max(x))
        q, scale = quantize_weights(w, bits)
        layer = {"q": q, "scale": scale, "bias": b, "x_scale": x_scale, "x_zero": x_zero}
        network.append(layer)
        x = tf.nn.relu(x @ w + b)
    return network


def logits(network, x):
    for i, layer in enumerate(network):
        x = tf.nn.relu(x) if i else x
        q = quantize(x, layer["x_scale"], layer["x_zero"])
        x = integer_dense(
            q, layer["x_scale"], layer["x_zero"], layer["q"], layer["scale"], layer["bias"]
        )
    return x


def size_bytes(network):
    return sum(int(tf.size(v)) * v.dtype.size for layer in network for v in layer.values())
