"""Bea began with the second function, and found it."""

import torch


def cross_entropy(logits, labels, label_smoothing=0.0, ignore_index=None, reduction="mean"):
    raise NotImplementedError("cross_entropy")


def nll(log_probabilities, labels):
    rows = torch.arange(len(labels))
    return -log_probabilities[rows, labels].mean()
