"""A convolutional network from layers, in TensorFlow. Images are (N, H, W, C)."""

import keras
import tensorflow as tf
from keras import layers


def build(in_shape, classes, filters=(16, 32), units=64, rate=0.0, norm=False):
    height, width, _ = in_shape
    if min(height, width) >> len(filters) < 1:
        raise ValueError(f"an image of {height} by {width} cannot be halved {len(filters)} times")
    model = keras.Sequential([keras.Input(tuple(in_shape))])
    for count in filters:
        model.add(layers.Conv2D(count, 3, padding="same"))
        if norm:
            model.add(layers.BatchNormalization(momentum=0.9, epsilon=1e-5))
        model.add(layers.ReLU())
        model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dropout(rate))
    model.add(layers.Dense(classes))
    return model


def shapes(model, x):
    found, x = [], x[:1]
    for layer in model.layers:
        x = layer(x, training=False)
        if isinstance(layer, (layers.Conv2D, layers.MaxPooling2D)):
            found.append(tuple(x.shape[1:]))
    return found


def receptive_field(layers):
    field, jump = 1, 1  # jump: pixels between neighbouring numbers of a layer
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump *= stride
    return field


def train(model, x, y, epochs, batch, lr, rng):
    optimizer = keras.optimizers.SGD(lr, momentum=0.9)
    variables, y = model.trainable_variables, tf.cast(y, tf.int64)

    @tf.function
    def step(images, labels):
        with tf.GradientTape() as tape:
            z = model(images, training=True)
            each = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, z)
            loss = tf.reduce_mean(each)
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    history = []
    for _ in range(epochs):
        order, total = rng.permutation(len(x)), 0.0
        for rows in (order[i : i + batch] for i in range(0, len(x), batch)):
            total += float(step(tf.gather(x, rows), tf.gather(y, rows))) * len(rows)
        history.append(total / len(x))
    return history


def logits(model, x, batch=256):
    parts = [model(x[i : i + batch], training=False) for i in range(0, len(x), batch)]
    return tf.concat(parts, axis=0)


def predict(model, x, batch=256):
    return tf.argmax(logits(model, x, batch), axis=1)
