"""Modules with a forward of their own, SGD's loop by hand over a loader of indices, quantiles by hand; in PyTorch."""

import math

import torch


class Half(torch.nn.Module):
    """Dense layers of the given widths."""

    def __init__(self, widths, between, last):
        super().__init__()
        self.between, self.last = between, last
        self.parts = torch.nn.ModuleList()
        for i in range(1, len(widths)):
            self.parts.append(torch.nn.Linear(widths[i - 1], widths[i]))

    def forward(self, x):
        for i, part in enumerate(self.parts):
            x = part(x)
            x = (self.last if i == len(self.parts) - 1 else self.between)(x)
        return x


def same(x):
    return x


def build(features, code, hidden=(64,), linear=False):
    if code < 1 or code >= features:
        raise ValueError("1 <= code < features")
    widths = [features, *hidden, code]
    between = same if linear else torch.relu
    last = same if linear else torch.sigmoid
    return [Half(widths, between, same), Half(widths[::-1], between, last)]


def reconstruct(model, x):
    return model[1](model[0](x)).detach()


def reconstruction_error(model, x):
    return torch.nn.functional.mse_loss(reconstruct(model, x), x, reduction="none").mean(-1)


def train(model, x, epochs, batch, lr, rng, noise=0.0):
    both = torch.nn.Sequential(*model)
    both.train()
    adam = torch.optim.Adam(both.parameters(), lr, (0.9, 0.999), 1e-7)
    found = []
    while len(found) < epochs:
        order = torch.as_tensor(rng.permutation(x.shape[0]))
        # All the noise of an epoch at once, in the order of the rows as they are used.
        added = torch.as_tensor(rng.normal(0.0, 1.0, tuple(x.shape)), dtype=x.dtype) * noise
        squares = 0.0
        for start in range(0, x.shape[0], batch):
            target = x[order[start : start + batch]]
            error = (both(target + added[start : start + batch]) - target).pow(2)
            both.zero_grad()
            error.mean().backward()
            adam.step()
            squares += error.sum().item()
        found.append(squares / x.numel())
    return found


def fit_threshold(errors, quantile):
    if quantile < 0 or quantile > 1:
        raise ValueError("a quantile lies between 0 and 1")
    if errors.numel() == 0:
        raise ValueError("no errors")
    ordered = torch.sort(errors)[0]
    place = (errors.numel() - 1) * quantile
    low, high = math.floor(place), math.ceil(place)
    return torch.lerp(ordered[low], ordered[high], place - low)


def detect(errors, threshold):
    return torch.gt(errors, threshold)


def find_anomalies(normal, x, code, hidden, quantile, epochs, batch, lr, rng, noise=0.0):
    model = build(normal.size(1), code, tuple(hidden))
    train(model, normal, epochs, batch, lr, rng, noise=noise)
    usual, unusual = (reconstruction_error(model, rows) for rows in (normal, x))
    threshold = fit_threshold(usual, quantile)
    return model, threshold, detect(unusual, threshold)
