"""Counting in plain Python and returning Python floats where a number is asked for, in PyTorch."""

import math

import torch


def confusion_matrix(labels, predictions, classes):
    table = torch.zeros((classes, classes), dtype=torch.int32)
    for label, prediction in zip(labels.tolist(), predictions.tolist(), strict=True):
        table[label, prediction] += 1
    return table


def accuracy(labels, predictions):
    right = [a == b for a, b in zip(labels.tolist(), predictions.tolist(), strict=True)]
    return sum(right) / len(right)


def precision_recall_f1(labels, predictions, classes, average="macro"):
    if average == "micro":
        return [accuracy(labels, predictions)] * 3
    if average not in ("macro", "weighted", "none"):
        raise ValueError(average)
    rows, sizes = [], []
    for c in range(classes):
        truth, found = labels == c, predictions == c
        hits = int((truth & found).sum())
        precision = hits / int(found.sum()) if found.any() else 0.0
        recall = hits / int(truth.sum()) if truth.any() else 0.0
        both = precision + recall
        rows.append((precision, recall, 2 * precision * recall / both if both else 0.0))
        sizes.append(int(truth.sum()) if average == "weighted" else 1)
    if average == "none":
        return tuple(torch.tensor(column) for column in zip(*rows, strict=True))
    total = sum(sizes)
    return tuple(
        sum(n * value for n, value in zip(sizes, column, strict=True)) / total
        for column in zip(*rows, strict=True)
    )


def pairs(target, prediction):
    if target.shape != prediction.shape:
        raise ValueError
    return list(zip(target.flatten().tolist(), prediction.flatten().tolist(), strict=True))


def mae(target, prediction):
    return sum(abs(t - p) for t, p in pairs(target, prediction)) / target.numel()


def rmse(target, prediction):
    return math.sqrt(sum((t - p) ** 2 for t, p in pairs(target, prediction)) / target.numel())


def r2(target, prediction):
    both = pairs(target, prediction)
    mean = sum(t for t, _ in both) / len(both)
    return 1 - sum((t - p) ** 2 for t, p in both) / sum((t - mean) ** 2 for t, _ in both)


def mape(target, prediction):
    return sum(abs(1 - p / t) for t, p in pairs(target, prediction)) / target.numel() * 100
