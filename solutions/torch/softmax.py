"""Softmax and log-softmax, in PyTorch."""

import torch


def softmax(x, axis=-1, temperature=1.0):
    # The shift cancels in the ratio; it makes the largest exponent 0, so exp cannot overflow.
    shifted = (x - x.amax(dim=axis, keepdim=True)) / temperature
    weights = torch.exp(shifted)
    return weights / weights.sum(dim=axis, keepdim=True)


def log_softmax(x, axis=-1):
    shifted = x - x.amax(dim=axis, keepdim=True)
    return shifted - shifted.exp().sum(dim=axis, keepdim=True).log()


def softmax_jvp(p, v):
    return p * (v - (p * v).sum(dim=-1, keepdim=True))
