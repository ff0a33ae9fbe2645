"""A class of losses that checks and reduces, with the formula as an argument."""

import torch


class Loss:
    def __init__(self, formula):
        self.formula = formula

    def __call__(self, a, b, reduction, **settings):
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f"{reduction} is no reduction")
        if a.size() != b.size():
            raise ValueError(f"{list(a.size())} is not {list(b.size())}")
        each = self.formula(a, b, **settings)
        return each if reduction == "none" else getattr(torch, reduction)(each)


ABSOLUTE = Loss(lambda p, t: torch.maximum(p - t, t - p))


def _huber(p, t, delta):
    error = p - t
    inside = torch.clamp(error, -delta, delta)
    return inside * (error - inside / 2)


def _bce(z, y, weight):
    return (1 - y) * z + (1 + (weight - 1) * y) * torch.logaddexp(torch.zeros_like(z), -z)


HUBER, BINARY = Loss(_huber), Loss(_bce)


def mse(prediction, target, reduction="mean"):
    return Loss(lambda p, t: (t - p) ** 2)(prediction, target, reduction)


def mae(prediction, target, reduction="mean"):
    return ABSOLUTE(prediction, target, reduction)


def huber(prediction, target, delta=1.0, reduction="mean"):
    return HUBER(prediction, target, reduction, delta=delta)


def bce_with_logits(logits, labels, pos_weight=1.0, reduction="mean"):
    return BINARY(logits, labels, reduction, weight=pos_weight)
