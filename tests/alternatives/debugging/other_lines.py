"""Scores by a generator of hidden layers, and each loop repaired in a line of its own choice, in PyTorch."""

import math
from itertools import islice

import torch
from torch.nn import functional as F


def _layers(params):
    it = iter(params)
    return list(zip(it, it, strict=True))


def _hidden(params, x):
    """Yield the output of each hidden layer after its ReLU; the sender may answer with a replacement."""
    for w, b in _layers(params)[:-1]:
        x = F.threshold(torch.addmm(b, x, w), 0.0, 0.0)
        answer = yield x
        x = x if answer is None else answer


def forward(params, x, mask=None):
    if len(params) < 2 or len(params) % 2:
        raise ValueError("params should hold w and b of each layer")
    walk = _hidden(params, x)
    last = x
    try:
        last = next(walk)
        if mask is not None:
            last = mask * last
        while True:
            last = walk.send(last)
    except StopIteration:
        pass
    return torch.addmm(params[-1], last, params[-2])


def loss_and_gradients(params, x, y, mask=None):
    x = x.detach()
    rows = torch.arange(len(x))
    labels = y.detach().long()

    def objective(weights):
        scores = forward(weights, x, None if mask is None else mask.detach())
        return (scores.logsumexp(dim=1) - scores[rows, labels]).mean()

    gradients, loss = torch.func.grad_and_value(objective)([p.detach().clone() for p in params])
    return loss, list(gradients)


def take(x, rows):
    return x.index_select(0, rows.reshape(-1).to(torch.int64))


def check_first_loss(loss, classes, tolerance=0.2):
    fair = math.log(classes)
    return bool(fair - tolerance * fair <= loss <= fair + tolerance * fair)


def _losses(step, state):
    while True:
        state, loss = step(state)
        yield float(loss)


def overfit_one_batch(step, state, steps, target):
    for loss in islice(_losses(step, state), steps):
        if math.isnan(loss):
            return False
        if loss <= target:
            return True
    return False


def dead_relu_share(params, x):
    with torch.no_grad():
        dead = [(h == 0).all(dim=0) for h in _hidden(params, x)]
        return float(torch.cat(dead).double().mean()) if dead else 0.0


def nan_guard(step, loss, gradients):
    named = [("loss", loss)] + [(f"gradient {i}", g) for i, g in enumerate(gradients)]
    bad = [name for name, t in named if bool((~torch.isfinite(t.detach())).any())]
    if bad:
        raise FloatingPointError(f"step {step}: {', '.join(bad)} not finite")


# Below are the loops to be repaired, one fault each.


def train_full_batch(params, x, y, steps, lr):
    """Gradient descent on all rows: each step takes lr times the gradient at the current params.

    Returns (params, losses); losses holds a Python float a step, the loss before it.
    """
    total = [0 * p for p in params]
    losses = []
    for _ in range(steps):
        loss, gradients = loss_and_gradients(params, x, y)
        total = [t + g for t, g in zip(total, gradients, strict=True)]
        params = [p - lr * g for p, g in zip(params, gradients, strict=True)]
        losses.append(float(loss))
    return params, losses


def train_batches(params, x, y, orders, batch_size, lr):
    """Mini-batch descent, one epoch for each order: the rows and their labels in this order, cut into batches.

    orders: list of integer tensors (N,), permutations of the rows. The last batch of an epoch may be shorter.
    Returns (params, losses); losses holds a Python float a batch, the loss before its step.
    """
    losses = []
    for order in orders:
        for start in range(0, len(x), batch_size):
            rows = order[start : start + batch_size]
            labels = y[start : start + batch_size]  # noqa: F841
            loss, gradients = loss_and_gradients(params, take(x, rows), take(y, rows))
            params = [p - lr * g for p, g in zip(params, gradients, strict=True)]
            losses.append(float(loss))
    return params, losses


def train_with_momentum(params, x, y, steps, lr, beta):
    """Descent on all rows with momentum: velocity = beta * velocity + gradient, from 0; params - lr * velocity.

    Returns the params after the last step.
    """
    for _ in range(steps):
        velocity = [0 * p for p in params] if _ == 0 else velocity  # noqa: F821
        _, gradients = loss_and_gradients(params, x, y)
        velocity = [beta * v + g for v, g in zip(velocity, gradients, strict=True)]
        params = [p - lr * v for p, v in zip(params, velocity, strict=True)]
    return params


def train_with_decay(params, x, y, epochs, batch_size, lr, decay):
    """Mini-batch descent in the order of the rows; the learning rate is multiplied by decay after every epoch.

    The last batch of an epoch may be shorter. Returns the params after the last step.
    """
    for _ in range(epochs):
        for start in range(0, len(x), batch_size):
            rows, labels = x[start : start + batch_size], y[start : start + batch_size]
            _, gradients = loss_and_gradients(params, rows, labels)
            params = [p - lr * g for p, g in zip(params, gradients, strict=True)]
            lr = lr * decay if start + batch_size >= len(x) else lr
    return params


def train_with_dropout(params, x, y, masks, lr):
    """Descent on all rows with dropout, one step for each mask; returns (params, scores of the network in use).

    masks: list of float tensors (N, width).
    """
    for mask in masks:
        _, gradients = loss_and_gradients(params, x, y, mask)
        params = [p - lr * g for p, g in zip(params, gradients, strict=True)]
    scores = forward(params, x, mask=None)
    return params, scores


def train_until_best(params, x, y, validation_x, validation_y, steps, lr):
    """Descent on all training rows; returns (params, loss), those with the lowest validation loss, a Python float.

    The params given take part, and so do those after each step.
    """
    best, best_loss = params, float(loss_and_gradients(params, validation_x, validation_y)[0])
    for _ in range(steps):
        _, gradients = loss_and_gradients(params, x, y)
        params = [p - lr * g for p, g in zip(params, gradients, strict=True)]
        loss = float(loss_and_gradients(params, validation_x, validation_y)[0])
        if loss < best_loss:
            best_loss, best = loss, params
    return best, best_loss
