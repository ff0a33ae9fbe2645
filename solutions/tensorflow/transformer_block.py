"""The blocks of a transformer, in TensorFlow."""

import tensorflow as tf


def positional_encoding(size, width):
    position = tf.range(size, dtype=tf.float64)[:, None]  # (size, 1)
    column = tf.range(width, dtype=tf.float64)  # (width,)
    angle = position / 10000 ** (column // 2 * 2 / width)
    return tf.cast(tf.where(column % 2 == 0, tf.sin(angle), tf.cos(angle)), tf.float32)


def layer_norm(x, scale, shift, eps=1e-5):
    centred = x - tf.reduce_mean(x, axis=-1, keepdims=True)
    variance = tf.reduce_mean(tf.square(centred), axis=-1, keepdims=True)
    return centred / tf.sqrt(variance + eps) * scale + shift


def feed_forward(x, feed):
    return tf.maximum(x @ feed["w1"] + feed["b1"], 0) @ feed["w2"] + feed["b2"]


def split(x, heads):
    batch, steps, width = x.shape
    return tf.transpose(tf.reshape(x, (batch, steps, heads, width // heads)), (0, 2, 1, 3))


def attend(x, memory, weights, heads, mask=None):
    q = split(x @ weights["wq"], heads)
    k, v = (split(memory @ weights[name], heads) for name in ("wk", "wv"))
    scores = tf.matmul(q, k, transpose_b=True) / q.shape[-1] ** 0.5  # (B, H, T, S)
    if mask is None:
        shares = tf.nn.softmax(scores, axis=-1)
    else:
        shares = tf.nn.softmax(tf.where(mask, scores, scores.dtype.min), axis=-1)
        shares = tf.where(mask, shares, tf.zeros_like(shares))  # also where a query sees nothing
    return tf.reshape(tf.transpose(shares @ v, (0, 2, 1, 3)), x.shape) @ weights["wo"]


def keys_of(padding):
    """A padding mask (B, S) as a mask of attention, (B, 1, 1, S)."""
    return None if padding is None else padding[:, None, None, :]


def apply(x, layers, norms, norm):
    """Each sub-layer with its residual and its normalization, one after the other."""
    if norm not in ("pre", "post"):
        raise ValueError(f"norm is {norm!r}, but should be 'pre' or 'post'")
    for layer, pair in zip(layers, norms, strict=True):
        x = x + layer(layer_norm(x, *pair)) if norm == "pre" else layer_norm(x + layer(x), *pair)
    return x


def encoder_block(x, params, heads, padding=None, norm="pre"):
    layers = [
        lambda y: attend(y, y, params["attention"], heads, keys_of(padding)),
        lambda y: feed_forward(y, params["feed"]),
    ]
    return apply(x, layers, params["norms"], norm)


def decoder_block(x, memory, params, heads, padding=None, memory_padding=None, norm="pre"):
    steps = tf.range(x.shape[1])
    seen = steps[:, None] >= steps  # (T, T)
    seen = seen if padding is None else seen & keys_of(padding)
    layers = [
        lambda y: attend(y, y, params["attention"], heads, seen),
        lambda y: attend(y, memory, params["cross"], heads, keys_of(memory_padding)),
        lambda y: feed_forward(y, params["feed"]),
    ]
    return apply(x, layers, params["norms"], norm)


def init_params(width, inner, rng, decoder=False):
    def matrix(m, n):
        bound = (6 / (m + n)) ** 0.5
        return tf.constant(rng.uniform(-bound, bound, (m, n)), tf.float32)

    def attention():
        return {name: matrix(width, width) for name in ("wq", "wk", "wv", "wo")}

    norms = [(tf.ones(width), tf.zeros(width)) for _ in range(3 if decoder else 2)]
    feed = {"w1": matrix(width, inner), "b1": tf.zeros(inner)}
    feed |= {"w2": matrix(inner, width), "b2": tf.zeros(width)}
    params = {"attention": attention(), "norms": norms, "feed": feed}
    return {**params, "cross": attention()} if decoder else params
