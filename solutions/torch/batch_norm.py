"""Batch and layer normalisation, and an MLP with batch norm, in PyTorch."""

from itertools import pairwise

import torch
import torch.nn.functional as F


def _along(values, x):
    return values.reshape(-1, *[1] * (x.dim() - 2))  # (C,) or (C, 1, 1), against (N, C, ...)


def _other_axes(x):
    return [axis for axis in range(x.dim()) if axis != 1]


def batch_norm(x, gamma, beta, running, momentum=0.9, eps=1e-5, training=True):
    if training:
        count = x.numel() // x.shape[1]
        if count == 1:
            raise ValueError("batch norm cannot train on one value a channel")
        variance, mean = torch.var_mean(x, dim=_other_axes(x), correction=0)  # (C,)
        unbiased = variance * count / (count - 1)
        running = tuple(
            momentum * old + (1 - momentum) * new.detach()
            for old, new in zip(running, (mean, unbiased), strict=True)
        )
    else:
        mean, variance = running
    scale = gamma * torch.rsqrt(variance + eps)  # (C,)
    return (x - _along(mean, x)) * _along(scale, x) + _along(beta, x), running


def batch_norm_backward(dy, x, gamma, eps=1e-5):
    axes = _other_axes(x)
    variance, mean = torch.var_mean(x, dim=axes, correction=0)
    inverse = torch.rsqrt(variance + eps)  # (C,)
    normalized = (x - _along(mean, x)) * _along(inverse, x)
    dgamma, dbeta = (dy * normalized).sum(dim=axes), dy.sum(dim=axes)
    count = x.numel() // x.shape[1]
    # Whatever moves a channel's mean or its spread is normalised away, so those parts of dy do not arrive.
    arriving = dy - _along(dbeta, x) / count - normalized * _along(dgamma, x) / count
    return _along(gamma * inverse, x) * arriving, dgamma, dbeta


def layer_norm(x, gamma, beta, eps=1e-5):
    variance, mean = torch.var_mean(x, dim=-1, correction=0, keepdim=True)  # (..., 1)
    return (x - mean) * torch.rsqrt(variance + eps) * gamma + beta


def init_mlp(sizes, rng):
    params, state = [], []
    for fan_in, fan_out in pairwise(sizes):
        w = rng.normal(0.0, (2 / fan_in) ** 0.5, (fan_in, fan_out))
        params.append({"w": torch.tensor(w, dtype=torch.float32)})
    for layer, width in zip(params[:-1], sizes[1:-1], strict=True):
        layer |= {"gamma": torch.ones(width), "beta": torch.zeros(width)}
        state.append((torch.zeros(width), torch.ones(width)))
    params[-1]["b"] = torch.zeros(sizes[-1])
    return params, state


ACTIVATIONS = {"relu": torch.relu, "leaky_relu": lambda x: F.leaky_relu(x, 0.01)}


def mlp_forward(params, state, x, activation="relu", training=False):
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation is {activation!r}, but should be relu or leaky_relu")
    *hidden, last = params
    after = []
    for layer, running in zip(hidden, state, strict=True):
        x, running = batch_norm(
            x @ layer["w"], layer["gamma"], layer["beta"], running, training=training
        )
        after.append(running)
        x = ACTIVATIONS[activation](x)  # (N, out)
    return x @ last["w"] + last["b"], after


def train_mlp(params, state, x, y, epochs, batch_size, lr, rng, activation="relu"):
    params = [{key: v.detach().clone().requires_grad_() for key, v in p.items()} for p in params]
    optimizer = torch.optim.SGD([v for layer in params for v in layer.values()], lr=lr)
    history = []
    for _ in range(epochs):
        losses = []
        for rows in torch.from_numpy(rng.permutation(len(x))).split(batch_size):
            if len(rows) == 1:
                continue
            logits, state = mlp_forward(params, state, x[rows], activation, training=True)
            loss = F.cross_entropy(logits, y[rows].long())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        history.append(sum(losses) / len(losses))
    return params, state, history
