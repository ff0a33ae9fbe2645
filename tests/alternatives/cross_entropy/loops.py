"""Row by row in PyTorch, in float64 inside, and cast back at the end."""

import torch


def cross_entropy(logits, labels, label_smoothing=0.0, ignore_index=None, reduction="mean"):
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(reduction)
    if labels.shape != (logits.shape if labels.is_floating_point() else logits.shape[:1]):
        raise ValueError("labels")
    classes = logits.shape[1]
    losses, counted = [], 0
    for row, label in zip(logits.double(), labels, strict=True):
        if label.ndim == 0 and ignore_index is not None and int(label) == ignore_index:
            losses.append(row.sum() * 0.0)
            continue
        counted += 1
        target = torch.full((classes,), label_smoothing / classes, dtype=torch.float64)
        if label.ndim == 0:
            target[int(label)] += 1 - label_smoothing
        else:
            target = target + (1 - label_smoothing) * label
        losses.append((target * (torch.logsumexp(row, 0) - row)).sum())
    losses = torch.stack(losses).to(logits.dtype)
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / max(counted, 1)


def nll(log_probabilities, labels):
    total = torch.zeros((), dtype=log_probabilities.dtype)
    for row, label in zip(log_probabilities, labels.tolist(), strict=True):
        total = total - row[label]
    return total / len(labels)
