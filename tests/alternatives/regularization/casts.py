"""Every Python number cast to the dtype of its tensor, which rounds it to float32 first, in TensorFlow."""

import tensorflow as tf


def _mask(params, skip_bias):
    return [not skip_bias or len(w.shape) >= 2 for w in params]


def _penalty(params, skip_bias, price):
    dtype = params[0].dtype if params else tf.float32
    return tf.add_n(
        [
            tf.zeros((), dtype),
            *(
                tf.reduce_sum(price(w))
                for w, on in zip(params, _mask(params, skip_bias), strict=True)
                if on
            ),
        ]
    )


def l1_penalty(params, skip_bias=True):
    return _penalty(params, skip_bias, lambda w: tf.nn.relu(w) + tf.nn.relu(-w))


def l2_penalty(params, skip_bias=True):
    return 2 * _penalty(params, skip_bias, tf.nn.l2_loss)


def penalized_loss(loss, params, l1=0.0, l2=0.0, skip_bias=True):
    result = tf.identity(loss)
    if l1 > 0:
        result += tf.cast(l1, loss.dtype) * tf.cast(l1_penalty(params, skip_bias), loss.dtype)
    if l2 > 0:
        result += tf.cast(l2, loss.dtype) * tf.cast(l2_penalty(params, skip_bias), loss.dtype)
    return result


def weight_decay_step(params, grads, lr, decay, skip_bias=True):
    after = []
    for w, g, on in zip(params, grads, _mask(params, skip_bias), strict=True):
        rate = tf.cast(lr, w.dtype)
        after.append(w - rate * g - (rate * tf.cast(decay, w.dtype) * w if on else 0))
    return after


def adam_step(params, grads, moments, step, lr=0.001, l2=0.0, decay=0.0, skip_bias=True):
    after, ms, vs = [], [], []
    for w, g, m, v, on in zip(params, grads, *moments, _mask(params, skip_bias), strict=True):

        def c(number, dtype=w.dtype):
            return tf.cast(number, dtype)

        b1, b2, t = c(0.9), c(0.999), c(step)
        g = g + c(2) * c(l2) * w if on else tf.identity(g)
        m = b1 * m + (c(1) - b1) * g
        v = b2 * v + (c(1) - b2) * g * g
        new = w - c(lr) * (m / (c(1) - b1**t)) / (tf.sqrt(v / (c(1) - b2**t)) + c(1e-8))
        after.append(new - c(lr) * c(decay) * w if on else new)
        ms.append(m)
        vs.append(v)
    return after, (ms, vs)


def sparsity(params, tol=0.0, skip_bias=True):
    flat = [
        tf.reshape(tf.abs(w), [-1])
        for w, o in zip(params, _mask(params, skip_bias), strict=True)
        if o
    ]
    every = tf.concat(flat, 0) if flat else tf.zeros([0])
    count = len(every)
    return sum((every <= tf.cast(tol, every.dtype)).numpy().tolist()) / count if count else 0.0


def soft_threshold(w, threshold):
    threshold = tf.cast(threshold, w.dtype)
    return tf.sign(w) * tf.maximum(tf.abs(w) - threshold, tf.zeros_like(w))


def fit_lasso(x, y, l1, lr, steps):
    w, b = tf.zeros([x.shape[1]], x.dtype), tf.zeros([], x.dtype)
    lr, l1 = tf.cast(lr, x.dtype), tf.cast(l1, x.dtype)
    for _ in range(steps):
        error = tf.linalg.matvec(x, w) + b - y
        w = soft_threshold(w - lr * tf.linalg.matvec(x, error, transpose_a=True) / len(x), lr * l1)
        b = b - lr * tf.reduce_mean(error)
    return w, b
