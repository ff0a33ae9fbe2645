"""Many hidden layers, in Keras."""

import keras
import tensorflow as tf

ACTIVATIONS = ("relu", "tanh", "sigmoid")
INITS = {"he": keras.initializers.HeNormal, "glorot": keras.initializers.GlorotUniform}


def build(n_in, widths, n_classes, activation="relu", init="he"):
    if activation not in ACTIVATIONS:
        raise ValueError(f"there is no activation {activation!r}")
    if init not in INITS:
        raise ValueError(f"there is no init {init!r}")
    model = keras.Sequential([keras.Input((n_in,))])
    for width in widths:
        # An initializer draws the same numbers whenever it is used again, so each layer gets its own.
        model.add(keras.layers.Dense(width, activation, kernel_initializer=INITS[init]()))
    model.add(keras.layers.Dense(n_classes, kernel_initializer=INITS[init]()))
    return model


def gradient_norms(model, x, y):
    kernels = [layer.kernel.value for layer in model.layers]
    with tf.GradientTape() as tape:
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=tf.cast(y, tf.int64), logits=model(x)
        )  # (B,)
        loss = tf.reduce_mean(losses)
    return tf.stack([tf.norm(gradient) for gradient in tape.gradient(loss, kernels)])  # (L,)


def train(model, x, y, epochs, lr, batch_size):
    model.compile(
        optimizer=keras.optimizers.SGD(lr, momentum=0.9),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    fitted = model.fit(x, y, batch_size=batch_size, epochs=epochs, shuffle=True, verbose=0)
    return fitted.history["loss"]


def predict(model, x):
    return tf.argmax(model(x), axis=1)
