"""Softmax and log-softmax."""

import numpy as np


def softmax(x, axis=-1, temperature=1.0):
    # The shift cancels in the ratio; it makes the largest exponent 0, so exp cannot overflow.
    shifted = (x - x.max(axis=axis, keepdims=True)) / temperature
    weights = np.exp(shifted)
    return weights / weights.sum(axis=axis, keepdims=True)


def log_softmax(x, axis=-1):
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def softmax_jvp(p, v):
    return p * (v - (p * v).sum(axis=-1, keepdims=True))
