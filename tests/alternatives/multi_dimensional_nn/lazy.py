"""Einsum, data loaders, and lazy layers, which have no weights before the first call."""

from functools import reduce
from operator import mul

import torch
import torch.nn as nn


def flatten_keep_batch(x):
    return torch.stack([row.ravel() for row in x.unbind(0)])


def dense_along(x, w, b, axis=-1):
    axis %= x.ndim
    letters = "abcde"[: x.ndim]
    out = letters.replace(letters[axis], "z")
    shape = [1] * x.ndim
    shape[axis] = -1
    return torch.einsum(f"{letters},{letters[axis]}z->{out}", x, w) + b.reshape(shape)


def build(in_shape, out_shape, hidden):
    layers = [nn.Flatten()]
    for h in hidden:
        layers.extend([nn.LazyLinear(h), nn.ReLU()])
    layers.extend([nn.LazyLinear(reduce(mul, out_shape, 1)), nn.Unflatten(1, tuple(out_shape))])
    return nn.Sequential(*layers)


def train(model, x, y, epochs, lr, batch_size):
    model(x[:1])  # the lazy layers get their sizes
    opt = torch.optim.Adam(model.parameters(), lr=lr, betas=(0.9, 0.999), eps=1e-7)
    crit = nn.MSELoss(reduction="mean")
    loader = torch.utils.data.DataLoader(
        list(zip(x, y, strict=False)), batch_size=batch_size, shuffle=True
    )
    result = []
    for _ in range(epochs):
        s = c = 0
        for xb, yb in loader:
            opt.zero_grad()
            loss = crit(model(xb), yb)
            loss.backward()
            opt.step()
            s += loss.item() * yb.numel()
            c += yb.numel()
        result.append(s / c)
    return result
