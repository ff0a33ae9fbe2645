"""Splits, k-fold cross-validation and learning curves, in PyTorch."""

from itertools import accumulate, pairwise

import torch


def divide(rows, fractions):
    """Cut rows at the rounded running sums of the fractions, so that every part's size is off by less than 1."""
    # Halves are rounded up, all of them: between one rounded down and one rounded up, a size is off by 1.
    cuts = [int(round(len(rows) * share, 6) + 0.5) for share in accumulate(fractions[:-1])]
    return [rows[start:end] for start, end in pairwise([0, *cuts, len(rows)])]


def split(n, fractions, rng, labels=None):
    if min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
        raise ValueError(f"the fractions {fractions} add up to {sum(fractions):g}, but should to 1")
    rows = torch.from_numpy(rng.permutation(n))
    if labels is None:
        return divide(rows, fractions)
    shuffled = labels.cpu()[rows]  # rows are drawn on the CPU
    strata = [divide(rows[shuffled == label], fractions) for label in shuffled.unique()]
    parts = [torch.cat(pieces) for pieces in zip(*strata, strict=True)]
    return [part[torch.from_numpy(rng.permutation(len(part)))] for part in parts]


def kfold(n, k, rng):
    if not 2 <= k <= n:
        raise ValueError(f"k is {k}, but should be from 2 to {n}")
    parts = torch.from_numpy(rng.permutation(n)).tensor_split(k)
    return [(torch.cat(parts[:i] + parts[i + 1 :]), parts[i]) for i in range(k)]


def standardize(train, *others):
    deviation, mean = torch.std_mean(train, dim=0, correction=0)  # (D,)
    deviation = torch.where(deviation > 0, deviation, 1.0)
    return [(x - mean) / deviation for x in (train, *others)]


def ridge(x, y, l2):
    mean_x, mean_y = x.mean(dim=0), y.mean()
    centred = x - mean_x  # (N, D); a free bias is the same as centred data
    gram = centred.T @ centred / len(x) + l2 * torch.eye(x.shape[1], dtype=x.dtype)
    w = torch.linalg.solve(gram, centred.T @ (y - mean_y) / len(x))
    return w, mean_y - mean_x @ w


def fitted_errors(train_x, train_y, validation_x, validation_y, l2):
    train_x, validation_x = standardize(train_x, validation_x)
    w, b = ridge(train_x, train_y, l2)
    pairs = ((train_x, train_y), (validation_x, validation_y))
    return [(x @ w + b - y).square().mean().item() for x, y in pairs]


def cross_validate(x, y, folds, l2):
    return [fitted_errors(x[t], y[t], x[v], y[v], l2)[1] for t, v in folds]


def choose_l2(x, y, folds, candidates):
    def mean_error(l2):
        return sum(cross_validate(x, y, folds, l2)) / len(folds)

    return min(candidates, key=lambda l2: (mean_error(l2), -l2))


def learning_curve(x, y, validation_x, validation_y, sizes, l2):
    pairs = [fitted_errors(x[:m], y[:m], validation_x, validation_y, l2) for m in sizes]
    return [train for train, _ in pairs], [validation for _, validation in pairs]


def diagnose(train_losses, validation_losses, target, tolerance=0.1):
    if train_losses[-1] > target:
        return "under"
    allowed = (1 + tolerance) * min(target, *validation_losses)
    return "over" if validation_losses[-1] > allowed else "good"
