"""TensorFlow: a functional model, a loop under a tape, counts by one-hot products, scaling in NumPy."""

import keras
import numpy as np
import tensorflow as tf


def split(n, validation_share, rng):
    held_out = np.zeros(n, bool)
    held_out[rng.choice(n, round(validation_share * n), replace=False)] = True
    rows = np.arange(n, dtype=np.int64)
    return tf.constant(rows[~held_out]), tf.constant(rows[held_out])


def fit_scaler(images):
    pixels = images.numpy().astype(np.float64).ravel()
    mean = pixels.sum() / pixels.size
    return float(mean), float(np.sqrt(np.mean((pixels - mean) ** 2)))


def scale(images, mean, std):
    rows = images.numpy().astype(np.float64).reshape(len(images), -1)
    return tf.constant((rows - mean) / std, tf.float32)


def build(n_in, hidden, n_classes):
    inputs = x = keras.Input((n_in,))
    for width in hidden:
        x = keras.layers.ReLU()(keras.layers.Dense(width)(x))
    return keras.Model(inputs, keras.layers.Dense(n_classes)(x))


def evaluate(model, x, y):
    total, k = 0.0, model(x[:1]).shape[1]
    confusion = np.zeros((k, k), np.int64)
    for start in range(0, len(x), 100):  # in batches
        z, labels = model(x[start : start + 100]).numpy(), y[start : start + 100].numpy()
        z = z.astype(np.float64)
        top = z.max(1)
        own = z[np.arange(len(z)), labels]
        total += float((np.log(np.exp(z - top[:, None]).sum(1)) + top - own).sum())
        np.add.at(confusion, (labels, z.argmax(1)), 1)
    return {
        "loss": total / len(x),
        "accuracy": float(np.trace(confusion)) / len(x),
        "confusion": tf.constant(confusion),
    }


def train(model, x, y, validation_x, validation_y, epochs, lr, batch_size):
    optimizer = keras.optimizers.Adam(lr, 0.9, 0.999, 1e-7)
    variables, targets = model.trainable_variables, tf.cast(y, tf.int32)
    optimizer.build(variables)

    @tf.function(reduce_retracing=True)
    def step(rows):
        labels = tf.gather(targets, rows)
        with tf.GradientTape() as tape:
            logits = model(tf.gather(x, rows), training=True)
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(each)
        right = tf.argmax(logits, 1, tf.int32) == labels
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return tf.reduce_sum(each), tf.reduce_sum(tf.cast(right, tf.float32))

    history = {name: [] for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
    n = len(x)
    for _ in range(epochs):
        order = tf.random.shuffle(tf.range(n))
        sums = [step(order[i : i + batch_size]) for i in range(0, n, batch_size)]
        history["loss"].append(sum(float(loss) for loss, _ in sums) / n)
        history["accuracy"].append(sum(float(right) for _, right in sums) / n)
        found = evaluate(model, validation_x, validation_y)
        history["val_loss"].append(found["loss"])
        history["val_accuracy"].append(found["accuracy"])
    return history


def run(
    images,
    labels,
    test_images,
    n_classes,
    seed,
    hidden=(256, 128),
    epochs=8,
    lr=0.001,
    batch_size=256,
    validation_share=0.1,
):
    tf.random.set_seed(seed)
    keras.utils.set_random_seed(seed)
    training, validation = split(len(images), validation_share, np.random.default_rng([seed, 1]))
    parts = [(tf.gather(images, rows), tf.gather(labels, rows)) for rows in (training, validation)]
    mean, std = fit_scaler(parts[0][0])
    scaled = [(scale(part, mean, std), classes) for part, classes in parts]
    model = build(scaled[0][0].shape[1], hidden, n_classes)
    history = train(model, *scaled[0], *scaled[1], epochs, lr, batch_size)
    return {
        "model": model,
        "training_rows": training,
        "validation_rows": validation,
        "mean": mean,
        "std": std,
        "history": history,
        "validation": evaluate(model, *scaled[1]),
        "predictions": tf.argmax(model(scale(test_images, mean, std)), 1, tf.int64),
    }
