"""Transposed convolution by summing what lands on each place, in TensorFlow. Images are (N, H, W, C)."""

import tensorflow as tf


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def out_size_t(size, kernel, stride=1, padding=0, output_padding=0):
    if output_padding >= stride:
        raise ValueError(f"output_padding {output_padding} is not less than stride {stride}")
    length = (size - 1) * stride + kernel - 2 * padding + output_padding
    if length < 1:
        raise ValueError(f"a padding of {padding} leaves a length of {length}")
    return length


def gathered(parts, kernel, stride, length):
    """Sum parts (size, kernel, ...) into (length, ...): entry (i, u) lands on place i stride + u."""
    places = stride * tf.range(parts.shape[0])[:, None] + tf.range(kernel)  # (size, kernel)
    return tf.math.unsorted_segment_sum(parts, places, length)


def conv_transpose2d(x, w, b, stride=1, padding=0, output_padding=0):
    (height, width), (kh, kw) = x.shape[1:3], w.shape[:2]
    (sv, sh), (pv, ph), (ov, oh) = pair(stride), pair(padding), pair(output_padding)
    rows, columns = out_size_t(height, kh, sv, pv, ov), out_size_t(width, kw, sh, ph, oh)
    parts = tf.einsum("nhwc,uvfc->huwvnf", x, w)
    parts = gathered(parts, kh, sv, rows + 2 * pv)  # (rows, W, KW, N, F)
    parts = gathered(tf.transpose(parts, (1, 2, 3, 0, 4)), kw, sh, columns + 2 * ph)
    whole = tf.transpose(parts, (1, 2, 0, 3))  # (N, rows, columns, F)
    return whole[:, pv : pv + rows, ph : ph + columns] + b


def upsample_nearest(x, factor):
    vertical, horizontal = pair(factor)
    return tf.repeat(tf.repeat(x, vertical, axis=1), horizontal, axis=2)


def bilinear_kernel(factor, channels):
    side = 2 * factor - factor % 2
    h = 1 - tf.abs(tf.range(side, dtype=tf.float32) - (side - 1) / 2) / factor  # (K,)
    return (h[:, None] * h)[:, :, None, None] * tf.eye(channels)


@tf.function
def loss_and_gradients(w, b, x, y):
    with tf.GradientTape() as tape:
        tape.watch([w, b])
        error = conv_transpose2d(x, w, b, stride=2, padding=1) - y
        loss = tf.reduce_mean(error**2)
    return loss, *tape.gradient(loss, [w, b])


def train(w, b, x, y, epochs, batch, lr, rng):
    history = []
    for _ in range(epochs):
        order, total = rng.permutation(len(x)), 0.0
        for rows in (order[i : i + batch] for i in range(0, len(x), batch)):
            loss, dw, db = loss_and_gradients(w, b, tf.gather(x, rows), tf.gather(y, rows))
            w, b = w - lr * dw, b - lr * db
            total += float(loss) * len(rows)
        history.append(total / len(x))
    return w, b, history
