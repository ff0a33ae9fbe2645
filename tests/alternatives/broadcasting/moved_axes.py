"""Ranks padded with ones, axes moved to the front, a diagonal matrix and norms."""

import torch


def broadcast_shape(a, b):
    rank = max(len(a), len(b))
    a, b = (1,) * (rank - len(a)) + tuple(a), (1,) * (rank - len(b)) + tuple(b)
    for m, n in zip(a, b, strict=True):
        if not (m == n or m == 1 or n == 1):
            raise ValueError(f"{m} and {n} do not agree")
    return tuple(n if m == 1 else m for m, n in zip(a, b, strict=True))


def standardize(x, axis, eps=1e-5):
    x = x.movedim(axis, 0)
    variance, mean = torch.var_mean(x, dim=0, correction=0)
    return ((x - mean) / (variance + eps) ** 0.5).movedim(0, axis)


def scale_rows(x, factors):
    return torch.diag(factors) @ x


def outer(a, b):
    return a.reshape(-1, 1) @ b.reshape(1, -1)


def pairwise_sqdist(x, y):
    return torch.linalg.vector_norm(x[:, None] - y, dim=-1) ** 2


def batched_matmul(a, b):
    return (a[..., :, :, None] * b[..., None, :, :]).sum(-2)
