"""A list of (w, b) pairs, cross-entropy from logsumexp, backward on clones, probes in NumPy, in PyTorch."""

import math

import numpy as np
import torch


def layers(params):
    return [(params[i], params[i + 1]) for i in range(0, len(params), 2)]


def forward(params, x, mask=None):
    *hidden, (w, b) = layers(params)
    for i, (v, c) in enumerate(hidden):
        x = torch.clamp(torch.addmm(c, x, v), min=0)
        if i == 0 and mask is not None:
            x = mask * x
    return torch.addmm(b, x, w)


def loss_and_gradients(params, x, y, mask=None):
    copies = [torch.tensor(p.detach().numpy().copy(), requires_grad=True) for p in params]
    scores = forward(copies, x, mask)
    own = scores.gather(1, y.to(torch.int64).reshape(-1, 1))
    loss = (torch.logsumexp(scores, dim=1, keepdim=True) - own).mean()
    found = torch.autograd.grad(loss, copies)
    return loss.detach().clone(), [g.clone() for g in found]


def take(x, rows):
    return torch.stack([x[int(row)] for row in rows])


def check_first_loss(loss, classes, tolerance=0.2):
    low, high = ((1 + sign * tolerance) * math.log(classes) for sign in (-1, 1))
    return bool(low <= loss <= high)


def overfit_one_batch(step, state, steps, target):
    for _ in range(steps):
        state, loss = step(state)
        value = float(loss)
        if value != value:
            return False
        if value <= target:
            return True
    return False


def dead_relu_share(params, x):
    counts = [0, 0]
    x = x.detach().numpy()
    for w, b in layers(params)[:-1]:
        x = np.maximum(x @ w.detach().numpy() + b.detach().numpy(), 0)
        counts[0] += int((x.max(axis=0) == 0).sum())
        counts[1] += x.shape[1]
    return counts[0] / counts[1] if counts[1] else 0.0


def nan_guard(step, loss, gradients):
    for name, value in [("loss", loss), *((f"gradient {i}", g) for i, g in enumerate(gradients))]:
        if (value != value).any() or (abs(value) == math.inf).any():
            raise FloatingPointError(f"{name} is not finite in step {step}")


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
