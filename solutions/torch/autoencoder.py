"""Autoencoders in PyTorch."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F


def _dense(widths, linear):
    layers = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after)] + ([] if linear else [nn.ReLU()])
    return layers if linear else layers[:-1]


def build(features, code, hidden=(64,), linear=False):
    if not 1 <= code < features:
        raise ValueError(f"a code of {code} numbers does not squeeze {features} features")
    encoder = _dense([features, *hidden, code], linear)
    decoder = _dense([code, *reversed(hidden), features], linear)
    return nn.Sequential(*encoder), nn.Sequential(*decoder, *([] if linear else [nn.Sigmoid()]))


def reconstruct(model, x):
    encoder, decoder = model
    with torch.no_grad():
        return decoder(encoder(x))  # (N, D)


def reconstruction_error(model, x):
    return (reconstruct(model, x) - x).square().mean(dim=1)


def train(model, x, epochs, batch, lr, rng, noise=0.0):
    encoder, decoder = model
    parameters = [*encoder.parameters(), *decoder.parameters()]
    adam = torch.optim.Adam(parameters, lr=lr, eps=1e-7)
    history = []
    for _ in range(epochs):
        total = 0.0
        for rows in torch.from_numpy(rng.permutation(len(x))).split(batch):
            clean = x[rows]
            noisy = clean + noise * torch.from_numpy(rng.standard_normal(clean.shape)).to(x)
            loss = F.mse_loss(decoder(encoder(noisy)), clean)
            adam.zero_grad()
            loss.backward()
            adam.step()
            total += loss.item() * len(rows)
        history.append(total / len(x))
    return history


def fit_threshold(errors, quantile):
    if not 0 <= quantile <= 1 or len(errors) == 0:
        raise ValueError(f"no quantile {quantile} of {len(errors)} errors")
    return torch.quantile(errors, quantile)


def detect(errors, threshold):
    return errors > threshold


def find_anomalies(normal, x, code, hidden, quantile, epochs, batch, lr, rng, noise=0.0):
    model = build(normal.shape[1], code, hidden)
    train(model, normal, epochs, batch, lr, rng, noise)
    threshold = fit_threshold(reconstruction_error(model, normal), quantile)
    return model, threshold, detect(reconstruction_error(model, x), threshold)
