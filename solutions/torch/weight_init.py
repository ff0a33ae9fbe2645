"""Xavier and He initialisation, and what equal weights do, in PyTorch."""

import math

import torch
from torch import nn
from torch.nn import functional as F


def fan_in_out(shape):
    if len(shape) not in (2, 4):
        raise ValueError("the weights of a dense layer have 2 axes and those of a convolution 4")
    n_out, n_in, *window = shape
    area = math.prod(window)  # 1 for a dense layer
    return n_in * area, n_out * area


def xavier_uniform(shape, rng, gain=1.0):
    limit = gain * math.sqrt(6 / sum(fan_in_out(shape)))
    return torch.from_numpy(rng.uniform(-limit, limit, shape)).float()


def xavier_normal(shape, rng, gain=1.0):
    return normal(shape, rng, gain * math.sqrt(2 / sum(fan_in_out(shape))))


def he_normal(shape, rng):
    fan_in, _ = fan_in_out(shape)
    return normal(shape, rng, math.sqrt(2 / fan_in))


def normal(shape, rng, deviation):
    return torch.from_numpy(rng.normal(0.0, deviation, shape)).float()


@torch.no_grad()
def initialize(model, rng):
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            layer.weight.copy_(he_normal(tuple(layer.weight.shape), rng))
            layer.bias.zero_()


def symmetry_rank(w, tol=1e-3):
    values = torch.linalg.svdvals(w)  # in descending order
    return int((values > tol * values[0]).sum())


def train(params, x, y, lr, epochs):
    params = {name: w.clone().requires_grad_() for name, w in params.items()}
    history = []
    for _ in range(epochs):
        hidden = torch.tanh(x @ params["w1"] + params["b1"])  # (N, H)
        loss = F.cross_entropy(hidden @ params["w2"] + params["b2"], y)
        grads = torch.autograd.grad(loss, list(params.values()))
        with torch.no_grad():
            for w, grad in zip(params.values(), grads, strict=True):
                w -= lr * grad
        history.append(loss.item())
    return {name: w.detach() for name, w in params.items()}, history
