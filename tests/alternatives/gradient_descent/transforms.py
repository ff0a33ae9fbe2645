"""Batches from a class that goes through them more than once, gradients by torch.func, in PyTorch."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Epoch:
    order: torch.Tensor
    batch: int
    stop: int

    def __len__(self):
        return -(-self.stop // self.batch)

    def __iter__(self):
        for start in range(0, self.stop, self.batch):
            yield self.order[start : min(start + self.batch, self.stop)].clone()


def minibatches(n, batch, rng, drop_last=False):
    if min(n, batch) < 1:
        raise ValueError(f"n is {n} and batch is {batch}; both must be at least 1")
    order = torch.from_numpy(rng.random(n).argsort(kind="stable").astype("int64"))
    return Epoch(order, batch, n // batch * batch if drop_last else n)


def sgd_step(params, grads, lr):
    return {
        name: torch.sub(value.detach(), grads[name].detach(), alpha=lr)
        for name, value in params.items()
    }


def fit(loss_fn, params, x, y, batch, lr, epochs, rng):
    gradient = torch.func.grad(loss_fn)
    state = {name: value.detach().clone() for name, value in params.items()}
    history = []
    while len(history) < epochs:
        for rows in minibatches(x.shape[0], batch, rng):
            slopes = gradient(state, x.index_select(0, rows), y.index_select(0, rows))
            state = sgd_step(state, slopes, lr)
        history.append(loss_fn(state, x, y).item())
    return state, history
