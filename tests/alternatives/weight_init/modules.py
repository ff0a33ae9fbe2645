"""Fans from strings of axes, draws by scaled standard normals, the rank from the Gram matrix, in PyTorch."""

import numpy as np
import torch


def fan_in_out(shape):
    axes = {2: "oi", 4: "oihw"}.get(len(shape))
    if axes is None:
        raise ValueError(f"no layer has weights of {len(shape)} axes")
    sizes = dict(zip(axes, map(int, shape), strict=True))
    area = sizes.get("h", 1) * sizes.get("w", 1)
    return sizes["i"] * area, sizes["o"] * area


def _tensor(values):
    return torch.tensor(np.asarray(values, np.float32))


def xavier_uniform(shape, rng, gain=1.0):
    a = gain * (6 / sum(fan_in_out(shape))) ** 0.5
    return _tensor(a * (2 * rng.random(shape) - 1))


def xavier_normal(shape, rng, gain=1.0):
    return _tensor(rng.standard_normal(shape) * (gain * (2 / sum(fan_in_out(shape))) ** 0.5))


def he_normal(shape, rng):
    return _tensor(rng.standard_normal(shape) * (2 / fan_in_out(shape)[0]) ** 0.5)


def initialize(model, rng):
    for layer in model:
        if hasattr(layer, "in_features"):
            layer.weight.data = he_normal((layer.out_features, layer.in_features), rng)
            layer.bias.data.fill_(0.0)


def symmetry_rank(w, tol=1e-3):
    values = torch.linalg.svd(w.detach().double(), full_matrices=False).S.numpy()
    return sum(bool(value > tol * values.max()) for value in values)


def train(params, x, y, lr, epochs):
    w1, b1, w2, b2 = (params[name].detach().clone() for name in ("w1", "b1", "w2", "b2"))
    targets = torch.eye(len(b2))[y]  # (N, K)
    history = []
    for _ in range(epochs):
        hidden = torch.tanh(x @ w1 + b1)
        log_p = torch.log_softmax(hidden @ w2 + b2, dim=1)
        history.append(float(-(targets * log_p).sum() / len(x)))
        d = (log_p.exp() - targets) / len(x)  # (N, K)
        back = (d @ w2.T) * (1 - hidden**2)  # (N, H)
        w2 = w2 - lr * hidden.T @ d
        b2 = b2 - lr * d.sum(0)
        w1 = w1 - lr * x.T @ back
        b1 = b1 - lr * back.sum(0)
    return {"w1": w1, "b1": b1, "w2": w2, "b2": b2}, history
