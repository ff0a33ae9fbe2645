"""Gradients by the chain rule instead of a tape, probes as reductions, other repairs of the loops, in TensorFlow."""

import math

import numpy as np
import tensorflow as tf


def layers(params):
    return [(params[i], params[i + 1]) for i in range(0, len(params), 2)]


def outputs(params, x, mask):
    """x and what each hidden layer gives; then the scores."""
    found = [x]
    for depth, (w, b) in enumerate(layers(params)[:-1]):
        found.append(tf.maximum(tf.matmul(found[-1], w) + b, 0))
        if depth == 0 and mask is not None:
            found[-1] *= mask
    w, b = layers(params)[-1]
    return found, tf.matmul(found[-1], w) + b


def forward(params, x, mask=None):
    return outputs(params, x, mask)[1]


def loss_and_gradients(params, x, y, mask=None):
    given, scores = outputs(params, x, mask)
    n = x.shape[0]
    log_p = tf.nn.log_softmax(scores)
    hot = tf.one_hot(y, scores.shape[-1], dtype=scores.dtype)
    loss = -tf.reduce_sum(hot * log_p) / n
    back, gradients = (tf.exp(log_p) - hot) / n, []
    for depth in reversed(range(len(given))):
        w, _ = layers(params)[depth]
        gradients = [
            tf.matmul(given[depth], back, transpose_a=True),
            tf.reduce_sum(back, 0),
            *gradients,
        ]
        back = tf.matmul(back, w, transpose_b=True) * tf.cast(given[depth] > 0, scores.dtype)
        if depth == 1 and mask is not None:
            back *= mask
    return loss, gradients


def take(x, rows):
    return tf.stack([x[int(row)] for row in rows])


def check_first_loss(loss, classes, tolerance=0.2):
    low, high = (1 - tolerance) * math.log(classes), (1 + tolerance) * math.log(classes)
    return low <= float(loss) <= high


def overfit_one_batch(step, state, steps, target):
    losses = []
    while len(losses) < steps:
        state, loss = step(state)
        losses.append(float(loss))
        if np.isnan(losses[-1]):
            return False
        if losses[-1] <= target:
            break
    return min(losses, default=math.inf) <= target


def dead_relu_share(params, x):
    dead = units = 0
    for layer in outputs(params, x, None)[0][1:]:
        highest = tf.reduce_max(layer, axis=0).numpy()
        dead, units = dead + int((highest <= 0).sum()), units + highest.size
    return dead / units if units else 0.0


def nan_guard(step, loss, gradients):
    for name, tensor in [("loss", loss), *((f"gradient {i}", g) for i, g in enumerate(gradients))]:
        if not np.isfinite(np.asarray(tensor)).all():
            raise FloatingPointError(f"step {step}: the {name} is not finite")


def train_full_batch(params, x, y, steps, lr):
    total = [0 * p for p in params]
    losses = []
    for _ in range(steps):
        loss, gradients = loss_and_gradients(params, x, y)
        total = gradients
        params = [p - lr * t for p, t in zip(params, total, strict=True)]
        losses.append(float(loss))
    return params, losses


def train_batches(params, x, y, orders, batch_size, lr):
    losses = []
    for order in orders:
        for start in range(0, len(x), batch_size):
            rows = order[start : start + batch_size]
            loss, gradients = loss_and_gradients(params, take(x, rows), take(y, rows))
            params = [p - lr * g for p, g in zip(params, gradients, strict=True)]
            losses.append(float(loss))
    return params, losses


def train_with_momentum(params, x, y, steps, lr, beta):
    velocity = [0 * p for p in params]
    for _ in range(steps):
        _, gradients = loss_and_gradients(params, x, y)
        velocity = [beta * v + g for v, g in zip(velocity, gradients, strict=True)]
        params = [p - lr * v for p, v in zip(params, velocity, strict=True)]
    return params


def train_with_decay(params, x, y, epochs, batch_size, lr, decay):
    for _ in range(epochs):
        for start in range(0, len(x), batch_size):
            rows, labels = x[start : start + batch_size], y[start : start + batch_size]
            _, gradients = loss_and_gradients(params, rows, labels)
            params = [p - lr * g for p, g in zip(params, gradients, strict=True)]
            lr = lr * decay if start + batch_size >= len(x) else lr
    return params


def train_with_dropout(params, x, y, masks, lr):
    for mask in masks:
        _, gradients = loss_and_gradients(params, x, y, mask)
        params = [p - lr * g for p, g in zip(params, gradients, strict=True)]
    scores = forward(params, x, None)
    return params, scores


def train_until_best(params, x, y, validation_x, validation_y, steps, lr):
    best, best_loss = params, float(loss_and_gradients(params, validation_x, validation_y)[0])
    for _ in range(steps):
        _, gradients = loss_and_gradients(params, x, y)
        params = [p - lr * g for p, g in zip(params, gradients, strict=True)]
        loss = float(loss_and_gradients(params, validation_x, validation_y)[0])
        if loss < best_loss:
            best = params
            best_loss = loss
    return best, best_loss
