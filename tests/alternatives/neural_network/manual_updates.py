"""PyTorch: a module of its own, updates written by hand, one optimizer-free step after the other."""

from itertools import pairwise

import torch
from torch import nn


class Network(nn.Module):
    def __init__(self, sizes, dropout):
        super().__init__()
        self.steps = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.dropout = dropout

    def forward(self, x):
        for i, step in enumerate(self.steps):
            x = step(x)
            if i + 1 < len(self.steps):
                x = nn.functional.dropout(x.clamp(min=0), self.dropout, self.training)
        return x


def build(n_in, hidden, n_classes, dropout=0.0):
    return Network([n_in, *hidden, n_classes], dropout)


def train(model, x, y, epochs, lr, batch_size, shuffle=True):
    history = {"loss": [], "accuracy": []}
    for _ in range(epochs):
        model.train()
        rows = torch.randperm(len(x)) if shuffle else torch.arange(len(x))
        losses, right = [], []
        for part in rows.split(batch_size):
            logits = model(x[part])
            loss = logits.logsumexp(1) - logits[torch.arange(len(part)), y[part].long()]
            gradients = torch.autograd.grad(loss.mean(), list(model.parameters()))
            with torch.no_grad():
                for parameter, gradient in zip(model.parameters(), gradients, strict=True):
                    parameter -= lr * gradient
            losses.append(loss.detach())
            right.append(logits.argmax(1) == y[part])
        history["loss"].append(float(torch.cat(losses).mean()))
        history["accuracy"].append(float(torch.cat(right).double().mean()))
    return history


def predict(model, x):
    was = model.training
    model.train(False)
    z = model(x).detach()
    odds = (z - z.amax(dim=-1, keepdim=True)).exp()
    model.train(was)
    return odds / odds.sum(dim=-1, keepdim=True)


def count_parameters(model):
    return sum(p.numel() for a in model.steps for p in (a.weight, a.bias) if p.requires_grad)
