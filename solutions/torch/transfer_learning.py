"""Transfer learning in two phases, in PyTorch. Images are (N, C, H, W)."""

import copy
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

# Convolution, normalisation, ReLU, maximum.
LAYERS = 4


def build(in_shape, filters, classes):
    height, width, channels = in_shape
    layers = []
    for before, after in pairwise((channels, *filters)):
        layers.append(nn.Conv2d(before, after, 3, padding=1))
        layers.append(nn.BatchNorm2d(after, eps=1e-5, momentum=0.1))
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
    flat = (height >> len(filters)) * (width >> len(filters)) * filters[-1]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(flat, classes))


def replace_head(model, classes):
    head = nn.Linear(model[-1].in_features, classes)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    made = nn.Sequential(*copy.deepcopy(model[:-1]), head)
    return made.requires_grad_(True)


def freeze(model, blocks):
    count = len(model) // LAYERS
    if not 0 <= blocks <= count:
        raise ValueError(f"the model has {count} blocks, so {blocks} cannot be frozen")
    model.requires_grad_(True)
    model[: blocks * LAYERS].requires_grad_(False)


def trainable_count(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def train(model, x, y, epochs, batch, lr, rng):
    learned = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(learned, lr=lr, momentum=0.9)
    history, was = [], model.training
    model.train()
    for layer in model:
        # In training mode, batch normalisation moves its statistics even if its weights are frozen.
        if isinstance(layer, nn.BatchNorm2d) and not layer.weight.requires_grad:
            layer.eval()
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


def transfer(base, x, y, classes, epochs, batch, lr, rng, thaw=1):
    model = replace_head(base, classes)
    blocks = len(model) // LAYERS
    freeze(model, blocks)
    history = train(model, x, y, epochs[0], batch, lr, rng)
    freeze(model, blocks - thaw)
    history += train(model, x, y, epochs[1], batch, lr / 10, rng)
    return model, history


def logits(model, x):
    was = model.training
    model.eval()
    with torch.no_grad():
        found = model(x)
    model.train(was)
    return found
