"""A functional graph, trained by fit, an epoch at a time; in TensorFlow."""

import keras
import numpy as np
import tensorflow as tf


def build(in_shape, classes, filters=(16, 32), units=64, rate=0.0, norm=False):
    if any(side // 2 ** len(filters) == 0 for side in in_shape[:2]):
        raise ValueError(f"{in_shape} is too small")
    given = x = keras.Input(shape=in_shape)
    for count in filters:
        x = keras.layers.Conv2D(count, (3, 3), padding="same")(x)
        if norm:
            x = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9)(x)
        x = keras.layers.MaxPooling2D()(keras.layers.Activation("relu")(x))
    x = keras.layers.Dense(units)(keras.layers.Reshape((-1,))(x))
    x = keras.layers.Dropout(rate)(keras.ops.relu(x))
    return keras.Model(given, keras.layers.Dense(classes)(x))


def shapes(model, x):
    kinds = (keras.layers.Conv2D, keras.layers.MaxPooling2D)
    outputs = [layer.output for layer in model.layers if isinstance(layer, kinds)]
    found = keras.Model(model.inputs, outputs)(x[:1], training=False)
    return [tuple(int(n) for n in one.shape[1:]) for one in found]


def receptive_field(layers):
    return 1 + int(
        sum(
            (kernel - 1) * np.prod([stride for _, stride in layers[:i]], dtype=int)
            for i, (kernel, _) in enumerate(layers)
        )
    )


def train(model, x, y, epochs, batch, lr, rng):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(learning_rate=lr, momentum=0.9), loss)
    history = []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        fitted = model.fit(
            tf.gather(x, order), tf.gather(y, order), batch_size=batch, shuffle=False, verbose=0
        )
        history += fitted.history["loss"]
    return history


def logits(model, x, batch=256):
    return tf.convert_to_tensor(model.predict(x, batch_size=batch, verbose=0))


def predict(model, x, batch=256):
    return tf.cast(tf.math.argmax(logits(model, x, batch), -1), tf.int64)
