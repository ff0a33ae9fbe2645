"""Parts whose sizes are rounded by one random offset, folds by masks, and ridge by singular values, in PyTorch."""

import math
import statistics
from itertools import pairwise

import numpy as np
import torch


def _cut(n, fractions, rng):
    """Sizes by systematic rounding: cumulated quotas, shifted by one random offset, rounded down."""
    shift = rng.uniform(0.05, 0.95)
    ends = [math.floor(n * c + shift) for c in np.cumsum(fractions)[:-1]]
    return [0, *ends, n]


def _pieces(rows, fractions, rng):
    marks = _cut(len(rows), fractions, rng)
    rows = rng.permutation(rows)
    return [rows[a:b] for a, b in pairwise(marks)]


def split(n, fractions, rng, labels=None):
    if not all(f > 0 for f in fractions) or not abs(math.fsum(fractions) - 1) <= 1e-6:
        raise ValueError(f"not fractions of one whole: {fractions}")
    if labels is None:
        parts = _pieces(np.arange(n), fractions, rng)
    else:
        y = labels.detach().numpy()
        by_class = [_pieces(np.flatnonzero(y == c), fractions, rng) for c in np.unique(y)]
        parts = [np.concatenate(group) for group in zip(*by_class, strict=True)]
        parts = [rng.permutation(part) for part in parts]
    return [torch.as_tensor(np.array(part, dtype=np.int64)) for part in parts]


def kfold(n, k, rng):
    if not 2 <= k <= n:
        raise ValueError(f"k is {k}, which is not from 2 to {n}")
    fold_of = torch.from_numpy(rng.permutation(np.arange(n) % k))
    return [
        (torch.nonzero(fold_of != j).flatten(), torch.nonzero(fold_of == j).flatten())
        for j in range(k)
    ]


def standardize(train, *others):
    mean = train.mean(dim=0, keepdim=True)
    spread = ((train - mean) ** 2).mean(dim=0, keepdim=True).sqrt()
    constant = (train == train[:1]).all(dim=0, keepdim=True)
    spread = torch.where(constant, torch.ones_like(spread), spread)
    return [(t - mean) / spread for t in (train, *others)]


def ridge(x, y, l2):
    middle, level = x.mean(dim=0), y.mean()
    u, s, vt = torch.linalg.svd(x - middle, full_matrices=False)
    w = vt.T @ (s / (s.square() + l2 * len(x)) * (u.T @ (y - level)))
    return w, level - middle @ w


def _error(x, y, model):
    w, b = model
    return float((x @ w + b - y).square().mean())


def cross_validate(x, y, folds, l2):
    errors = []
    for training, validation in folds:
        a, c = standardize(x[training], x[validation])
        errors.append(_error(c, y[validation], ridge(a, y[training], l2)))
    return errors


def choose_l2(x, y, folds, candidates):
    return max(candidates, key=lambda l2: (-statistics.fmean(cross_validate(x, y, folds, l2)), l2))


def learning_curve(x, y, validation_x, validation_y, sizes, l2):
    def point(m):
        a, c = standardize(x[:m], validation_x)
        model = ridge(a, y[:m], l2)
        return _error(a, y[:m], model), _error(c, validation_y, model)

    points = [point(int(m)) for m in sizes]
    return [p[0] for p in points], [p[1] for p in points]


def diagnose(train_losses, validation_losses, target, tolerance=0.1):
    if train_losses[-1] > target:
        return "under"
    limit = (1 + tolerance) * min(target, *validation_losses)
    return "over" if validation_losses[-1] > limit else "good"
