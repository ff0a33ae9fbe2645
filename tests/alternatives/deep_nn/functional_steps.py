"""TensorFlow: a model of the functional interface, steps by a tape, velocities in a list of variables."""

import keras
import tensorflow as tf

BENDS = {"relu": keras.layers.ReLU, "tanh": keras.ops.tanh, "sigmoid": keras.ops.sigmoid}


def build(n_in, widths, n_classes, activation="relu", init="he"):
    if activation not in BENDS:
        raise ValueError(activation)
    if init not in {"he", "glorot"}:
        raise ValueError(init)

    def dense(width):
        mode = "fan_in" if init == "he" else "fan_avg"
        scale = 2.0 if init == "he" else 1.0
        drawn = keras.initializers.VarianceScaling(scale, mode, "untruncated_normal")
        return keras.layers.Dense(width, kernel_initializer=drawn)

    h = inputs = keras.Input((n_in,))
    for width in widths:
        h = dense(width)(h)
        h = BENDS[activation]()(h) if activation == "relu" else BENDS[activation](h)
    return keras.Model(inputs, dense(n_classes)(h))


def cross_entropy(model, x, y):
    log_p = tf.nn.log_softmax(model(x))
    return -tf.reduce_mean(tf.gather(log_p, tf.cast(y, tf.int32), batch_dims=1))


def gradient_norms(model, x, y):
    weights = model.trainable_variables
    with tf.GradientTape() as tape:
        loss = cross_entropy(model, x, y)
    slopes = tape.gradient(loss, weights)
    squares = [tf.reduce_sum(slope * slope) for slope in slopes if len(slope.shape) == 2]
    return tf.sqrt(tf.stack(squares))


def train(model, x, y, epochs, lr, batch_size):
    weights = model.trainable_variables
    speeds = [tf.Variable(tf.zeros(w.shape)) for w in weights]
    rows = tf.data.Dataset.range(len(x)).shuffle(len(x), reshuffle_each_iteration=True)

    @tf.function(reduce_retracing=True)
    def step(part):
        with tf.GradientTape() as tape:
            loss = cross_entropy(model, tf.gather(x, part), tf.gather(y, part))
        for w, v, slope in zip(weights, speeds, tape.gradient(loss, weights), strict=True):
            v.assign(0.9 * v + slope)
            w.assign(w - lr * v)
        return loss * tf.cast(len(part), tf.float32)

    return [
        float(tf.add_n([step(part) for part in rows.batch(batch_size)])) / len(x)
        for _ in range(epochs)
    ]


def predict(model, x):
    return tf.cast(tf.math.top_k(model(x)).indices[:, 0], tf.int64)
