"""One trunk, several heads, in Keras."""

import keras
import tensorflow as tf


def build(n_in, hidden, n_classes):
    inputs = features = keras.Input((n_in,))
    for width in hidden:
        features = keras.layers.Dense(width, activation="relu")(features)
    logits = keras.layers.Dense(n_classes, name="label")(features)  # (B, K)
    amount = keras.layers.Dense(1, name="amount")(features)  # (B, 1)
    return keras.Model(inputs, [logits, amount])


def forward(model, x):
    logits, amount = model(x)
    return logits, amount[:, 0]  # (B, K), (B,)


def joint_loss(outputs, targets, weights):
    (logits, amounts), (labels, wanted) = outputs, targets
    labels = tf.cast(labels, tf.int64)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)  # (B,)
    parts = tf.reduce_mean(losses), tf.reduce_mean(tf.square(amounts - wanted))
    return weights[0] * parts[0] + weights[1] * parts[1], parts


def train(model, x, targets, weights, epochs, lr, batch_size):
    n = x.shape[0]
    batches = tf.data.Dataset.from_tensor_slices((x, *targets)).shuffle(n).batch(batch_size)
    optimizer = keras.optimizers.Adam(lr)  # its defaults are the stub's

    @tf.function(reduce_retracing=True)
    def step(batch_x, *batch_targets):
        with tf.GradientTape() as tape:
            total, parts = joint_loss(forward(model, batch_x), batch_targets, weights)
        optimizer.apply(tape.gradient(total, model.trainable_weights), model.trainable_weights)
        return tf.stack([total, *parts])

    history = {"total": [], "label": [], "amount": []}
    for _ in range(epochs):
        sums = tf.zeros(3)
        for batch in batches:
            sums += step(*batch) * len(batch[0])
        for key, mean in zip(history, (sums / n).numpy().tolist(), strict=True):
            history[key].append(mean)
    return history
