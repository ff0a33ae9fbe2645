"""Convolution by matrices that select rows and columns, in TensorFlow: no gather, and no padded image."""

import tensorflow as tf


def two(value):
    return (value, value) if isinstance(value, int) else value


def out_size(size, kernel, stride=1, padding=0, dilation=1):
    room = size + 2 * padding - dilation * kernel + dilation - 1
    if room < 0:
        raise ValueError
    return 1 + room // stride


def selections(x, kernel, stride, padding, dilation):
    """Two tensors (places, taps, pixels) of zeros and ones: which pixel each entry of each window is."""
    both = []
    for axis in (0, 1):
        size, taps = x.shape[1 + axis], kernel[axis]
        s, p, d = two(stride)[axis], two(padding)[axis], two(dilation)[axis]
        places = tf.range(out_size(size, taps, s, p, d))
        pixels = places[:, tf.newaxis] * s + tf.range(taps) * d - p
        both.append(tf.one_hot(pixels, size, dtype=x.dtype))  # a pixel of the padding selects none
    return both


def conv2d(x, w, b, stride=1, padding=0, dilation=1):
    rows, cols = selections(x, w.shape[:2], stride, padding, dilation)
    return tf.einsum("yuh,xvw,nhwc,uvcf->nyxf", rows, cols, x, w) + tf.reshape(b, (1, 1, 1, -1))


def conv2d_backward(dout, x, w, stride=1, padding=0, dilation=1):
    rows, cols = selections(x, w.shape[:2], stride, padding, dilation)
    dx = tf.einsum("yuh,xvw,nyxf,uvcf->nhwc", rows, cols, dout, w)
    dw = tf.einsum("yuh,xvw,nhwc,nyxf->uvcf", rows, cols, x, dout)
    return dx, dw, tf.einsum("nyxf->f", dout)


def patches(x, size, stride):
    rows, cols = selections(x, two(size), size if stride is None else stride, 0, 1)
    seen = tf.einsum("yuh,xvw,nhwc->nyxcuv", rows, cols, x)
    return tf.reshape(seen, (*seen.shape[:4], -1)), rows, cols


def max_pool2d(x, size, stride=None):
    return tf.math.top_k(patches(x, size, stride)[0], 1).values[..., 0]


def avg_pool2d(x, size, stride=None):
    return tf.reduce_mean(patches(x, size, stride)[0], -1)


def max_pool2d_backward(dout, x, size, stride=None):
    seen, rows, cols = patches(x, size, stride)
    winner = tf.math.top_k(seen, 1).indices[..., 0]  # of equal ones, the lower index comes first
    paid = tf.one_hot(winner, seen.shape[-1], dtype=dout.dtype) * dout[..., tf.newaxis]
    paid = tf.reshape(paid, (*paid.shape[:4], *two(size)))
    return tf.einsum("yuh,xvw,nyxcuv->nhwc", rows, cols, paid)
