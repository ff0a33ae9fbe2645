"""A convolutional network from layers, in PyTorch. Images are (N, C, H, W)."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F


def build(in_shape, classes, filters=(16, 32), units=64, rate=0.0, norm=False):
    height, width, channels = in_shape
    rows, columns = height >> len(filters), width >> len(filters)
    if rows < 1 or columns < 1:
        raise ValueError(f"an image of {height} by {width} cannot be halved {len(filters)} times")
    layers = []
    for before, after in pairwise((channels, *filters)):
        layers.append(nn.Conv2d(before, after, 3, padding=1))
        if norm:
            layers.append(nn.BatchNorm2d(after, eps=1e-5, momentum=0.1))
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Flatten(), nn.Linear(rows * columns * filters[-1], units), nn.ReLU()]
    return nn.Sequential(*layers, nn.Dropout(rate), nn.Linear(units, classes))


def shapes(model, x):
    found, was = [], model.training
    model.eval()
    x = x[:1]
    with torch.no_grad():
        for layer in model:
            x = layer(x)
            if isinstance(layer, (nn.Conv2d, nn.MaxPool2d)):
                _, channels, height, width = x.shape
                found.append((height, width, channels))
    model.train(was)
    return found


def receptive_field(layers):
    field, jump = 1, 1  # jump: pixels between neighbouring numbers of a layer
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump *= stride
    return field


def train(model, x, y, epochs, batch, lr, rng):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    history, was = [], model.training
    model.train()
    for _ in range(epochs):
        total = 0.0
        for rows in torch.from_numpy(rng.permutation(len(x))).split(batch):
            loss = F.cross_entropy(model(x[rows]), y[rows].long())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        history.append(total / len(x))
    model.train(was)
    return history


def logits(model, x, batch=256):
    was = model.training
    model.eval()
    with torch.no_grad():
        found = torch.cat([model(part) for part in x.split(batch)])
    model.train(was)
    return found


def predict(model, x, batch=256):
    return logits(model, x, batch).argmax(dim=1)
