"""Convolution and pooling by gathering windows, in TensorFlow. Images are (N, H, W, C)."""

import tensorflow as tf


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def out_size(size, kernel, stride=1, padding=0, dilation=1):
    span = dilation * (kernel - 1) + 1
    room = size + 2 * padding - span
    if room < 0:
        raise ValueError(f"a kernel of {kernel} does not fit into {size}")
    return room // stride + 1


def places(size, kernel, stride, padding, dilation):
    """For each axis, the index into the padded image of each entry of each window: (places, kernel)."""
    return [
        s * tf.range(out_size(n, k, s, p, d))[:, None] + d * tf.range(k)
        for n, k, s, p, d in zip(
            size, kernel, pair(stride), pair(padding), pair(dilation), strict=True
        )
    ]


def gather(x, rows, cols):
    """The windows of x: (N, OH, KH, OW, KW, C)."""
    return tf.gather(tf.gather(x, rows, axis=1), cols, axis=3)


def scatter(windows, rows, cols, height, width):
    """The adjoint of gather: each entry is added to where it came from. One axis at a time."""
    by_row = tf.transpose(windows, (1, 2, 0, 3, 4, 5))  # (OH, KH, N, OW, KW, C)
    by_row = tf.math.unsorted_segment_sum(by_row, rows, height)  # (H, N, OW, KW, C)
    by_col = tf.transpose(by_row, (2, 3, 1, 0, 4))  # (OW, KW, N, H, C)
    by_col = tf.math.unsorted_segment_sum(by_col, cols, width)  # (W, N, H, C)
    return tf.transpose(by_col, (1, 2, 0, 3))


def pad(x, padding):
    vertical, horizontal = pair(padding)
    return tf.pad(x, ((0, 0), (vertical, vertical), (horizontal, horizontal), (0, 0)))


def conv2d(x, w, b, stride=1, padding=0, dilation=1):
    rows, cols = places(x.shape[1:3], w.shape[:2], stride, padding, dilation)
    windows = gather(pad(x, padding), rows, cols)
    return tf.einsum("nyuxvc,uvcf->nyxf", windows, w) + b


def conv2d_backward(dout, x, w, stride=1, padding=0, dilation=1):
    rows, cols = places(x.shape[1:3], w.shape[:2], stride, padding, dilation)
    padded = pad(x, padding)
    dw = tf.einsum("nyxf,nyuxvc->uvcf", dout, gather(padded, rows, cols))
    dwindows = tf.einsum("nyxf,uvcf->nyuxvc", dout, w)
    dpadded = scatter(dwindows, rows, cols, *padded.shape[1:3])
    (top, left), (height, width) = pair(padding), x.shape[1:3]
    dx = dpadded[:, top : top + height, left : left + width]
    return dx, dw, tf.reduce_sum(dout, axis=(0, 1, 2))


def max_pool2d(x, size, stride=None):
    rows, cols = places(x.shape[1:3], pair(size), stride or size, 0, 1)
    return tf.reduce_max(gather(x, rows, cols), axis=(2, 4))


def max_pool2d_backward(dout, x, size, stride=None):
    rows, cols = places(x.shape[1:3], pair(size), stride or size, 0, 1)
    windows = tf.transpose(gather(x, rows, cols), (0, 1, 3, 2, 4, 5))  # (N, OH, OW, KH, KW, C)
    n, oh, ow, kh, kw, c = windows.shape
    windows = tf.reshape(windows, (n, oh, ow, kh * kw, c))
    top = windows == tf.reduce_max(windows, axis=3, keepdims=True)
    first = top & (tf.cumsum(tf.cast(top, tf.int32), axis=3) == 1)
    dwindows = tf.where(first, dout[:, :, :, None], 0)
    dwindows = tf.transpose(tf.reshape(dwindows, (n, oh, ow, kh, kw, c)), (0, 1, 3, 2, 4, 5))
    return scatter(dwindows, rows, cols, *x.shape[1:3])


def avg_pool2d(x, size, stride=None):
    rows, cols = places(x.shape[1:3], pair(size), stride or size, 0, 1)
    return tf.reduce_mean(gather(x, rows, cols), axis=(2, 4))
