"""Scaled dot-product attention, masks, and several heads, in PyTorch."""

import math

import torch


def attention(q, k, v, mask=None):
    scores = q @ k.mT / math.sqrt(q.shape[-1])  # (..., Tq, Tk)
    if mask is not None:
        # The lowest finite score, not -inf: a row that is hidden throughout would become NaN.
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = scores.softmax(dim=-1)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0.0)
    return weights @ v, weights


def causal_mask(size):
    return torch.ones(size, size, dtype=torch.bool).tril()


def padding_mask(lengths, size):
    real = torch.arange(size, device=lengths.device) < lengths[:, None]  # (B, T)
    return real[:, None, None, :]


def split_heads(x, heads):
    if x.shape[-1] % heads:
        raise ValueError(f"{heads} heads do not divide {x.shape[-1]} features")
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)  # (B, H, T, d)


def merge_heads(x):
    return x.transpose(1, 2).flatten(2)  # (B, T, D)


def multi_head(x, params, heads, mask=None):
    q, k, v = (split_heads(x @ params[name], heads) for name in ("wq", "wk", "wv"))
    out, _ = attention(q, k, v, mask)  # (B, H, T, d)
    return merge_heads(out) @ params["wo"]
