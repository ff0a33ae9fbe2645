"""Splits, folds and fits in NumPy and float64, by argsort, boolean masks and lstsq, in TensorFlow."""

import numpy as np
import tensorflow as tf


def sizes_of(n, fractions):
    """Whole numbers with sum n: the floors, and one more where the most is missing."""
    exact = np.array([n * f for f in fractions])
    found = np.floor(exact + 1e-9).astype(int)
    missing = np.argsort(found - exact, kind="stable")[: n - found.sum()]
    found[missing] += 1
    return found


def tensor(rows):
    return tf.convert_to_tensor(np.asarray(rows, np.int64))


def split(n, fractions, rng, labels=None):
    if any(f <= 0 for f in fractions) or not abs(sum(fractions) - 1) <= 1e-6:
        raise ValueError(f"{fractions} do not divide a whole")
    order = np.argsort(rng.random(n))
    classes = np.zeros(n, int) if labels is None else labels.numpy()
    parts = [[] for _ in fractions]
    for label in np.unique(classes):
        rows = order[classes[order] == label]
        cuts = np.cumsum(sizes_of(len(rows), fractions))[:-1]
        for part, piece in zip(parts, np.split(rows, cuts), strict=True):
            part.extend(piece.tolist())
    for part in parts:
        rng.shuffle(part)
    return [tensor(part) for part in parts]


def kfold(n, k, rng):
    if k < 2 or k > n:
        raise ValueError(k)
    fold_of = rng.permutation(np.arange(n) % k)
    rows = np.arange(n)
    return [(tensor(rows[fold_of != i]), tensor(rows[fold_of == i])) for i in range(k)]


def statistics(x):
    mean, deviation = x.mean(0), x.std(0)
    return mean, np.where(np.ptp(x, axis=0) == 0, 1.0, deviation)


def standardize(train, *others):
    mean, deviation = statistics(train.numpy().astype(np.float64))
    found = [(x.numpy().astype(np.float64) - mean) / deviation for x in (train, *others)]
    return [tf.constant(x, train.dtype) for x in found]


def solve(x, y, l2):
    """Least squares with sqrt(n l2) w = 0 as further rows."""
    n, d = x.shape
    a = np.block([[x, np.ones((n, 1))], [np.sqrt(n * l2) * np.eye(d), np.zeros((d, 1))]])
    found = np.linalg.lstsq(a, np.r_[y, np.zeros(d)], rcond=None)[0]
    return found[:-1], found[-1]


def ridge(x, y, l2):
    w, b = solve(x.numpy().astype(np.float64), y.numpy().astype(np.float64), l2)
    return tf.constant(w, x.dtype), tf.constant(b, x.dtype)


def errors(x, y, other_x, other_y, l2):
    mean, deviation = statistics(x)
    x, other_x = (x - mean) / deviation, (other_x - mean) / deviation
    w, b = solve(x, y, l2)
    return [float(np.mean((a @ w + b - c) ** 2)) for a, c in ((x, y), (other_x, other_y))]


def wide(*tensors):
    return [t.numpy().astype(np.float64) for t in tensors]


def cross_validate(x, y, folds, l2):
    x, y = wide(x, y)
    rows = [(train.numpy(), validation.numpy()) for train, validation in folds]
    return [errors(x[t], y[t], x[v], y[v], l2)[1] for t, v in rows]


def choose_l2(x, y, folds, candidates):
    best = None
    for l2 in sorted(candidates, reverse=True):
        error = float(np.mean(cross_validate(x, y, folds, l2)))
        if best is None or error < best[0]:
            best = error, l2
    return best[1]


def learning_curve(x, y, validation_x, validation_y, sizes, l2):
    x, y, *other = wide(x, y, validation_x, validation_y)
    first, second = [], []
    for m in sizes:
        a, b = errors(x[:m], y[:m], *other, l2)
        first.append(a)
        second.append(b)
    return first, second


def diagnose(train_losses, validation_losses, target, tolerance=0.1):
    last = validation_losses[-1]
    bounds = ((1 + tolerance) * target, (1 + tolerance) * min(validation_losses))
    if train_losses[-1] > target:
        return "under"
    return "over" if any(last > bound for bound in bounds) else "good"
