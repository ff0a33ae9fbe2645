"""A network with mixed activations and a skip connection, in Keras's functional API."""

import keras
import tensorflow as tf


def build(in_shape, k, widths=(128, 64)):
    images = keras.Input(in_shape, dtype="uint8")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(images))  # (B, H * W)
    relu = dense(widths[0], "relu", "he_normal")(x)
    tanh = dense(widths[0], "tanh", "glorot_uniform")(relu)
    skip = keras.layers.Add(name="skip")([relu, tanh])
    selu = dense(widths[1], "selu", "lecun_normal")(skip)
    logits = keras.layers.Dense(k, name="logits")(selu)
    return keras.Model(images, logits)


def dense(units, activation, initializer):
    return keras.layers.Dense(
        units, activation=activation, kernel_initializer=initializer, name=activation
    )


def layer_names(model):
    return [layer.name for layer in model.layers if isinstance(layer, keras.layers.Dense)]


def activations(model, images):
    outputs = {name: model.get_layer(name).output for name in [*layer_names(model), "skip"]}
    return keras.Model(model.inputs, outputs)(images)


def train(model, images, labels, epochs, batch=64, lr=0.001):
    optimizer = keras.optimizers.Adam(lr)
    optimizer.build(model.trainable_variables)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function(reduce_retracing=True)
    def step(rows):
        with tf.GradientTape() as tape:
            logits = model(tf.gather(images, rows), training=True)
            loss = loss_fn(tf.gather(labels, rows), logits)
        optimizer.apply(tape.gradient(loss, model.trainable_variables))
        return loss

    n, history = len(labels), []
    for _ in range(epochs):
        order = tf.random.shuffle(tf.range(n))
        batches = [order[start : start + batch] for start in range(0, n, batch)]
        history.append(sum(float(step(rows)) * len(rows) for rows in batches) / n)
    return history


def predict_proba(model, images):
    return tf.nn.softmax(model(images, training=False))


def evaluate_full(model, images, labels):
    p = predict_proba(model, images)  # (N, k)
    k = p.shape[1]
    predicted = tf.one_hot(tf.argmax(p, -1), k, dtype=tf.float64)  # (N, k)
    true = tf.one_hot(labels, k, dtype=tf.float64)  # (N, k)
    hits = tf.reduce_sum(predicted * true, 0)  # (k,)
    claims, members = tf.reduce_sum(predicted, 0), tf.reduce_sum(true, 0)  # (k,)
    measures = {
        "accuracy": tf.reduce_sum(hits) / len(labels),
        "precision": tf.reduce_mean(tf.math.divide_no_nan(hits, claims)),
        "recall": tf.reduce_mean(hits / members),
        "f1": tf.reduce_mean(2 * hits / (claims + members)),
        "auc": tf.reduce_mean([auc(labels == c, p[:, c]) for c in range(k)]),
    }
    return {name: float(value) for name, value in measures.items()}


def auc(positive, score):
    # The Mann-Whitney statistic: how often a positive outranks a negative; ties share their ranks.
    ordered = tf.sort(score)
    below = tf.searchsorted(ordered, score)
    above = tf.searchsorted(ordered, score, side="right")
    ranks = tf.cast(below + above + 1, tf.float64) / 2  # (N,), from 1
    n = tf.cast(tf.math.count_nonzero(positive), tf.float64)
    return (tf.reduce_sum(ranks[positive]) - n * (n + 1) / 2) / (n * (len(score) - n))
