"""Inverted dropout, by hand and in an MLP, in PyTorch."""

import torch
import torch.nn.functional as F
from torch import nn


def make_mask(shape, p, rng):
    if not 0 <= p <= 1:
        raise ValueError(f"p is {p}, but should be from 0 to 1")
    return torch.from_numpy(rng.random(shape) >= p).float()


def dropout(x, p, mask, training=True):
    if not training:
        return x
    # Dropout is linear in x with a diagonal matrix, so forward and backward are the same map.
    return dropout_backward(x, p, mask)


def dropout_backward(dy, p, mask):
    return torch.zeros_like(dy) if p == 1 else dy * mask / (1 - p)


def build_mlp(n_in, hidden, classes, p):
    layers = []
    for width in hidden:
        layers += [nn.Linear(n_in, width), nn.ReLU(), nn.Dropout(p)]
        n_in = width
    return nn.Sequential(*layers, nn.Linear(n_in, classes))


def logits(model, x, training=False):
    model.train(training)
    return model(x)


def train_mlp(model, x, y, epochs, batch_size, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(x)).split(batch_size):
            loss = F.cross_entropy(logits(model, x[rows], training=True), y[rows].long())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        history.append(total / len(x))
    return history
