"""All penalised tensors as one float64 vector, decay as a factor, the threshold as two clips, in TensorFlow."""

import numpy as np
import tensorflow as tf


def vector(params, skip_bias):
    flat = [tf.reshape(p, [-1]) for p in params if not (skip_bias and p.shape.rank < 2)]
    return (
        tf.concat([flat[0][:0], *flat], axis=0)
        if flat
        else tf.zeros([0], params[0].dtype if params else tf.float32)
    )


def l1_penalty(params, skip_bias=True):
    w = vector(params, skip_bias)
    return tf.reduce_sum(w * tf.stop_gradient(tf.sign(w)))


def l2_penalty(params, skip_bias=True):
    w = vector(params, skip_bias)
    return tf.tensordot(w, w, 1)


def penalized_loss(loss, params, l1=0.0, l2=0.0, skip_bias=True):
    total = tf.convert_to_tensor(loss)
    if l1:
        total += l1 * l1_penalty(params, skip_bias)
    if l2:
        total += l2 * l2_penalty(params, skip_bias)
    return total


def weight_decay_step(params, grads, lr, decay, skip_bias=True):
    factors = [1.0 if skip_bias and p.shape.rank < 2 else 1.0 - lr * decay for p in params]
    return [f * p - lr * g for f, p, g in zip(factors, params, grads, strict=True)]


class Moments:
    def __init__(self, m, v):
        self.m, self.v = tf.cast(m, tf.float64), tf.cast(v, tf.float64)

    def take(self, g, step):
        self.m += (g - self.m) * (1 - 0.9)
        self.v += (g * g - self.v) * (1 - 0.999)
        corrected = self.v / (1 - 0.999**step)
        return self.m / (1 - 0.9**step) / (tf.sqrt(corrected) + 1e-8)


def adam_step(params, grads, moments, step, lr=0.001, l2=0.0, decay=0.0, skip_bias=True):
    after, means, squares = [], [], []
    for i, p in enumerate(params):
        w, g = tf.cast(p, tf.float64), tf.cast(grads[i], tf.float64)
        charged = 0.0 if skip_bias and p.shape.rank < 2 else 1.0
        state = Moments(moments[0][i], moments[1][i])
        move = state.take(g + charged * (l2 * w + l2 * w), step)
        after.append(
            tf.cast(w * (1 - charged * lr * decay) - tf.cast(lr, tf.float64) * move, p.dtype)
        )
        means.append(tf.cast(state.m, p.dtype))
        squares.append(tf.cast(state.v, p.dtype))
    return after, (means, squares)


def sparsity(params, tol=0.0, skip_bias=True):
    w = vector(params, skip_bias).numpy()
    return 0.0 if w.size == 0 else float(np.count_nonzero(np.abs(w) <= tol) / w.size)


def soft_threshold(w, threshold):
    return tf.maximum(w - threshold, 0) + tf.minimum(w + threshold, 0)


def fit_lasso(x, y, l1, lr, steps):
    design = tf.concat([x, tf.ones_like(x[:, :1])], axis=1)  # the bias as one more column
    w = tf.zeros([design.shape[1], 1], x.dtype)
    # tf.cast rounds a Python float to float32 first.
    rate, threshold = tf.cast(lr, x.dtype), tf.cast(lr * l1, x.dtype)
    for _ in range(steps):
        slope = tf.matmul(design, design @ w - y[:, None], transpose_a=True) / design.shape[0]
        w -= rate * slope
        w = tf.concat([soft_threshold(w[:-1], threshold), w[-1:]], axis=0)
    return w[:-1, 0], w[-1, 0]
