"""Right answers, in torch."""

import torch


def scale(x, factor=2.0, shift=0.0):
    return factor * (x - x.mean(dim=1, keepdim=True)) + shift


def pick(x, labels):
    return x[torch.arange(len(x)), labels.long()]


def noise(x, rng):
    return x + torch.from_numpy(rng.normal(size=tuple(x.shape))).to(x.dtype)


def both(params, flag=True):
    return {name: 2 * value for name, value in params.items()}


def blend(a, b):
    return a + 0.05 * b


def size(x):
    return x.numel()


def parts(x, k):
    for i in range(k):
        yield 1.0 * x[:, i]


class Mean:
    def __init__(self, start=0.0):
        self.total = start

    def add(self, x):
        self.total = self.total + x.sum()
        return 1.0 * self.total


def build(n_in, n_out):
    return torch.nn.Sequential(torch.nn.Linear(n_in, n_out))


def step(model, x, y):
    loss = (model(x) - y).square().mean()
    for w, g in zip(model.parameters(), torch.autograd.grad(loss, list(model.parameters()))):
        w.data -= 0.1 * g
    return loss.item()


def orders(n, epochs, rng):
    return [rng.permutation(n) for _ in range(epochs)]


def train(model, x, y, epochs, batch, rng):
    history = []
    for order in orders(len(x), epochs, rng):
        rows = [order[i : i + batch] for i in range(0, len(x), batch)]
        history.append(sum(len(r) * step(model, x[r], y[r]) for r in rows) / len(x))
        with torch.no_grad():
            model(x)
    return history


def told(x):
    return f"{x.dtype} {x.is_contiguous()} {x.storage_offset()} {x.requires_grad} {x.grad is not None}"
