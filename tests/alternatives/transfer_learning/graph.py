"""A functional graph whose layers are found by their kind, trained by fit an epoch at a time; in TensorFlow."""

import keras
import tensorflow as tf

KINDS = (keras.layers.Conv2D, keras.layers.BatchNormalization, keras.layers.Dense)


def network(in_shape, filters, classes, start):
    given = x = keras.Input(shape=in_shape)
    for count in filters:
        x = keras.layers.Conv2D(count, (3, 3), padding="same")(x)
        x = keras.layers.BatchNormalization(epsilon=1e-5, momentum=0.9)(x)
        x = keras.layers.MaxPooling2D()(keras.layers.Activation("relu")(x))
    x = keras.layers.Reshape((-1,))(x)
    return keras.Model(given, keras.layers.Dense(classes, kernel_initializer=start)(x))


def build(in_shape, filters, classes):
    return network(tuple(in_shape), filters, classes, "he_uniform")


def held(model):
    """The layers with weights: convolution and normalisation of each block, and the head."""
    return [layer for layer in model.layers if isinstance(layer, KINDS)]


def replace_head(model, classes):
    filters = [one.filters for one in held(model)[:-1:2]]
    made = network(model.input_shape[1:], filters, classes, "zeros")
    for new, old in zip(held(made)[:-1], held(model)[:-1], strict=True):
        new.set_weights(old.get_weights())
    return made


def freeze(model, blocks):
    layers = held(model)
    if blocks < 0 or 2 * blocks > len(layers) - 1:
        raise ValueError("no such blocks")
    for place, layer in enumerate(layers):
        layer.trainable = place // 2 >= blocks


def trainable_count(model):
    return sum(layer.count_params() for layer in held(model) if layer.trainable) - sum(
        2 * layer.gamma.shape[0]
        for layer in held(model)
        if layer.trainable and isinstance(layer, keras.layers.BatchNormalization)
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


def transfer(base, x, y, classes, epochs, batch, lr, rng, thaw=1):
    model = replace_head(base, classes)
    blocks = (len(held(model)) - 1) // 2
    freeze(model, blocks)
    history = train(model, x, y, epochs[0], batch, lr, rng)
    freeze(model, blocks - thaw)
    return model, history + train(model, x, y, epochs[1], batch, lr / 10, rng)


def logits(model, x):
    return tf.convert_to_tensor(model.predict(x, verbose=0))
