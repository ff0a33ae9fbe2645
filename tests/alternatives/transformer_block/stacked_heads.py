"""Heads as a stack of slices, moments from tf.nn, masks added as scores; in TensorFlow."""

import numpy as np
import tensorflow as tf


def positional_encoding(size, width):
    angle = np.arange(size)[:, None] * np.power(10000.0, -np.arange(0, width, 2) / width)
    both = np.stack([np.sin(angle), np.cos(angle)], -1).reshape(size, -1)
    return tf.convert_to_tensor(both[:, :width].astype(np.float32))


def layer_norm(x, scale, shift, eps=1e-5):
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + tf.cast(eps, x.dtype)) * scale + shift


def feed_forward(x, feed):
    inside = tf.nn.relu(tf.tensordot(x, feed["w1"], 1) + feed["b1"])
    return tf.tensordot(inside, feed["w2"], 1) + feed["b2"]


def attend(x, memory, weights, heads, mask=None):
    def parted(source, name):
        return tf.stack(tf.split(tf.tensordot(source, weights[name], 1), heads, -1), 1)

    q, k, v = parted(x, "wq"), parted(memory, "wk"), parted(memory, "wv")
    scores = tf.einsum("bhte,bhse->bhts", q, k) / tf.sqrt(tf.cast(q.shape[-1], x.dtype))
    seen = tf.ones_like(scores) if mask is None else tf.cast(mask, x.dtype) + tf.zeros_like(scores)
    scores = tf.where(seen > 0, scores, tf.fill(tf.shape(scores), x.dtype.min))
    scores = scores - tf.reduce_max(scores, -1, keepdims=True)
    shares = tf.exp(scores) * seen
    shares = tf.math.divide_no_nan(shares, tf.reduce_sum(shares, -1, keepdims=True))
    read = tf.concat(tf.unstack(tf.matmul(shares, v), axis=1), -1)
    return tf.tensordot(read, weights["wo"], 1)


class Block:
    def __init__(self, params, norm):
        if norm not in {"pre", "post"}:
            raise ValueError(norm)
        self.norms, self.pre = iter(params["norms"]), norm == "pre"

    def add(self, x, layer):
        scale, shift = next(self.norms)
        if self.pre:
            return x + layer(layer_norm(x, scale, shift))
        return layer_norm(x + layer(x), scale, shift)


def encoder_block(x, params, heads, padding=None, norm="pre"):
    block = Block(params, norm)
    mask = None if padding is None else padding[:, tf.newaxis, tf.newaxis]
    x = block.add(x, lambda y: attend(y, y, params["attention"], heads, mask))
    return block.add(x, lambda y: feed_forward(y, params["feed"]))


def decoder_block(x, memory, params, heads, padding=None, memory_padding=None, norm="pre"):
    block, steps = Block(params, norm), x.shape[1]
    mask = tf.linalg.band_part(tf.ones((1, 1, steps, steps)), -1, 0) > 0
    if padding is not None:
        mask = tf.logical_and(mask, padding[:, tf.newaxis, tf.newaxis])
    hidden = None if memory_padding is None else memory_padding[:, tf.newaxis, tf.newaxis]
    x = block.add(x, lambda y: attend(y, y, params["attention"], heads, mask))
    x = block.add(x, lambda y: attend(y, memory, params["cross"], heads, hidden))
    return block.add(x, lambda y: feed_forward(y, params["feed"]))


def init_params(width, inner, rng, decoder=False):
    def draw(rows, columns):
        edge = np.sqrt(6 / (rows + columns))
        return tf.cast(rng.uniform(-edge, edge, size=(rows, columns)), tf.float32)

    square = ["wq", "wk", "wv", "wo"]
    params = {"attention": {name: draw(width, width) for name in square}}
    if decoder:
        params["cross"] = {name: draw(width, width) for name in square}
    w1, w2 = draw(width, inner), draw(inner, width)
    params["feed"] = {"w1": w1, "b1": tf.zeros([inner]), "w2": w2, "b2": tf.zeros([width])}
    params["norms"] = [[tf.ones([width]), tf.zeros([width])] for _ in range(2 + bool(decoder))]
    return params
