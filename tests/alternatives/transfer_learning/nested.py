"""Blocks are models of their own, whose layers have the same names in each block."""

import tensorflow as tf
from tensorflow import keras


def _block(in_shape, filters, name):
    return keras.Sequential(
        [
            keras.Input(in_shape),
            keras.layers.Conv2D(filters, (3, 3), padding="same", name="conv"),
            keras.layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name="norm"),
            keras.layers.ReLU(),
            keras.layers.MaxPool2D((2, 2)),
        ],
        name=name,
    )


def build(in_shape, filters, classes):
    model = keras.Sequential([keras.Input(tuple(in_shape))], name="transfer")
    shape = tuple(in_shape)
    for index, count in enumerate(filters):
        model.add(_block(shape, count, f"block{index}"))
        shape = (shape[0] // 2, shape[1] // 2, count)
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(classes, name="head"))
    return model


def _blocks(model):
    return [layer for layer in model.layers if isinstance(layer, keras.Sequential)]


def replace_head(model, classes):
    old = _blocks(model)
    in_shape = tuple(model.input_shape[1:])
    filters = [block.get_layer("conv").filters for block in old]
    new = build(in_shape, filters, classes)
    for source, target in zip(old, _blocks(new), strict=True):
        # by name, since the order of get_weights depends on what is frozen
        for name in ("conv", "norm"):
            ours, theirs = (_variables(part.get_layer(name)) for part in (target, source))
            for b, a in zip(ours, theirs, strict=True):
                b.assign(a)
    head = new.get_layer("head")
    head.set_weights([tf.zeros_like(w).numpy() for w in head.weights])
    return new


def _variables(layer):
    if isinstance(layer, keras.layers.Conv2D):
        return [layer.kernel, layer.bias]
    return [layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance]


def freeze(model, blocks):
    parts = _blocks(model)
    if blocks < 0 or blocks > len(parts):
        plural = "block" if len(parts) == 1 else "blocks"
        raise ValueError(f"the model has {len(parts)} {plural}, so {blocks} cannot be frozen")
    for part in parts[:blocks]:
        part.trainable = False
    for part in parts[blocks:]:
        part.trainable = True


def trainable_count(model):
    return sum(int(tf.size(v)) for v in model.trainable_weights)


def train(model, x, y, epochs, batch, lr, rng):
    weights = model.trainable_weights
    speeds = [tf.Variable(tf.zeros_like(w), trainable=False) for w in weights]
    n = x.shape[0]
    y = tf.cast(y, tf.int32)
    history = []
    for _ in range(epochs):
        order = tf.constant(rng.permutation(n), tf.int32)
        total = tf.constant(0.0, tf.float64)
        for start in range(0, n, batch):
            rows = order[start : start + batch]
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch([w.value for w in weights])
                scores = model(tf.gather(x, rows), training=True)
                losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather(y, rows), scores)
                loss = tf.reduce_mean(losses)
            slopes = tape.gradient(loss, [w.value for w in weights])
            for w, v, g in zip(weights, speeds, slopes, strict=True):
                v.assign(0.9 * v + g)
                w.assign_sub(lr * v)
            total += tf.reduce_sum(tf.cast(losses, tf.float64))
        history.append(float(total) / n)
    return history


def transfer(base, x, y, classes, epochs, batch, lr, rng, thaw=1):
    first, second = epochs
    model = replace_head(base, classes)
    count = len(_blocks(model))
    freeze(model, count)
    history = train(model, x, y, first, batch, lr, rng)
    freeze(model, max(0, count - thaw))
    history += train(model, x, y, second, batch, lr / 10, rng)
    return model, history


def logits(model, x):
    return model(x, training=False)
