"""Linear regression on several features, in PyTorch."""

import torch
import torch.nn.functional as F


def standardize(train, *others):
    mean = train.mean(dim=0)  # (d,)
    deviation = train.std(dim=0, correction=0)
    # A constant feature may have a deviation of some rounding error instead of 0.
    constant = (train == train[0]).all(dim=0)
    scale = torch.where(constant, 1.0, deviation)
    return [(x - mean) / scale for x in (train, *others)]


def fit_gd(x, y, lr=0.1, epochs=500):
    w, b = x.new_zeros(x.shape[1]), x.new_zeros(())
    for _ in range(epochs):
        error = x @ w + b - y  # (n,)
        w = w - lr * 2 * (x.T @ error) / len(x)
        b = b - lr * 2 * error.mean()
    return w, b


def fit_closed_form(x, y, l2=0.0):
    n, d = x.shape
    x_mean = x.mean(dim=0)  # (d,)
    # The penalty, as d more rows whose squared errors add up to n * l2 * |w|^2. The intercept is left out of it:
    # centring has removed it.
    penalty = (n * l2) ** 0.5 * torch.eye(d, dtype=x.dtype)
    rows = torch.cat([x - x_mean, penalty])  # (n + d, d)
    targets = F.pad(y, (0, d))  # (n + d,); centred columns are blind to the mean of y
    # It goes by singular values, so that dependent columns do no harm; on a GPU, lstsq knows no such driver.
    w = torch.linalg.pinv(rows) @ targets  # (d,)
    return w, y.mean() - x_mean @ w


def r2(y, p):
    if y.shape != p.shape:
        raise ValueError(f"y has the shape {tuple(y.shape)}, but p has {tuple(p.shape)}")
    return 1 - (y - p).square().sum() / (y - y.mean()).square().sum()
