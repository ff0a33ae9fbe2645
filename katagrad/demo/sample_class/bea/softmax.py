"""Bea is half-way: softmax works, the rest is still the stub's."""

import torch


def softmax(x, axis=-1, temperature=1.0):
    x = x / temperature
    powers = torch.exp(x - torch.max(x, dim=axis, keepdim=True).values)
    return powers / torch.sum(powers, dim=axis, keepdim=True)


def log_softmax(x, axis=-1):
    return torch.log(softmax(x, axis))


def softmax_jvp(p, v):
    raise NotImplementedError("softmax_jvp")
