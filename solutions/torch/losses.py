"""Losses for regression and binary targets, in PyTorch."""

import torch
from torch.nn.functional import logsigmoid


def check_shapes(a, b):
    if a.shape != b.shape:
        raise ValueError(f"the shapes {tuple(a.shape)} and {tuple(b.shape)} differ")


def reduce(losses, reduction):
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    if reduction == "mean":
        return losses.mean()
    raise ValueError(f"reduction is {reduction!r}, but should be 'mean', 'sum' or 'none'")


def mse(prediction, target, reduction="mean"):
    check_shapes(prediction, target)
    return reduce((prediction - target).square(), reduction)


def mae(prediction, target, reduction="mean"):
    check_shapes(prediction, target)
    return reduce((prediction - target).abs(), reduction)


def huber(prediction, target, delta=1.0, reduction="mean"):
    check_shapes(prediction, target)
    size = (prediction - target).abs()
    losses = torch.where(size <= delta, size.square() / 2, delta * (size - delta / 2))
    return reduce(losses, reduction)


def bce_with_logits(logits, labels, pos_weight=1.0, reduction="mean"):
    check_shapes(logits, labels)
    # log(1 - sigmoid(z)) is log sigmoid(-z): neither logarithm ever sees a rounded probability.
    positive = pos_weight * labels * logsigmoid(logits)
    negative = (1 - labels) * logsigmoid(-logits)
    return reduce(-(positive + negative), reduction)
