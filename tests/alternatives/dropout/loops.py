"""A mask drawn element by element, dropout by selection, and a model of its own class, in PyTorch."""

from itertools import pairwise

import torch
from torch import nn


def make_mask(shape, p, rng):
    if not 0 <= p <= 1:
        raise ValueError("no probability")
    mask = torch.empty(shape, dtype=torch.float32)
    flat = mask.view(-1)
    for i in range(flat.numel()):
        flat[i] = float(rng.uniform() < 1 - p)
    return mask


def dropout(x, p, mask, training=True):
    if training:
        scale = 0.0 if p >= 1 else 1 / (1 - p)
        return torch.where(mask > 0.5, x, torch.zeros_like(x)).mul(scale)
    return x.clone()


def dropout_backward(dy, p, mask):
    with torch.enable_grad():
        x = torch.zeros_like(dy, requires_grad=True)
        return torch.autograd.grad((dropout(x, p, mask) * dy).sum(), x)[0]


class Network(nn.Module):
    def __init__(self, widths, p):
        super().__init__()
        self.dense = nn.ModuleList([nn.Linear(*pair) for pair in pairwise(widths)])
        self.drop = nn.Dropout(p)

    def forward(self, x):
        for layer in self.dense[:-1]:
            x = self.drop(layer(x).clamp(min=0))
        return self.dense[-1](x)


def build_mlp(n_in, hidden, classes, p):
    return Network([n_in, *hidden, classes], p)


def logits(model, x, training=False):
    if training:
        return model.train()(x)
    with torch.no_grad():
        return model.eval()(x)


def train_mlp(model, x, y, epochs, batch_size, lr):
    data = torch.utils.data.TensorDataset(x, y)
    loader = torch.utils.data.DataLoader(data, batch_size=batch_size, shuffle=True)
    model.train()
    history = []
    for _ in range(epochs):
        summed = []
        for rows, labels in loader:
            model.zero_grad()
            losses = nn.functional.cross_entropy(model(rows), labels.long(), reduction="none")
            losses.mean().backward()
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter -= lr * parameter.grad
            summed += losses.tolist()
        history.append(sum(summed) / len(summed))
    model.eval()
    return history
