"""Broadcasting, and elementwise versus matrix products, in PyTorch."""

from itertools import zip_longest

import torch


def broadcast_shape(a, b):
    lengths = []
    for m, n in zip_longest(reversed(a), reversed(b), fillvalue=1):  # from the last axis on
        if m != n and 1 not in (m, n):
            raise ValueError(f"{a} and {b} do not broadcast")
        lengths.append(n if m == 1 else m)
    return tuple(reversed(lengths))


def standardize(x, axis, eps=1e-5):
    # keepdim leaves an axis of length 1, which stretches against x whatever `axis` is.
    centered = x - x.mean(dim=axis, keepdim=True)
    variance = centered.square().mean(dim=axis, keepdim=True)
    return centered * torch.rsqrt(variance + eps)


def scale_rows(x, factors):
    return x * factors[:, None]  # (N, D) * (N, 1)


def outer(a, b):
    return a[:, None] * b  # (N, 1) * (M,) -> (N, M)


def pairwise_sqdist(x, y):
    squares = x.square().sum(dim=1)[:, None] + y.square().sum(dim=1)  # (N, 1) + (M,) -> (N, M)
    return (squares - 2 * x @ y.T).clamp(min=0)


def batched_matmul(a, b):
    return a @ b
