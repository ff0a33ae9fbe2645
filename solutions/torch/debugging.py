"""Probes that find faults in training, and loops without them, in PyTorch."""

import math

import torch
import torch.nn.functional as F


def hidden_layers(params, x, mask=None):
    """What each hidden layer gives after its ReLU."""
    given = []
    for w, b in zip(params[:-2:2], params[1:-2:2], strict=True):
        x = torch.relu(x @ w + b)  # (N, width)
        given.append(x if mask is None or given else x * mask)
        x = given[-1]
    return given


def forward(params, x, mask=None):
    last = [x, *hidden_layers(params, x, mask)][-1]
    return last @ params[-2] + params[-1]  # (N, K)


def loss_and_gradients(params, x, y, mask=None):
    leaves = [p.detach().requires_grad_() for p in params]
    loss = F.cross_entropy(forward(leaves, x, mask), y.long())
    return loss.detach(), list(torch.autograd.grad(loss, leaves))


def take(x, rows):
    return x[rows.long()]


def check_first_loss(loss, classes, tolerance=0.2):
    fair = math.log(classes)
    return abs(loss - fair) <= tolerance * fair


def overfit_one_batch(step, state, steps, target):
    for _ in range(steps):
        state, loss = step(state)
        if math.isnan(loss) or loss <= target:
            return not math.isnan(loss)
    return False


def dead_relu_share(params, x):
    dead = [(layer == 0).all(dim=0) for layer in hidden_layers(params, x)]  # (width,) each
    return torch.cat(dead).double().mean().item() if dead else 0.0


def nan_guard(step, loss, gradients):
    if not math.isfinite(loss):
        raise FloatingPointError(f"step {step}: the loss is {float(loss)}")
    for i, gradient in enumerate(gradients):
        if not gradient.isfinite().all():
            raise FloatingPointError(f"step {step}: gradient {i} is not finite")


def train_full_batch(params, x, y, steps, lr):
    losses = []
    for _ in range(steps):
        total = [0 * p for p in params]
        loss, gradients = loss_and_gradients(params, x, y)
        total = [t + g for t, g in zip(total, gradients, strict=True)]
        params = [p - lr * t for p, t in zip(params, total, strict=True)]
        losses.append(float(loss))
    return params, losses


def train_batches(params, x, y, orders, batch_size, lr):
    losses = []
    for order in orders:
        for start in range(0, len(x), batch_size):
            rows = order[start : start + batch_size]
            labels = take(y, rows)
            loss, gradients = loss_and_gradients(params, take(x, rows), labels)
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
        lr = lr * decay
    return params


def train_with_dropout(params, x, y, masks, lr):
    for mask in masks:
        _, gradients = loss_and_gradients(params, x, y, mask)
        params = [p - lr * g for p, g in zip(params, gradients, strict=True)]
    scores = forward(params, x)
    return params, scores


def train_until_best(params, x, y, validation_x, validation_y, steps, lr):
    best, best_loss = params, float(loss_and_gradients(params, validation_x, validation_y)[0])
    for _ in range(steps):
        _, gradients = loss_and_gradients(params, x, y)
        params = [p - lr * g for p, g in zip(params, gradients, strict=True)]
        loss = float(loss_and_gradients(params, validation_x, validation_y)[0])
        if loss < best_loss:
            best, best_loss = params, loss
    return best, best_loss
