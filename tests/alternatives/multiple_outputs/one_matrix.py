"""PyTorch: a dictionary of modules, one-hot labels, one update by hand per parameter."""

import torch
from torch import nn


def build(n_in, hidden, n_classes):
    sizes = [n_in, *hidden]
    return nn.ModuleDict(
        {
            "amount": nn.Linear(sizes[-1], 1),
            "label": nn.Linear(sizes[-1], n_classes),
            "trunk": nn.ModuleList(nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(hidden))),
        }
    )


def forward(model, x):
    for layer in model["trunk"]:
        x = layer(x).clamp_min(0)
    return model["label"](x), model["amount"](x).squeeze(1)


def joint_loss(outputs, targets, weights):
    z, amounts = outputs
    one_hot = nn.functional.one_hot(targets[0].long(), z.shape[1]).to(z.dtype)
    entropy = (z.logsumexp(1) - (z * one_hot).sum(1)).mean()
    error = ((amounts - targets[1]) ** 2).mean()
    total = sum(w * part for w, part in zip(weights, (entropy, error), strict=True) if w)
    return total, (entropy, error)


def train(model, x, targets, weights, epochs, lr, batch_size):
    parameters = list(model.parameters())
    moments = [[torch.zeros_like(p), torch.zeros_like(p)] for p in parameters]
    history, t = {"total": [], "label": [], "amount": []}, 0
    for _ in range(epochs):
        means = [0.0, 0.0, 0.0]
        for rows in torch.randperm(len(x)).split(batch_size):
            t += 1
            batch = [target[rows] for target in targets]
            total, parts = joint_loss(forward(model, x[rows]), batch, weights)
            gradients = torch.autograd.grad(total, parameters, allow_unused=True)
            for p, g, (m, v) in zip(parameters, gradients, moments, strict=True):
                if g is None:
                    continue
                m += 0.1 * (g - m)
                v += 0.001 * (g * g - v)
                p.data -= lr * m / (1 - 0.9**t) / ((v / (1 - 0.999**t)).sqrt() + 1e-7)
            for i, value in enumerate((total, *parts)):
                means[i] += value.item() * len(rows) / len(x)
        for key, value in zip(history, means, strict=True):
            history[key].append(value)
    return history
