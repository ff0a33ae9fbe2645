"""Full-batch, stochastic and mini-batch gradient descent, in PyTorch."""

import torch


def minibatches(n, batch, rng, drop_last=False):
    if n < 1 or batch < 1:
        raise ValueError(f"n and batch must be at least 1, not {n} and {batch}")
    order = torch.from_numpy(rng.permutation(n))  # (n,)
    return [rows for rows in order.split(batch) if not drop_last or len(rows) == batch]


def sgd_step(params, grads, lr):
    return {name: w - lr * grads[name] for name, w in params.items()}


def fit(loss_fn, params, x, y, batch, lr, epochs, rng):
    params = dict(params)
    history = []
    for _ in range(epochs):
        for rows in minibatches(len(x), batch, rng):
            leaves = {name: w.detach().requires_grad_() for name, w in params.items()}
            loss = loss_fn(leaves, x[rows], y[rows])
            grads = torch.autograd.grad(loss, list(leaves.values()))
            params = sgd_step(params, dict(zip(params, grads, strict=True)), lr)
        history.append(float(loss_fn(params, x, y)))
    return params, history
