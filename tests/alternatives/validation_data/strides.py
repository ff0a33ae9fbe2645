"""Splits by largest remainders, folds by strides, ridge as least squares with extra rows, in PyTorch."""

import itertools

import numpy as np
import torch


def sizes_of(n, fractions):
    """Whole numbers with sum n, each the exact share rounded down, the largest remainders rounded up."""
    shares = np.array(fractions, float) * n
    sizes = np.floor(shares + 1e-9).astype(int)
    for i in np.argsort(sizes - shares, kind="stable")[: n - sizes.sum()]:
        sizes[i] += 1
    return sizes


def split(n, fractions, rng, labels=None):
    if any(f <= 0 for f in fractions) or not -1e-6 <= sum(fractions) - 1 <= 1e-6:
        raise ValueError("fractions should be positive, with sum 1")
    classes = np.zeros(n, int) if labels is None else labels.numpy()
    parts = [[] for _ in fractions]
    for label in sorted(set(classes.tolist())):
        rows = iter(rng.permutation(np.nonzero(classes == label)[0]).tolist())
        for part, size in zip(
            parts, sizes_of(int((classes == label).sum()), fractions), strict=True
        ):
            part.extend(itertools.islice(rows, int(size)))
    for part in parts:
        rng.shuffle(part)
    return [torch.tensor(part, dtype=torch.long) for part in parts]


def kfold(n, k, rng):
    if k < 2 or k > n:
        raise ValueError("k should be from 2 to n")
    rows, places = rng.permutation(n), np.arange(n)
    chosen = [places % k == i for i in range(k)]
    return [(torch.from_numpy(rows[~mine]), torch.from_numpy(rows[mine])) for mine in chosen]


def standardize(train, *others):
    columns = []
    for column in train.T:
        mean = sum(column) / len(column)
        spread = (sum((column - mean) ** 2) / len(column)) ** 0.5
        columns.append((mean, torch.ones_like(spread) if column.min() == column.max() else spread))
    means, spreads = (torch.stack(values) for values in zip(*columns, strict=True))
    return [(data - means).div_(spreads) for data in [train, *others]]


def ridge(x, y, l2):
    # Rows of sqrt(n l2) times the identity, with the target 0, add n l2 |w|^2 to the squared errors.
    n, d = x.shape
    x64, y64 = x.double(), y.double()
    price = (n * l2) ** 0.5 * torch.eye(d, dtype=torch.float64)
    design = torch.cat([x64, price])
    free = torch.cat(
        [torch.ones(n, 1, dtype=torch.float64), torch.zeros(d, 1, dtype=torch.float64)]
    )
    target = torch.cat([y64, torch.zeros(d, dtype=torch.float64)])[:, None]
    found = torch.linalg.lstsq(torch.cat([design, free], dim=1), target).solution[:, 0].to(x.dtype)
    return found[:-1], found[-1]


def error(x, y, w, b):
    return torch.mean((x.matmul(w).add(b) - y).pow(2)).item()


def cross_validate(x, y, folds, l2):
    errors = []
    for train, validation in folds:
        known, unseen = standardize(x[train], x[validation])
        errors.append(error(unseen, y[validation], *ridge(known, y[train], l2)))
    return errors


def choose_l2(x, y, folds, candidates):
    best = None
    for l2 in sorted(candidates, reverse=True):
        mean = float(np.mean(cross_validate(x, y, folds, l2)))
        if best is None or mean < best[0]:
            best = mean, l2
    return best[1]


def learning_curve(x, y, validation_x, validation_y, sizes, l2):
    train_errors, validation_errors = [], []
    for m in sizes:
        known, unseen = standardize(x[:m], validation_x)
        model = ridge(known, y[:m], l2)
        train_errors.append(error(known, y[:m], *model))
        validation_errors.append(error(unseen, validation_y, *model))
    return train_errors, validation_errors


def diagnose(train_losses, validation_losses, target, tolerance=0.1):
    last = validation_losses[-1]
    if train_losses[-1] <= target:
        risen = last > (1 + tolerance) * min(validation_losses)
        return "over" if risen or last > (1 + tolerance) * target else "good"
    return "under"
