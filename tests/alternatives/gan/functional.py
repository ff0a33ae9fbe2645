"""Functional models, binary cross-entropy of Keras, steps without graphs, NumPy for the modes; in TensorFlow."""

import keras
import numpy as np
import tensorflow as tf


def discriminator_loss(real_logits, fake_logits):
    def entropy(logits, label):
        labels = tf.fill(tf.shape(logits), tf.cast(label, logits.dtype))
        return tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)

    return tf.reduce_mean(entropy(real_logits, 1.0)) + tf.reduce_mean(entropy(fake_logits, 0.0))


def generator_loss(fake_logits):
    return -tf.reduce_mean(tf.math.log_sigmoid(fake_logits))


def build(noise, features, units):
    ends = []
    for first, last, slope in ((noise, features, 0.0), (features, 1, 0.2)):
        inputs = x = keras.Input(shape=(first,))
        for width in units:
            x = keras.layers.LeakyReLU(negative_slope=slope)(keras.layers.Dense(width)(x))
        ends.append(keras.Model(inputs, keras.layers.Dense(last)(x)))
    return tuple(ends)


def make_optimizer(model, lr):
    return keras.optimizers.Adam(learning_rate=lr, beta_1=0.0, beta_2=0.9, epsilon=1e-7)


def judge(generator, discriminator, optimizer, real, z):
    """A step of the discriminator, and its loss as a tensor."""
    rows = tf.concat([real, tf.stop_gradient(generator(z, training=True))], axis=0)
    with tf.GradientTape() as tape:
        logits = discriminator(rows, training=True)
        loss = discriminator_loss(logits[: len(real)], logits[len(real) :])
    slopes = tape.gradient(loss, discriminator.trainable_weights)
    optimizer.apply_gradients(zip(slopes, discriminator.trainable_weights, strict=True))
    return loss


def fool(generator, discriminator, optimizer, z):
    """A step of the generator, and its loss as a tensor."""
    with tf.GradientTape() as tape:
        loss = generator_loss(discriminator(generator(z, training=True), training=True))
    slopes = tape.gradient(loss, generator.trainable_weights)
    optimizer.apply_gradients(zip(slopes, generator.trainable_weights, strict=True))
    return loss


def discriminator_step(generator, discriminator, optimizer, real, z):
    return judge(generator, discriminator, optimizer, real, z).numpy().item()


def generator_step(generator, discriminator, optimizer, z):
    return fool(generator, discriminator, optimizer, z).numpy().item()


def train(generator, discriminator, x, steps, batch, noise, lr, rng):
    optimizers = make_optimizer(discriminator, lr), make_optimizer(generator, lr)
    steps_of = [
        tf.function(lambda real, z: judge(generator, discriminator, optimizers[0], real, z)),
        tf.function(lambda z: fool(generator, discriminator, optimizers[1], z)),
    ]
    judged, made = [], []
    for _ in range(steps):
        z = [tf.constant(rng.normal(size=(batch, noise)), x.dtype) for _ in range(2)]
        real = tf.gather(x, rng.permutation(len(x))[:batch])
        judged.append(steps_of[0](real, z[0]).numpy().item())
        made.append(steps_of[1](z[1]).numpy().item())
    return [judged, made]


def sample(generator, count, noise, rng):
    return generator(tf.constant(rng.normal(size=(count, noise)), tf.float32), training=False)


def mode_coverage(x, centres, radius, share=0.02):
    away = np.sqrt(((x.numpy()[:, None] - centres.numpy()[None]) ** 2).sum(-1))
    nearest = away.argmin(1)
    counts = [
        int(((nearest == mode) & (away[:, mode] <= radius)).sum()) for mode in range(len(centres))
    ]
    covered = sum(1 for count in counts if count > 0 and count >= share * len(x))
    return covered, float(sum(counts)) / len(x)
