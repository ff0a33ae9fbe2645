"""Targets filled in by a loop, and weights for the rows that count, in PyTorch."""

import torch


def cross_entropy(logits, labels, label_smoothing=0.0, ignore_index=None, reduction="mean"):
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(reduction)
    n, c = logits.shape
    keep = torch.ones(n, dtype=logits.dtype)
    if labels.dtype in (torch.float32, torch.float64):
        if tuple(labels.shape) != (n, c):
            raise ValueError("shape")
        t = labels
    else:
        if tuple(labels.shape) != (n,):
            raise ValueError("shape")
        t = torch.zeros(n, c, dtype=logits.dtype)
        for i, label in enumerate(labels.tolist()):
            if ignore_index is not None and label == ignore_index:
                keep[i] = 0
            else:
                t[i, label] = 1
    t = t * (1 - label_smoothing) + label_smoothing / c
    loss = (torch.logsumexp(logits, 1) * t.sum(1) - (t * logits).sum(1)) * keep
    if reduction == "none":
        return loss
    return loss.sum() if reduction == "sum" else loss.sum() / max(float(keep.sum()), 1.0)


def nll(log_probabilities, labels):
    return -torch.stack(
        [row[i] for row, i in zip(log_probabilities, labels.tolist(), strict=True)]
    ).mean()
