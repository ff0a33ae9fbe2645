"""Each change as a sum over all pixels with bilinear weights, and a momentum written by hand; in TensorFlow."""

import numpy as np
import tensorflow as tf


def tent(places, size, dtype):
    """Weights (..., size) of the pixels 0 to size - 1 at places (...)."""
    apart = tf.abs(places[..., None] - tf.range(size, dtype=tf.float64))
    return tf.cast(tf.maximum(1 - apart, 0), dtype)


def resample(x, rows, columns, fill):
    """x (N, H, W, C) at places (N, H, W)."""
    u, v = tent(rows, x.shape[1], x.dtype), tent(columns, x.shape[2], x.dtype)
    known = tf.reduce_sum(u, -1) * tf.reduce_sum(v, -1)
    value = tf.einsum("nijh,nijw,nhwc->nijc", u, v, x)
    return value + tf.cast(fill, x.dtype) * (1 - known)[..., None]


def grid(x):
    h, w = x.shape[1], x.shape[2]
    dy = tf.range(h, dtype=tf.float64)[None, :, None] - (h - 1) / 2
    dx = tf.range(w, dtype=tf.float64)[None, None, :] - (w - 1) / 2
    return dy + 0 * dx, dx + 0 * dy, (h - 1) / 2, (w - 1) / 2


def column(values):
    return tf.cast(values, tf.float64)[:, None, None]


def hflip(x, chosen):
    mirrored = tf.gather(x, list(range(x.shape[2] - 1, -1, -1)), axis=2)
    share = tf.cast(chosen, x.dtype)[:, None, None, None]
    return share * mirrored + (1 - share) * x


def shift(x, dy, dx, fill=0.0):
    down, right, cy, cx = grid(x)
    return resample(x, cy + down - column(dy), cx + right - column(dx), fill)


def rotate(x, degrees, fill=0.0):
    dy, dx, cy, cx = grid(x)
    a = column(degrees) * np.pi / 180
    return resample(
        x, cy + dx * tf.sin(a) + dy * tf.cos(a), cx + dx * tf.cos(a) - dy * tf.sin(a), fill
    )


def zoom(x, factors, fill=0.0):
    dy, dx, cy, cx = grid(x)
    return resample(x, cy + dy / column(factors), cx + dx / column(factors), fill)


def add_noise(x, noise, std):
    return tf.minimum(tf.maximum(x + tf.cast(std, x.dtype) * noise, 0), 1)


def cutout(x, top, left, size, fill=0.0):
    def covered(first, length):
        at = tf.range(length)[None, :] - tf.cast(first, tf.int32)[:, None]
        return tf.logical_and(at >= 0, at < size)

    cut = covered(top, x.shape[1])[:, :, None] & covered(left, x.shape[2])[:, None, :]
    return tf.where(cut[..., None], tf.cast(fill, x.dtype), x)


class Augmenter:
    def __init__(self, policy, rng):
        unknown = set(policy).difference({"flip", "shift", "rotate", "zoom", "noise", "cutout"})
        if unknown:
            raise ValueError(f"unknown: {unknown}")
        self.policy, self.rng = policy, rng

    def __call__(self, x):
        get, rng, n = self.policy.get, self.rng, len(x)
        if get("flip"):
            x = hflip(x, tf.constant(rng.binomial(1, get("flip"), n) == 1))
        if get("shift"):
            m = get("shift")
            x = shift(x, rng.choice(np.arange(-m, m + 1), n), rng.choice(np.arange(-m, m + 1), n))
        if get("rotate"):
            x = rotate(x, get("rotate") * rng.uniform(-1, 1, n))
        if get("zoom"):
            x = zoom(x, 1 + get("zoom") * rng.uniform(-1, 1, n))
        if get("noise"):
            x = add_noise(x, tf.cast(rng.normal(size=x.shape), x.dtype), get("noise"))
        if get("cutout"):
            s = get("cutout")
            x = cutout(
                x,
                rng.integers(x.shape[1] - s + 1, size=n),
                rng.integers(x.shape[2] - s + 1, size=n),
                s,
            )
        return x


def augment(x, policy, rng):
    return Augmenter(policy, rng)(x)


def train(model, x, y, policy, epochs, batch, lr, rng):
    velocity = [tf.Variable(tf.zeros_like(v.value)) for v in model.trainable_variables]
    change = Augmenter(policy or {}, rng)

    @tf.function(reduce_retracing=True)
    def step(images, labels):
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(each)
        for p, v, g in zip(
            model.trainable_variables,
            velocity,
            tape.gradient(loss, model.trainable_variables),
            strict=False,
        ):
            v.assign(0.9 * v + g)
            p.assign_sub(lr * v)
        return tf.reduce_sum(each)

    history = []
    for _ in range(epochs):
        rows = tf.constant(rng.permutation(len(x)))
        parts = [rows[i : i + batch] for i in range(0, len(x), batch)]
        sums = [step(change(tf.gather(x, part)), tf.gather(y, part)) for part in parts]
        history.append(float(sum(sums)) / len(x))
    return history
