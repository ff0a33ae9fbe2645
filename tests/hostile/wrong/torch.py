"""An honest wrong answer: softmax over everything, unshifted; the other two by the wrong formulas."""

import torch


def softmax(x, axis=-1, temperature=1.0):
    return torch.exp(x) / torch.exp(x).sum()


def log_softmax(x, axis=-1):
    return x - x.max()


def softmax_jvp(p, v):
    return p * v
