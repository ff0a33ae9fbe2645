"""Magnitude pruning with masked fine-tuning, and weights that share a few values, in TensorFlow."""

import math

import tensorflow as tf


def weights_of(params):
    return {name: value for name, value in params.items() if value.shape.rank >= 2}


def keep_largest(sizes, sparsity):
    """True for all but the smallest of `sizes` (n,); the order of a sort settles ties."""
    order = tf.argsort(sizes, stable=True)
    pruned = order[: math.floor(round(sparsity * len(sizes), 6))]
    mask = tf.ones(len(sizes), tf.bool)
    return tf.tensor_scatter_nd_update(mask, pruned[:, None], tf.zeros(len(pruned), tf.bool))


def magnitude_masks(params, sparsity, scope="layer"):
    if scope not in ("layer", "global"):
        raise ValueError(f"scope is {scope!r}, but should be 'layer' or 'global'")
    if not 0 <= sparsity <= 1:
        raise ValueError(f"sparsity is {sparsity}, but should be from 0 to 1")
    sizes = {name: tf.reshape(tf.abs(w), [-1]) for name, w in weights_of(params).items()}
    if scope == "layer":
        flat = {name: keep_largest(size, sparsity) for name, size in sizes.items()}
    elif sizes:
        together = keep_largest(tf.concat(list(sizes.values()), axis=0), sparsity)
        flat = dict(zip(sizes, tf.split(together, [len(s) for s in sizes.values()]), strict=True))
    else:
        flat = {}
    return {name: tf.reshape(mask, params[name].shape) for name, mask in flat.items()}


def apply_masks(params, masks):
    missing = masks.keys() - params.keys()
    if missing:
        raise KeyError(f"no parameters have the names {sorted(missing)}")
    pruned = dict(params)
    for name, mask in masks.items():
        # A product would leave -0 and NaN behind.
        pruned[name] = tf.where(mask, params[name], tf.zeros_like(params[name]))
    return pruned


def sparsity(params):
    weights = weights_of(params).values()
    count = sum(int(tf.size(w)) for w in weights)
    zeros = sum(int(tf.math.count_nonzero(w == 0)) for w in weights)
    return zeros / count if count else 0.0


def masked_step(params, grads, velocity, masks, lr, momentum=0.9):
    velocity = {name: momentum * velocity[name] + grads[name] for name in params}
    params = {name: value - lr * velocity[name] for name, value in params.items()}
    return apply_masks(params, masks), apply_masks(velocity, masks)


def schedule(step, start, end, final):
    done = min(max((step - start) / (end - start), 0.0), 1.0)
    return float(final * (1 - (1 - done) ** 3))


def cluster(w, k, iterations=50):
    if k < 1:
        raise ValueError(f"k is {k}, but should be at least 1")
    numbers = tf.reshape(w, [-1])
    low, high = tf.reduce_min(numbers), tf.reduce_max(numbers)
    codebook = low + (high - low) * tf.range(k, dtype=w.dtype) / max(k - 1, 1)  # (k,)
    for _ in range(iterations):
        index = tf.argmin(tf.abs(numbers[:, None] - codebook), axis=1)  # (n,)
        count = tf.math.unsorted_segment_sum(tf.ones_like(numbers), index, k)
        total = tf.math.unsorted_segment_sum(numbers, index, k)
        moved = tf.where(count > 0, tf.math.divide_no_nan(total, count), codebook)
        if tf.reduce_all(moved == codebook):
            break
        codebook = moved
    index = tf.argmin(tf.abs(numbers[:, None] - codebook), axis=1)
    return codebook, tf.reshape(index, w.shape)


def restore(codebook, index):
    return tf.gather(codebook, tf.cast(index, tf.int64))


def clustered_bytes(n, k):
    return 4 * k + math.ceil(n * (k - 1).bit_length() / 8)
