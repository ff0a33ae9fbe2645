"""Multiclass cross-entropy from logits, in PyTorch."""

import torch


def cross_entropy(logits, labels, label_smoothing=0.0, ignore_index=None, reduction="mean"):
    rows, _ = logits.shape
    log_p = torch.log_softmax(logits, dim=-1)  # (N, C)
    counts = torch.ones(rows, dtype=torch.bool, device=logits.device)  # (N,)
    if labels.is_floating_point():
        if labels.shape != logits.shape:
            raise ValueError(
                f"labels {tuple(labels.shape)} do not fit logits {tuple(logits.shape)}"
            )
        surprise = -(labels * log_p).sum(dim=-1)  # (N,)
    else:
        if labels.shape != (rows,):
            raise ValueError(
                f"labels {tuple(labels.shape)} do not fit logits {tuple(logits.shape)}"
            )
        labels = labels.long()
        if ignore_index is not None:
            counts = labels != ignore_index
        # An ignored label may lie outside the classes: any class does for it, since its loss is dropped.
        index = labels.where(counts, 0)
        surprise = -log_p.gather(-1, index[:, None]).squeeze(-1)  # (N,)
    # The smoothed target mixes the label with a uniform distribution, and the loss is linear in the target.
    losses = (1 - label_smoothing) * surprise - label_smoothing * log_p.mean(dim=-1)
    losses = losses.where(counts, 0.0)
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    if reduction == "mean":
        return losses.sum() / counts.sum().clamp(min=1)
    raise ValueError(f"reduction is {reduction!r}, but should be 'mean', 'sum' or 'none'")


def nll(log_probabilities, labels):
    return -log_probabilities.gather(-1, labels.long()[:, None]).mean()
