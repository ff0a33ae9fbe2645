"""Networks over more than two dimensions, in PyTorch."""

from math import prod

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset


def flatten_keep_batch(x):
    return x.flatten(start_dim=1)


def dense_along(x, w, b, axis=-1):
    moved = x.movedim(axis, -1) @ w + b  # (..., m)
    return moved.movedim(-1, axis)


def build(in_shape, out_shape, hidden):
    n_in = prod(in_shape)
    layers = [nn.Flatten()]
    for width in hidden:
        layers += [nn.Linear(n_in, width), nn.ReLU()]
        n_in = width
    return nn.Sequential(*layers, nn.Linear(n_in, prod(out_shape)), nn.Unflatten(1, out_shape))


def train(model, x, y, epochs, lr, batch_size):
    batches = DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, eps=1e-7)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for batch_x, batch_y in batches:  # (B, *in_shape), (B, *out_shape)
            loss = F.mse_loss(model(batch_x), batch_y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch_x)
        losses.append(total / len(x))
    return losses
