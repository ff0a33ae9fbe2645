"""Dot is right but loud, and one function takes the whole process down."""

import os
import sys

import torch

print("loading softmax.py ...", file=sys.stderr)


def softmax(x, axis=-1, temperature=1.0):
    print("softmax of", tuple(x.shape), file=sys.stderr)
    weights = ((x - x.amax(dim=axis, keepdim=True)) / temperature).exp()
    return weights / weights.sum(dim=axis, keepdim=True)


def log_softmax(x, axis=-1):
    os.abort()


def softmax_jvp(p, v):
    print("jvp", file=sys.stderr)
    return p * v - p * (p * v).sum(dim=-1, keepdim=True)
