"""ROC curves, AUC, and one-versus-rest AUC, in PyTorch."""

import torch


def roc_curve(labels, scores):
    labels = labels.to(scores.dtype)
    positives = labels.sum()
    if positives in (0, len(labels)):
        raise ValueError("a ROC curve needs positives and negatives")
    ranked, order = scores.sort(descending=True)
    found = labels[order].cumsum(dim=0)  # (N,), positives among the i + 1 highest scores
    alarms = torch.arange(1, len(labels) + 1) - found
    # Equal scores lie on the same side of every threshold: only the last of each run is a point.
    last = torch.cat([ranked.diff() != 0, torch.tensor([True])])
    origin = scores.new_zeros(1)
    fpr = torch.cat([origin, alarms[last] / (len(labels) - positives)])
    tpr = torch.cat([origin, found[last] / positives])
    thresholds = torch.cat([origin + torch.inf, ranked[last]])
    return fpr, tpr, thresholds


def auc(x, y):
    return (x.diff() * (y[1:] + y[:-1])).sum() / 2


def multiclass_auc(labels, probabilities, average="macro"):
    if average not in ("macro", "weighted"):
        raise ValueError(f"average is {average!r}, but should be 'macro' or 'weighted'")
    occurring, sizes = labels.unique(return_counts=True)
    areas = []
    for label in occurring.tolist():
        fpr, tpr, _ = roc_curve((labels == label).long(), probabilities[:, label])
        areas.append(auc(fpr, tpr))
    areas = torch.stack(areas)
    return areas.mean() if average == "macro" else (areas * sizes).sum() / len(labels)
