"""Transfer learning in two phases, in TensorFlow. Images are (N, H, W, C)."""

import keras
import tensorflow as tf
from keras import layers

# Convolution, normalisation, ReLU, maximum.
LAYERS = 4


def build(in_shape, filters, classes):
    model = keras.Sequential([keras.Input(tuple(in_shape))])
    for count in filters:
        model.add(layers.Conv2D(count, 3, padding="same"))
        model.add(layers.BatchNormalization(momentum=0.9, epsilon=1e-5))
        model.add(layers.ReLU())
        model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dense(classes))
    return model


def replace_head(model, classes):
    base = keras.Sequential([keras.Input(model.input_shape[1:]), *model.layers[:-1]])
    made = keras.models.clone_model(base)
    made.set_weights(base.get_weights())
    made.add(layers.Dense(classes, kernel_initializer="zeros", bias_initializer="zeros"))
    for layer in made.layers:
        layer.trainable = True
    return made


def freeze(model, blocks):
    count = len(model.layers) // LAYERS
    if not 0 <= blocks <= count:
        raise ValueError(f"the model has {count} blocks, so {blocks} cannot be frozen")
    for place, layer in enumerate(model.layers):
        # Batch normalisation that is not trainable uses its running statistics in training, too.
        layer.trainable = place >= blocks * LAYERS


def trainable_count(model):
    return sum(int(tf.size(variable)) for variable in model.trainable_variables)


def train(model, x, y, epochs, batch, lr, rng):
    optimizer = keras.optimizers.SGD(lr, momentum=0.9)
    variables, y = model.trainable_variables, tf.cast(y, tf.int64)

    history = []
    for _ in range(epochs):
        order, total = rng.permutation(len(x)), 0.0
        for rows in (order[i : i + batch] for i in range(0, len(x), batch)):
            with tf.GradientTape() as tape:
                z = model(tf.gather(x, rows), training=True)
                each = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather(y, rows), z)
                loss = tf.reduce_mean(each)
            optimizer.apply(tape.gradient(loss, variables), variables)
            total += float(loss) * len(rows)
        history.append(total / len(x))
    return history


def transfer(base, x, y, classes, epochs, batch, lr, rng, thaw=1):
    model = replace_head(base, classes)
    blocks = len(model.layers) // LAYERS
    freeze(model, blocks)
    history = train(model, x, y, epochs[0], batch, lr, rng)
    freeze(model, blocks - thaw)
    history += train(model, x, y, epochs[1], batch, lr / 10, rng)
    return model, history


def logits(model, x):
    return model(x, training=False)
