"""Softmax as exp of log_softmax, the Jacobian written out, all in float64 inside; PyTorch."""

import torch


def log_softmax(x, axis=-1):
    wide = x.double()
    return (wide - torch.logsumexp(wide, dim=axis, keepdim=True)).to(x.dtype)


def softmax(x, axis=-1, temperature=1.0):
    wide = x.double() / temperature
    top, _ = wide.max(dim=axis, keepdim=True)
    weights = (wide - top).exp()
    return weights.div(weights.sum(axis, keepdim=True)).to(dtype=x.dtype)


def softmax_jvp(p, v):
    jacobian = torch.diag_embed(p) - p[..., :, None] * p[..., None, :]  # (..., K, K)
    return (jacobian @ v[..., None])[..., 0]
