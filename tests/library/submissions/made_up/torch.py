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
