"""Batches from a generator function, gradients by backward() in float64, and a running copy changed in place."""

import torch


def minibatches(n, batch, rng, drop_last=False):
    if min(n, batch) <= 0:
        raise ValueError("nothing to divide")
    order = list(range(n))
    rng.shuffle(order)
    part = []
    for row in order:
        part.append(row)
        if len(part) == batch:
            yield torch.tensor(part)
            part = []
    if part and not drop_last:
        yield torch.tensor(part)


def sgd_step(params, grads, lr):
    moved = {}
    for name in params:
        moved[name] = params[name].clone()
        moved[name] -= lr * grads[name]
    return moved


def fit(loss_fn, params, x, y, batch, lr, epochs, rng):
    kinds = {name: w.dtype for name, w in params.items()}
    own = {name: w.detach().double().clone().requires_grad_() for name, w in params.items()}
    x, y = (rows.double() if rows.is_floating_point() else rows for rows in (x, y))
    history = []
    for _ in range(epochs):
        for rows in minibatches(x.shape[0], batch, rng):
            for w in own.values():
                w.grad = None
            loss_fn(own, x.index_select(0, rows), y.index_select(0, rows)).backward()
            with torch.no_grad():
                for w in own.values():
                    w -= lr * w.grad
        with torch.no_grad():
            history.append(loss_fn(own, x, y).item())
    return {name: w.detach().to(kinds[name]) for name, w in own.items()}, history
