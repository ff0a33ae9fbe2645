"""One product with matrices that say where each kernel entry of each pixel lands; in TensorFlow."""

import numpy as np
import tensorflow as tf


def both(value):
    return list(value) if isinstance(value, (tuple, list)) else [value] * 2


def out_size_t(size, kernel, stride=1, padding=0, output_padding=0):
    whole = (size - 1) * stride + kernel
    left = whole - 2 * padding + output_padding
    if stride <= output_padding or left <= 0:
        raise ValueError(f"{whole} places cannot become {left}")
    return left


def landing(size, kernel, stride, padding, length, dtype):
    """(length, size, kernel): 1 where entry u of pixel i lands on a place of the large image."""
    places = np.arange(size)[:, None] * stride + np.arange(kernel) - padding
    return tf.cast(np.arange(length)[:, None, None] == places, dtype)


def conv_transpose2d(x, w, b, stride=1, padding=0, output_padding=0):
    at = []
    for axis in (0, 1):
        size, taps = int(x.shape[1 + axis]), int(w.shape[axis])
        s, p, more = both(stride)[axis], both(padding)[axis], both(output_padding)[axis]
        at.append(landing(size, taps, s, p, out_size_t(size, taps, s, p, more), x.dtype))
    rows = tf.einsum("yhu,nhwc->nyuwc", at[0], x)
    seen = tf.einsum("xwv,nyuwc->nyuxvc", at[1], rows)
    return tf.einsum("nyuxvc,uvfc->nyxf", seen, w) + b


def upsample_nearest(x, factor):
    down, across = both(factor)
    n, h, w, c = x.shape
    wide = tf.broadcast_to(x[:, :, None, :, None], (n, h, down, w, across, c))
    return tf.reshape(wide, (n, h * down, w * across, c))


def bilinear_kernel(factor, channels):
    side = 2 * factor - factor % 2
    h = [1 - abs(u - (side - 1) / 2) / factor for u in range(side)]
    kernel = [
        [
            [[h[u] * h[v] * (f == c) for c in range(channels)] for f in range(channels)]
            for v in range(side)
        ]
        for u in range(side)
    ]
    return tf.constant(kernel, tf.float32)


def train(w, b, x, y, epochs, batch, lr, rng):
    w, b = tf.Variable(w), tf.Variable(b)
    history = []
    for _ in range(epochs):
        order, squares = rng.permutation(int(x.shape[0])), []
        for start in range(0, len(order), batch):
            rows = order[start : start + batch].tolist()
            with tf.GradientTape() as tape:
                output = conv_transpose2d(tf.gather(x, rows), w, b, 2, 1)
                each = tf.reduce_mean(tf.square(output - tf.gather(y, rows)), axis=(1, 2, 3))
                loss = tf.reduce_mean(each)
            for variable, slope in zip((w, b), tape.gradient(loss, (w, b)), strict=True):
                variable.assign_sub(lr * slope)
            squares.extend(each.numpy().tolist())
        history.append(float(np.mean(squares)))
    return tf.convert_to_tensor(w), tf.convert_to_tensor(b), history
