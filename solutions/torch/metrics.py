"""Classification and regression metrics, in PyTorch."""

import torch


def confusion_matrix(labels, predictions, classes):
    pairs = labels.long() * classes + predictions.long()  # each (label, prediction) as one number
    return torch.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def accuracy(labels, predictions):
    return (labels == predictions).float().mean()


def share(part, whole):
    """part / whole, and 0 where whole is 0: part is 0 there, too."""
    return part / whole.clamp(min=1)


def precision_recall_f1(labels, predictions, classes, average="macro"):
    counts = confusion_matrix(labels, predictions, classes)
    right = counts.diagonal()  # (classes,)
    predicted, actual = counts.sum(dim=0), counts.sum(dim=1)
    if average == "micro":
        right, predicted, actual = right.sum(), predicted.sum(), actual.sum()
    # F1 from counts: 2 right / (predicted + actual) is the harmonic mean of precision and recall.
    metrics = share(right, predicted), share(right, actual), share(2 * right, predicted + actual)
    if average in ("none", "micro"):
        return metrics
    if average == "macro":
        return tuple(metric.mean() for metric in metrics)
    if average == "weighted":
        return tuple((metric * actual).sum() / actual.sum() for metric in metrics)
    raise ValueError(
        f"average is {average!r}, but should be 'macro', 'weighted', 'micro' or 'none'"
    )


def error(target, prediction):
    if target.shape != prediction.shape:
        raise ValueError(f"the shapes {tuple(target.shape)} and {tuple(prediction.shape)} differ")
    return target - prediction


def mae(target, prediction):
    return error(target, prediction).abs().mean()


def rmse(target, prediction):
    return error(target, prediction).square().mean().sqrt()


def r2(target, prediction):
    residual = error(target, prediction).square().sum()
    return 1 - residual / (target - target.mean()).square().sum()


def mape(target, prediction):
    return 100 * (error(target, prediction) / target).abs().mean()
