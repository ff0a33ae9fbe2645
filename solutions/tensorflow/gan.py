"""A generative adversarial network in Keras."""

import keras
import tensorflow as tf


def discriminator_loss(real_logits, fake_logits):
    # -log sigmoid(a) = softplus(-a), and -log(1 - sigmoid(a)) = softplus(a).
    real, fake = tf.nn.softplus(-real_logits), tf.nn.softplus(fake_logits)
    return tf.reduce_mean(real) + tf.reduce_mean(fake)


def generator_loss(fake_logits):
    return tf.reduce_mean(tf.nn.softplus(-fake_logits))


def build(noise, features, units):
    def dense(inputs, outputs, between):
        layers = [keras.layers.Dense(width, activation=between) for width in units]
        return keras.Sequential([keras.Input((inputs,)), *layers, keras.layers.Dense(outputs)])

    def leaky(x):
        return tf.nn.leaky_relu(x, 0.2)

    return dense(noise, features, "relu"), dense(features, 1, leaky)


def make_optimizer(model, lr):
    optimizer = keras.optimizers.Adam(lr, beta_1=0.0, beta_2=0.9, epsilon=1e-7)
    optimizer.build(model.trainable_variables)
    return optimizer


def _step(model, optimizer, loss_of):
    variables = model.trainable_variables
    with tf.GradientTape() as tape:
        loss = loss_of()
    optimizer.apply(tape.gradient(loss, variables), variables)
    return loss


def _discriminator_step(generator, discriminator, optimizer, real, z):
    fake = generator(z)  # (C, F)
    return _step(
        discriminator,
        optimizer,
        lambda: discriminator_loss(discriminator(real), discriminator(fake)),
    )


def _generator_step(generator, discriminator, optimizer, z):
    return _step(generator, optimizer, lambda: generator_loss(discriminator(generator(z))))


def discriminator_step(generator, discriminator, optimizer, real, z):
    return float(_discriminator_step(generator, discriminator, optimizer, real, z))


def generator_step(generator, discriminator, optimizer, z):
    return float(_generator_step(generator, discriminator, optimizer, z))


def train(generator, discriminator, x, steps, batch, noise, lr, rng):
    own, others = make_optimizer(generator, lr), make_optimizer(discriminator, lr)

    @tf.function
    def both(real, first, second):
        loss = _discriminator_step(generator, discriminator, others, real, first)
        return loss, _generator_step(generator, discriminator, own, second)

    told, fooled = [], []
    for _ in range(steps):
        real = tf.gather(x, rng.choice(len(x), batch, replace=False))
        first, second = tf.cast(rng.standard_normal((2, batch, noise)), x.dtype)
        for losses, loss in zip((told, fooled), both(real, first, second), strict=True):
            losses.append(float(loss))
    return told, fooled


def sample(generator, count, noise, rng):
    z = tf.cast(rng.standard_normal((count, noise)), generator.dtype)
    return generator(z)  # (count, F)


def mode_coverage(x, centres, radius, share=0.02):
    away = tf.norm(x[:, None] - centres, axis=-1)  # (N, M)
    near = tf.boolean_mask(tf.argmin(away, axis=1), tf.reduce_min(away, axis=1) <= radius)
    counts = tf.math.bincount(tf.cast(near, tf.int32), minlength=len(centres)).numpy()  # (M,)
    covered = (counts > 0) & (counts >= share * len(x))
    return int(covered.sum()), float(counts.sum() / len(x))
