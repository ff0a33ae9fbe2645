"""Create, inspect, index and reshape tensors, in TensorFlow."""

import math

import tensorflow as tf


def make(shape, fill=0.0, dtype="float32"):
    # tf.cast would make a float32 tensor of a Python float first.
    number = tf.constant(float(fill), tf.float64)
    return tf.fill(shape, tf.cast(number, dtype))


def count(shape):
    return tf.reshape(tf.range(math.prod(shape), dtype=tf.int64), shape)


def describe(x):
    return {
        "shape": tuple(x.shape),
        "dtype": x.dtype.name,
        "rank": x.shape.rank,
        "size": x.shape.num_elements(),
    }


def pick_rows(x, indices):
    return tf.gather(x, indices)


def split_batches(x, batch):
    if batch < 1:
        raise ValueError(f"batch is {batch}, but should be 1 or more")
    return [x[start : start + batch] for start in range(0, len(x), batch)]


def flatten_rows(x):
    return tf.reshape(x, [len(x), math.prod(x.shape[1:])])


def channels_first(images):
    return tf.transpose(images, [0, 3, 1, 2])  # (N, H, W, C) -> (N, C, H, W)


def one_hot(labels, classes):
    # For a label out of range, tf.one_hot would give a row of zeros.
    if tf.reduce_any((labels < 0) | (labels >= classes)):
        raise ValueError(f"labels should be from 0 to {classes - 1}")
    return tf.one_hot(labels, classes)
