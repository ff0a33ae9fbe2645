"""A multiclass network from layers, in Keras."""

import keras
import tensorflow as tf


def build(n_in, hidden, n_classes, dropout=0.0):
    model = keras.Sequential([keras.Input((n_in,))])
    for width in hidden:
        model.add(keras.layers.Dense(width, activation="relu"))
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(n_classes))
    return model


def train(model, x, y, epochs, lr, batch_size, shuffle=True):
    model.compile(
        optimizer=keras.optimizers.SGD(learning_rate=lr),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    # Keras weights each batch by its size when it averages over an epoch.
    fitted = model.fit(x, y, batch_size=batch_size, epochs=epochs, shuffle=shuffle, verbose=0)
    return fitted.history


def predict(model, x):
    return tf.nn.softmax(model(x, training=False))  # (B, n_classes)


def count_parameters(model):
    return sum(variable.shape.num_elements() for variable in model.trainable_variables)
