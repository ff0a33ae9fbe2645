"""What TensorFlow and Keras themselves offer for what a topic writes by hand: same arguments, same result."""

import keras
import tensorflow as tf


def softmax(x):
    return tf.nn.softmax(x)


def cross_entropy(logits, labels):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


def conv2d(x, w, b, padding=0):
    edges = [[0, 0], [padding, padding], [padding, padding], [0, 0]]
    return tf.nn.bias_add(tf.nn.conv2d(x, w, strides=1, padding=edges), b)


def attention(q, k, v):
    # (B, H, T, d) to Keras's (B, T, H, d); without the weights, which the topic returns, too
    q, k, v = (tf.transpose(a, (0, 2, 1, 3)) for a in (q, k, v))
    return keras.ops.dot_product_attention(q, k, v)


def batch_norm(x, gamma, beta, running, training=True):
    mean, variance = running
    return tf.compat.v1.nn.fused_batch_norm(
        x, gamma, beta, mean, variance, epsilon=1e-5, is_training=training
    )


def layers(widths):
    """A step of training by Dense layers, an optimizer and a loss, traced by Keras: its own weights, in place."""
    hidden = [keras.layers.Dense(n, activation="relu") for n in widths[1:-1]]
    model = keras.Sequential([keras.Input((widths[0],)), *hidden, keras.layers.Dense(widths[-1])])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss)

    def step(params, x, y, lr):  # noqa: ARG001  the arguments of mlp_scratch.train_step
        return model.train_on_batch(x, y)

    return step
