"""Splits, k-fold cross-validation and learning curves, in TensorFlow."""

from itertools import accumulate, pairwise

import tensorflow as tf


def divide(rows, fractions):
    """Cut rows at the rounded running sums of the fractions, so that every part's size is off by less than 1."""
    # Halves are rounded up, all of them: between one rounded down and one rounded up, a size is off by 1.
    cuts = [int(round(len(rows) * share, 6) + 0.5) for share in accumulate(fractions[:-1])]
    return [rows[start:end] for start, end in pairwise([0, *cuts, len(rows)])]


def split(n, fractions, rng, labels=None):
    if min(fractions) <= 0 or abs(sum(fractions) - 1) > 1e-6:
        raise ValueError(f"the fractions {fractions} add up to {sum(fractions):g}, but should to 1")
    rows = tf.constant(rng.permutation(n))
    if labels is None:
        return divide(rows, fractions)
    shuffled = tf.gather(labels, rows)
    strata = [
        divide(tf.boolean_mask(rows, shuffled == label), fractions) for label in tf.unique(labels).y
    ]
    parts = [tf.concat(pieces, axis=0) for pieces in zip(*strata, strict=True)]
    return [tf.gather(part, rng.permutation(len(part))) for part in parts]


def kfold(n, k, rng):
    if not 2 <= k <= n:
        raise ValueError(f"k is {k}, but should be from 2 to {n}")
    sizes = [n // k + (i < n % k) for i in range(k)]
    parts = tf.split(rng.permutation(n), sizes)
    return [(tf.concat(parts[:i] + parts[i + 1 :], axis=0), parts[i]) for i in range(k)]


def standardize(train, *others):
    mean, variance = tf.nn.moments(train, axes=[0])  # (D,)
    # Of equal values the mean may be off by rounding, and the variance then is not 0.
    constant = tf.reduce_all(train == train[0], axis=0)
    deviation = tf.where(constant, 1.0, tf.sqrt(variance))
    return [(x - mean) / deviation for x in (train, *others)]


def ridge(x, y, l2):
    n, features = x.shape
    mean_x, mean_y = tf.reduce_mean(x, axis=0), tf.reduce_mean(y)
    centred = x - mean_x  # (N, D); a free bias is the same as centred data
    gram = tf.matmul(centred, centred, transpose_a=True) / n + l2 * tf.eye(features, dtype=x.dtype)
    moment = tf.linalg.matvec(centred, y - mean_y, transpose_a=True) / n  # (D,)
    w = tf.linalg.solve(gram, moment[:, None])[:, 0]
    return w, mean_y - tf.tensordot(mean_x, w, axes=1)


def fitted_errors(train_x, train_y, validation_x, validation_y, l2):
    train_x, validation_x = standardize(train_x, validation_x)
    w, b = ridge(train_x, train_y, l2)
    pairs = ((train_x, train_y), (validation_x, validation_y))
    return [float(tf.reduce_mean(tf.square(tf.linalg.matvec(x, w) + b - y))) for x, y in pairs]


def cross_validate(x, y, folds, l2):
    parts = [[tf.gather(data, rows) for rows in fold for data in (x, y)] for fold in folds]
    return [fitted_errors(*part, l2)[1] for part in parts]


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
