"""Data augmentation, in TensorFlow. Images are (N, H, W, C)."""

import math

import keras
import tensorflow as tf


def hflip(x, chosen):
    return tf.where(chosen[:, None, None, None], x[:, :, ::-1], x)


def offsets(x):
    """Rows below and columns right of the centre: (H, 1) and (1, W)."""
    dy, dx = (tf.range(side, dtype=x.dtype) - (side - 1) / 2 for side in x.shape[1:3])
    return dy[:, None], dx[None, :]


def pick(x, rows, columns, fill):
    """Pixels at whole places, which broadcast to (N, H, W); fill outside."""
    rows, columns = (tf.cast(p, tf.int64) for p in (rows + 0 * columns, columns + 0 * rows))
    height, width = x.shape[1:3]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)  # (N, H, W)
    rows, columns = tf.clip_by_value(rows, 0, height - 1), tf.clip_by_value(columns, 0, width - 1)
    places = tf.stack([rows, columns], -1)  # (N, H, W, 2)
    return tf.where(inside[..., None], tf.gather_nd(x, places, 1), tf.constant(fill, x.dtype))


def sample(x, rows, columns, fill):
    """Bilinear means at places (N, H, W) between pixels."""
    i, j = tf.floor(rows), tf.floor(columns)
    a, b = (rows - i)[..., None], (columns - j)[..., None]  # (N, H, W, 1)
    upper = (1 - b) * pick(x, i, j, fill) + b * pick(x, i, j + 1, fill)
    lower = (1 - b) * pick(x, i + 1, j, fill) + b * pick(x, i + 1, j + 1, fill)
    return (1 - a) * upper + a * lower


def indices(x, dy, dx):
    """Rows less dy, (N, H, 1), and columns less dx, (N, 1, W)."""
    dy, dx = (tf.cast(moves, tf.int64)[:, None, None] for moves in (dy, dx))
    rows, columns = (tf.range(side, dtype=tf.int64) for side in x.shape[1:3])
    return rows[:, None] - dy, columns - dx


def shift(x, dy, dx, fill=0.0):
    return pick(x, *indices(x, dy, dx), fill)


def rotate(x, degrees, fill=0.0):
    dy, dx = offsets(x)
    angle = tf.cast(degrees, x.dtype)[:, None, None] * (math.pi / 180)
    sin, cos = tf.sin(angle), tf.cos(angle)
    rows = (x.shape[1] - 1) / 2 + dx * sin + dy * cos  # (N, H, W)
    columns = (x.shape[2] - 1) / 2 + dx * cos - dy * sin
    return sample(x, rows, columns, fill)


def zoom(x, factors, fill=0.0):
    dy, dx = offsets(x)
    factors = tf.cast(factors, x.dtype)[:, None, None]
    rows, columns = (x.shape[1] - 1) / 2 + dy / factors, (x.shape[2] - 1) / 2 + dx / factors
    return sample(x, rows, columns, fill)


def add_noise(x, noise, std):
    return tf.clip_by_value(x + tf.cast(std, x.dtype) * noise, 0, 1)


def cutout(x, top, left, size, fill=0.0):
    rows, columns = indices(x, top, left)
    cut = (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size)  # (N, H, W)
    return tf.where(cut[..., None], tf.constant(fill, x.dtype), x)


def augment(x, policy, rng):
    if unknown := set(policy) - {"flip", "shift", "rotate", "zoom", "noise", "cutout"}:
        raise ValueError(f"policy has {sorted(unknown)}, which is no change")
    n, height, width, _ = x.shape
    if "flip" in policy:
        x = hflip(x, tf.constant(rng.random(n) < policy["flip"]))
    if "shift" in policy:
        dy, dx = rng.integers(-policy["shift"], policy["shift"] + 1, (2, n))
        x = shift(x, tf.constant(dy), tf.constant(dx))
    if "rotate" in policy:
        x = rotate(x, tf.constant(rng.uniform(-policy["rotate"], policy["rotate"], n)))
    if "zoom" in policy:
        x = zoom(x, tf.constant(rng.uniform(1 - policy["zoom"], 1 + policy["zoom"], n)))
    if "noise" in policy:
        x = add_noise(x, tf.constant(rng.standard_normal(x.shape), x.dtype), policy["noise"])
    if "cutout" in policy:
        size = policy["cutout"]
        top, left = (rng.integers(0, max(side - size, 0) + 1, n) for side in (height, width))
        x = cutout(x, tf.constant(top), tf.constant(left), size)
    return x


def train(model, x, y, policy, epochs, batch, lr, rng):
    optimizer = keras.optimizers.SGD(lr, momentum=0.9)
    variables = model.trainable_variables

    @tf.function(reduce_retracing=True)
    def step(images, labels):
        with tf.GradientTape() as tape:
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels, model(images, training=True)
            )
            loss = tf.reduce_mean(each)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    history = []
    for _ in range(epochs):
        order, total = rng.permutation(len(x)), 0.0
        for rows in (order[i : i + batch] for i in range(0, len(x), batch)):
            images = tf.gather(x, rows)
            images = images if policy is None else augment(images, policy, rng)
            total += float(step(images, tf.gather(y, rows))) * len(rows)
        history.append(total / len(x))
    return history
