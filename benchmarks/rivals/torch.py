"""What PyTorch itself offers for what a topic writes by hand: same arguments, same result."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn


def softmax(x):
    return F.softmax(x, dim=-1)


def cross_entropy(logits, labels):
    return F.cross_entropy(logits, labels)


def conv2d(x, w, b, padding=0):
    return F.conv2d(x, w, b, padding=padding)


def attention(q, k, v):
    return F.scaled_dot_product_attention(
        q, k, v
    )  # without the weights, which the topic returns, too


def batch_norm(x, gamma, beta, running, training=True):
    mean, variance = running
    return F.batch_norm(x, mean, variance, gamma, beta, training)


def layers(widths):
    """A step of training by nn.Sequential, an optimizer and a loss: its own weights, in place."""
    parts = [part for n, m in pairwise(widths) for part in (nn.Linear(n, m), nn.ReLU())]
    model = nn.Sequential(*parts[:-1])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loss_of = nn.CrossEntropyLoss()

    def step(params, x, y, lr):  # noqa: ARG001  the arguments of mlp_scratch.train_step
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step
