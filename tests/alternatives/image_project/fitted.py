"""A functional graph trained by train_on_batch, groups merged one by one; in TensorFlow."""

# os.path is as right as pathlib.
# ruff: noqa: PTH112, PTH118, PTH123, PTH207, PTH208

import glob
import os

import keras
import numpy as np
import tensorflow as tf


def picture(path):
    with open(path, "rb") as stream:
        lines = [stream.readline() for _ in range(3)]
        rest = stream.read()
    if lines[0] != b"P6\n" or lines[2] != b"255\n":
        raise ValueError(path)
    width, height = map(int, lines[1].split())
    if len(rest) != width * height * 3:
        raise ValueError(path)
    return tf.reshape(tf.io.decode_raw(rest, tf.uint8), (height, width, 3))


def load(root):
    classes = sorted(name for name in os.listdir(root) if os.path.isdir(os.path.join(root, name)))
    paths = [(k, p) for k, c in enumerate(classes) for p in sorted(glob.glob(f"{root}/{c}/*.ppm"))]
    images = [picture(path) for _, path in paths]
    if len({tuple(one.shape) for one in images}) > 1:
        raise ValueError("images differ in size")
    x = tf.cast(tf.stack(images), "float32") / 255.0
    return x, tf.constant([k for k, _ in paths], "int64"), classes


def groups(x, near=0.05):
    flat = tf.reshape(x, (tf.shape(x)[0], -1)).numpy().astype(float)
    found = list(range(len(flat)))
    for i in range(len(flat)):
        distance = np.sqrt(np.mean((flat[:i] - flat[i]) ** 2, axis=1))
        for j in np.flatnonzero(distance <= near):
            old, new = max(found[i], found[j]), min(found[i], found[j])
            found = [new if g == old else g for g in found]
    return tf.constant(found, tf.int64)


def split(group, share, rng):
    group = np.array(group).astype(int)
    numbers, sizes = np.unique(group, return_counts=True)
    order = rng.permutation(len(numbers))
    before = np.cumsum(sizes[order]) - sizes[order]
    chosen = numbers[order][before < share * len(group)]
    inside = np.isin(group, chosen)
    rows = np.arange(len(group))
    return tf.constant(rows[~inside], tf.int64), tf.constant(rows[inside], tf.int64)


def augment(x, rng):
    numbers = rng.choice(8, size=len(x))
    turned = [tf.image.rot90(one, int(k) % 4) for one, k in zip(x, numbers, strict=True)]
    pairs = zip(turned, numbers, strict=True)
    return tf.stack([one[:, ::-1] if k >= 4 else one for one, k in pairs])


def build(in_shape, classes, filters=(16, 32, 64), rate=0.2):
    given = x = keras.Input(shape=tuple(in_shape))
    for count in filters:
        x = keras.layers.Conv2D(count, (3, 3), padding="same")(x)
        x = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9)(x)
        x = keras.layers.MaxPooling2D()(keras.layers.Activation("relu")(x))
    x = keras.layers.Dropout(rate)(keras.layers.Reshape((-1,))(x))
    return keras.Model(given, keras.layers.Dense(classes)(x))


def train(model, x, y, epochs, batch, lr, rng):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(learning_rate=lr), loss)
    history = []
    for _ in range(epochs):
        total = 0.0
        for rows in np.array_split(rng.permutation(len(x)), range(batch, len(x), batch)):
            model.reset_metrics()
            changed = augment(tf.gather(x, rows), rng)
            total += len(rows) * float(model.train_on_batch(changed, tf.gather(y, rows)))
        history.append(total / len(x))
    return history


def logits(model, x):
    return model(x, training=False)


def evaluate(model, x, y, classes):
    found = np.argmax(logits(model, x), 1)
    y = np.array(y).astype(int)
    confusion = [
        [int(np.sum((y == i) & (found == j))) for j in range(classes)] for i in range(classes)
    ]
    return {"accuracy": float(np.mean(found == y)), "confusion": tf.constant(confusion, tf.int64)}


def export(model, size, path):
    keras.saving.save_model(keras.models.clone_model(model), path)
    copy = keras.models.load_model(path)
    copy.set_weights(model.get_weights())
    assert copy.input_shape[1:3] == tuple(size)
    copy.save(path)


def run(root, path, epochs, batch, lr, rng, share=0.25):
    x, y, classes = load(root)
    known, unknown = split(groups(x), share, rng)
    model = build(tuple(x.shape[1:]), len(classes))
    losses = train(model, tf.gather(x, known), tf.gather(y, known), epochs, batch, lr, rng)
    report = evaluate(model, tf.gather(x, unknown), tf.gather(y, unknown), len(classes))
    export(model, tuple(x.shape[1:3]), path)
    return dict(report, classes=classes, train=known, test=unknown, losses=losses)
