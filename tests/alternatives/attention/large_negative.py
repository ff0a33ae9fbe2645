"""Hidden scores lowered by the largest number, heads parted by einsum and merged without a transpose, in TensorFlow."""

import tensorflow as tf


def attention(q, k, v, mask=None):
    scores = tf.einsum("...id,...jd->...ij", q * tf.math.rsqrt(tf.cast(q.shape[-1], q.dtype)), k)
    visible = tf.ones_like(scores) if mask is None else tf.cast(mask, scores.dtype) + 0 * scores
    scores += (1 - visible) * scores.dtype.min
    weights = tf.exp(scores - tf.reduce_max(scores, axis=-1, keepdims=True)) * visible
    weights = tf.math.divide_no_nan(weights, tf.reduce_sum(weights, -1, keepdims=True))
    return tf.einsum("...ij,...je->...ie", weights, v), weights


def causal_mask(size):
    return tf.cast(tf.linalg.band_part(tf.ones((size, size)), -1, 0), tf.bool)


def padding_mask(lengths, size):
    counts = tf.tile(tf.range(1, size + 1)[tf.newaxis], (len(lengths), 1))
    return tf.reshape(
        counts <= tf.expand_dims(tf.cast(lengths, tf.int32), 1), (len(lengths), 1, 1, size)
    )


def split_heads(x, heads):
    if x.shape[2] // heads * heads != x.shape[2]:
        raise ValueError(heads)
    return tf.einsum("bthd->bhtd", tf.reshape(x, (*x.shape[:2], heads, -1)))


def merge_heads(x):
    return tf.concat(tf.unstack(x, axis=1), axis=2)


def multi_head(x, params, heads, mask=None):
    total = 0.0
    projected = [
        split_heads(tf.einsum("btd,de->bte", x, params[n]), heads) for n in ("wq", "wk", "wv")
    ]
    out, _ = attention(*projected, mask)
    width = out.shape[-1]
    for head in range(heads):  # merging and projecting is a sum over heads
        total += out[:, head] @ params["wo"][head * width : (head + 1) * width]
    return total
