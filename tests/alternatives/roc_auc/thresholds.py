"""Every threshold against every score, and areas by counting pairs, in PyTorch."""

import torch


def roc_curve(labels, scores):
    if len(set(labels.tolist())) != 2:
        raise ValueError("one class")
    infinite = torch.tensor([float("inf")], dtype=scores.dtype)
    thresholds = torch.cat([infinite, torch.unique(scores).flip(0)])
    chosen = (scores[None, :] >= thresholds[:, None]).double()
    truth = labels.double()
    tpr = chosen @ truth / truth.sum()
    fpr = chosen @ (1 - truth) / (1 - truth).sum()
    return [fpr.to(scores.dtype), tpr.to(scores.dtype), thresholds]


def auc(x, y):
    xs, ys = x.tolist(), y.tolist()
    area = 0.0
    for i in range(len(xs) - 1):
        area += (xs[i + 1] - xs[i]) * ys[i] + (xs[i + 1] - xs[i]) * (ys[i + 1] - ys[i]) / 2
    return area


def multiclass_auc(labels, probabilities, average="macro"):
    if average not in ("macro", "weighted") or len(labels.unique()) < 2:
        raise ValueError
    total, weight = 0.0, 0
    for c, column in enumerate(probabilities.double().unbind(1)):
        inside, outside = column[labels == c], column[labels != c]
        if len(inside):
            margin = inside[:, None] - outside[None, :]
            share = len(inside) if average == "weighted" else 1
            total += share * float((margin.sign() + 1).mean() / 2)
            weight += share
    return torch.tensor(total / weight, dtype=torch.float64)
