"""An image project, in TensorFlow. Images are (N, H, W, C)."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers


def read(path):
    magic, size, depth, pixels = path.read_bytes().split(b"\n", 3)
    width, height = (int(part) for part in size.split())
    if magic != b"P6" or depth != b"255" or len(pixels) != height * width * 3:
        raise ValueError(f"{path.name} is not a binary PPM file of 8 bits a colour")
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 3)


def load(root):
    folders = sorted((entry for entry in Path(root).iterdir() if entry.is_dir()), key=str)
    found, labels = [], []
    for label, folder in enumerate(folders):
        for path in sorted(folder.glob("*.ppm"), key=str):
            found.append(read(path))
            labels.append(label)
    x = tf.cast(np.stack(found), tf.float32) / 255  # a ValueError if two differ in size
    return x, tf.constant(labels, tf.int64), [folder.name for folder in folders]


def groups(x, near=0.05):
    flat = tf.cast(tf.reshape(x, (len(x), -1)), tf.float64)
    squares = tf.map_fn(lambda row: tf.reduce_mean((flat - row) ** 2, axis=1), flat)
    close = tf.sqrt(squares) <= near  # (N, N)
    found = tf.range(len(x), dtype=tf.int64)
    while True:
        # The lowest number among all neighbours, until nothing changes.
        lower = tf.reduce_min(tf.where(close, found, tf.int64.max), axis=1)
        if tf.reduce_all(lower == found):
            return found
        found = lower


def split(group, share, rng):
    group = group.numpy()
    testing = np.zeros(len(group), bool)
    for number in rng.permutation(np.unique(group)):
        if testing.sum() >= share * len(group):
            break
        testing |= group == number
    return tf.where(~testing)[:, 0], tf.where(testing)[:, 0]


def augment(x, rng):
    # A turn by 90 degrees exchanges the axes; the flips of both axes make all eight changes of it.
    across, down, exchanged = rng.random((3, len(x), 1, 1, 1)) < 0.5
    x = tf.where(across, x[:, :, ::-1], x)
    x = tf.where(down, x[:, ::-1], x)
    return tf.where(exchanged, tf.transpose(x, (0, 2, 1, 3)), x)


def build(in_shape, classes, filters=(16, 32, 64), rate=0.2):
    model = keras.Sequential([keras.Input(tuple(in_shape))])
    for count in filters:
        model.add(layers.Conv2D(count, 3, padding="same"))
        model.add(layers.BatchNormalization(momentum=0.9, epsilon=1e-5))
        model.add(layers.ReLU())
        model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dropout(rate))
    model.add(layers.Dense(classes))
    return model


def train(model, x, y, epochs, batch, lr, rng):
    optimizer = keras.optimizers.Adam(lr, beta_1=0.9, beta_2=0.999, epsilon=1e-7)
    variables, y = model.trainable_variables, tf.cast(y, tf.int64)

    @tf.function
    def step(images, labels):
        with tf.GradientTape() as tape:
            z = model(images, training=True)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, z))
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    history = []
    for _ in range(epochs):
        order, total = rng.permutation(len(x)), 0.0
        for rows in (order[i : i + batch] for i in range(0, len(x), batch)):
            loss = step(augment(tf.gather(x, rows), rng), tf.gather(y, rows))
            total += float(loss) * len(rows)
        history.append(total / len(x))
    return history


def logits(model, x):
    parts = [model(x[i : i + 256], training=False) for i in range(0, len(x), 256)]
    return tf.concat(parts, axis=0)


def evaluate(model, x, y, classes):
    found = tf.argmax(logits(model, x), axis=1)
    confusion = tf.math.confusion_matrix(y, found, classes, dtype=tf.int64)
    return {"accuracy": int(tf.linalg.trace(confusion)) / len(y), "confusion": confusion}


def export(model, size, path):  # noqa: ARG001  a Keras model knows its size
    model.save(path)


def run(root, path, epochs, batch, lr, rng, share=0.25):
    x, y, classes = load(root)
    train_rows, test_rows = split(groups(x), share, rng)
    model = build(x.shape[1:], len(classes))
    known = tf.gather(x, train_rows), tf.gather(y, train_rows)
    losses = train(model, *known, epochs, batch, lr, rng)
    export(model, x.shape[1:3], path)
    report = evaluate(model, tf.gather(x, test_rows), tf.gather(y, test_rows), len(classes))
    return report | {"classes": classes, "train": train_rows, "test": test_rows, "losses": losses}
