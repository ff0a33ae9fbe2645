"""L1, L2 and weight decay, in TensorFlow."""

import tensorflow as tf


def is_penalized(tensor, skip_bias):
    return len(tensor.shape) > 1 or not skip_bias


def nothing(params):
    return tf.zeros((), params[0].dtype if params else tf.float32)


def l1_penalty(params, skip_bias=True):
    terms = [tf.reduce_sum(tf.abs(p)) for p in params if is_penalized(p, skip_bias)]
    return tf.add_n(terms) if terms else nothing(params)


def l2_penalty(params, skip_bias=True):
    terms = [tf.reduce_sum(tf.square(p)) for p in params if is_penalized(p, skip_bias)]
    return tf.add_n(terms) if terms else nothing(params)


def penalized_loss(loss, params, l1=0.0, l2=0.0, skip_bias=True):
    return loss + l1 * l1_penalty(params, skip_bias) + l2 * l2_penalty(params, skip_bias)


def weight_decay_step(params, grads, lr, decay, skip_bias=True):
    after = []
    for p, g in zip(params, grads, strict=True):
        shrink = lr * decay if is_penalized(p, skip_bias) else 0.0
        after.append(p - lr * g - shrink * p)
    return after


def adam_step(params, grads, moments, step, lr=0.001, l2=0.0, decay=0.0, skip_bias=True):
    after, means, squares = [], [], []
    for p, g, m, v in zip(params, grads, *moments, strict=True):
        penalized = is_penalized(p, skip_bias)
        if penalized:
            g = g + 2 * l2 * p
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * tf.square(g)
        # Both averages begin at 0; dividing by the weight that they have given away so far undoes that.
        mean, square = m / (1 - 0.9**step), v / (1 - 0.999**step)
        shrink = lr * decay if penalized else 0.0
        after.append(p - lr * mean / (tf.sqrt(square) + 1e-8) - shrink * p)
        means.append(m)
        squares.append(v)
    return after, (means, squares)


def sparsity(params, tol=0.0, skip_bias=True):
    small = [tf.abs(p) <= tol for p in params if is_penalized(p, skip_bias)]
    total = sum(int(tf.size(s)) for s in small)
    return sum(int(tf.math.count_nonzero(s)) for s in small) / total if total else 0.0


def soft_threshold(w, threshold):
    return tf.sign(w) * tf.nn.relu(tf.abs(w) - threshold)


def fit_lasso(x, y, l1, lr, steps):
    w, b = tf.zeros(x.shape[1], x.dtype), tf.zeros((), x.dtype)
    for _ in range(steps):
        residual = tf.linalg.matvec(x, w) + b - y  # (N,)
        dw = tf.linalg.matvec(x, residual, transpose_a=True) / len(x)  # (D,)
        w, b = soft_threshold(w - lr * dw, lr * l1), b - lr * tf.reduce_mean(residual)
    return w, b
