"""Scaled dot-product attention, masks, and several heads, in TensorFlow."""

import math

import tensorflow as tf


def attention(q, k, v, mask=None):
    scores = tf.matmul(q, k, transpose_b=True) / math.sqrt(q.shape[-1])  # (..., Tq, Tk)
    if mask is not None:
        # The lowest finite score, not -inf: a row that is hidden throughout would become NaN.
        scores = tf.where(mask, scores, scores.dtype.min)
    weights = tf.nn.softmax(scores)
    if mask is not None:
        weights = tf.where(mask, weights, 0)
    return weights @ v, weights


def causal_mask(size):
    positions = tf.range(size)
    return positions[:, None] >= positions


def padding_mask(lengths, size):
    return tf.sequence_mask(tf.cast(lengths, tf.int64), size)[:, None, None, :]  # (B, 1, 1, T)


def split_heads(x, heads):
    batch, positions, features = x.shape
    if features % heads:
        raise ValueError(f"{heads} heads do not divide {features} features")
    apart = tf.reshape(x, (batch, positions, heads, features // heads))
    return tf.transpose(apart, (0, 2, 1, 3))  # (B, H, T, d)


def merge_heads(x):
    batch, heads, positions, features = x.shape
    return tf.reshape(tf.transpose(x, (0, 2, 1, 3)), (batch, positions, heads * features))


def multi_head(x, params, heads, mask=None):
    q, k, v = (split_heads(x @ params[name], heads) for name in ("wq", "wk", "wv"))
    out, _ = attention(q, k, v, mask)  # (B, H, T, d)
    return merge_heads(out) @ params["wo"]
