"""Layers by name in a ModuleDict, He, Xavier and LeCun weights drawn by hand, measures from counts, in PyTorch."""

import math

import torch
from torch import nn


class Graph(nn.Module):
    def __init__(self, n_in, k, first, second):
        super().__init__()
        sizes = {
            "relu": (n_in, first),
            "tanh": (first, first),
            "selu": (first, second),
            "logits": (second, k),
        }
        for name, (fan_in, fan_out) in sizes.items():
            layer = nn.Linear(fan_in, fan_out)
            if name in ("relu", "selu"):
                gain = 2 if name == "relu" else 1
                values = torch.randn(fan_out, fan_in) * math.sqrt(gain / fan_in)
            else:
                values = (2 * torch.rand(fan_out, fan_in) - 1) * math.sqrt(6 / (fan_in + fan_out))
            layer.weight.data, layer.bias.data = values, torch.zeros(fan_out)
            setattr(self, name, layer)

    def forward(self, images):
        return outputs(self, images)["logits"]


def outputs(model, images):
    x = images.reshape(len(images), -1).to(torch.float32) / 255
    a = model.relu(x).clamp(min=0)
    b = model.tanh(a).tanh()
    c = nn.functional.selu(model.selu(a + b))
    return {"relu": a, "tanh": b, "skip": a + b, "selu": c, "logits": model.logits(c)}


def build(in_shape, k, widths=(128, 64)):
    return Graph(in_shape[0] * in_shape[1], k, *widths)


def layer_names(model):
    return ["relu", "tanh", "selu", "logits"]


def activations(model, images):
    return {name: value.detach() for name, value in outputs(model, images).items()}


def train(model, images, labels, epochs, batch=64, lr=0.001):
    adam = torch.optim.Adam(model.parameters(), lr, betas=(0.9, 0.999))
    history = []
    for _ in range(epochs):
        losses = []
        for rows in torch.randperm(len(images)).split(batch):
            log_p = model(images[rows]).log_softmax(1)
            each = -log_p.gather(1, labels[rows].long()[:, None])[:, 0]
            adam.zero_grad(set_to_none=True)
            each.mean().backward()
            adam.step()
            losses += each.tolist()
        history.append(sum(losses) / len(losses))
    return history


def predict_proba(model, images):
    with torch.no_grad():
        z = model(images)
    e = (z - z.amax(1, keepdim=True)).exp()
    return e / e.sum(1, keepdim=True)


def evaluate_full(model, images, labels):
    p = predict_proba(model, images)
    guesses, k = p.argmax(1), p.shape[1]
    found = {"precision": 0.0, "recall": 0.0, "f1": 0.0, "auc": 0.0}
    for c in range(k):
        members, claims = labels == c, guesses == c
        hits = int((members & claims).sum())
        found["precision"] += hits / max(int(claims.sum()), 1) / k
        found["recall"] += hits / int(members.sum()) / k
        found["f1"] += 2 * hits / (int(claims.sum()) + int(members.sum())) / k
        gaps = p[members, c][:, None] - p[~members, c][None]
        found["auc"] += float((gaps > 0).double().mean() + (gaps == 0).double().mean() / 2) / k
    return {"accuracy": float((guesses == labels).double().mean()), **found}
