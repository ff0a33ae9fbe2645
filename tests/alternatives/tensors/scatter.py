"""Constants and broadcasting, masks for rows, and codes that are scattered into zeros."""

import tensorflow as tf


def make(shape, fill=0.0, dtype="float32"):
    return tf.broadcast_to(
        tf.constant({"int64": int, "bool": bool}.get(dtype, float)(fill), dtype), shape
    )


def count(shape):
    flat = tf.cumsum(
        tf.ones([tf.reduce_prod(tf.constant(shape, tf.int64))], tf.int64), exclusive=True
    )
    return tf.reshape(flat, shape)


def describe(x):
    shape = tuple(x.shape.as_list())
    size = int(tf.size(x))
    return {"size": size, "rank": len(shape), "dtype": tf.as_dtype(x.dtype).name, "shape": shape}


def pick_rows(x, indices):
    return tf.gather_nd(x, indices[:, tf.newaxis])


def split_batches(x, batch):
    if not batch >= 1:
        raise ValueError(f"no batches of {batch}")
    full, rest = divmod(x.shape[0], batch)
    return list(tf.split(x, [batch] * full + ([rest] if rest else []), axis=0))


def flatten_rows(x):
    return tf.keras.layers.Flatten(dtype=x.dtype)(x)


def channels_first(images):
    return tf.stack(tf.unstack(images, axis=3), axis=1)


def one_hot(labels, classes):
    flat = tf.reshape(labels, [-1])
    if bool(tf.reduce_any((flat < 0) | (flat > classes - 1))):
        raise ValueError("a label is out of range")
    rows = tf.range(tf.size(flat, tf.int64), dtype=tf.int64)
    at = tf.stack([rows, flat], axis=1)
    codes = tf.scatter_nd(at, tf.ones_like(flat, tf.float32), [tf.size(flat, tf.int64), classes])
    return tf.reshape(codes, [*labels.shape, classes])
