"""All differences at once, products by einsum, and shapes padded in front."""

import torch


def broadcast_shape(a, b):
    rank = max(len(a), len(b))
    pairs = zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True)
    return tuple(map(agreed, pairs))


def agreed(pair):
    m, n = pair
    if m == n or n == 1:
        return m
    if m == 1:
        return n
    raise ValueError("lengths do not agree")


def standardize(x, axis, eps=1e-5):
    variance, mean = torch.var_mean(x, dim=axis, correction=0, keepdim=True)
    return (x - mean) / (variance + eps).sqrt()


def scale_rows(x, factors):
    return torch.diag(factors) @ x


def outer(a, b):
    return torch.einsum("i,j->ij", a, b)


def pairwise_sqdist(x, y):
    difference = x.unsqueeze(1) - y.unsqueeze(0)
    return torch.einsum("nmd,nmd->nm", difference, difference)


def batched_matmul(a, b):
    return (a.unsqueeze(-1) * b.unsqueeze(-3)).sum(-2)
