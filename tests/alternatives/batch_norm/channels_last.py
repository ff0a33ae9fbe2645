"""Images are turned to rows of channels first, so that one formula serves for all shapes, in PyTorch."""

import math

import torch


def to_rows(x):
    """(n, C): one row for each value of a channel."""
    return x if x.dim() == 2 else x.movedim(1, -1).reshape(-1, x.shape[1])


def from_rows(rows, like):
    if like.dim() == 2:
        return rows
    n, c, *rest = like.shape
    return rows.reshape(n, *rest, c).movedim(-1, 1)


def batch_norm(x, gamma, beta, running, momentum=0.9, eps=1e-5, training=True):
    rows = to_rows(x)
    if not training:
        mean, variance = running
        z = (rows - mean) / torch.sqrt(variance + eps)
        return from_rows(gamma * z + beta, x), (mean, variance)
    n = rows.shape[0]
    if n < 2:
        raise ValueError("a single value has no variance")
    mean = rows.sum(0) / n
    off = rows - mean
    squares = (off * off).sum(0)
    z = off / torch.sqrt(squares / n + eps)
    old_mean, old_variance = running
    after = (
        momentum * old_mean + (1 - momentum) * mean.detach(),
        momentum * old_variance + (1 - momentum) * squares.detach() / (n - 1),
    )
    return from_rows(gamma * z + beta, x), after


def batch_norm_backward(dy, x, gamma, eps=1e-5):
    rows, g = to_rows(x), to_rows(dy)
    n = len(rows)
    off = rows - rows.mean(0)
    root = torch.sqrt((off**2).mean(0) + eps)
    dgamma, dbeta = (g * off / root).sum(0), g.sum(0)
    dz = g * gamma
    dvariance = (dz * off).sum(0) * -0.5 / root**3
    dmean = -(dz / root).sum(0)
    drows = dz / root + dvariance * 2 * off / n + dmean / n
    return from_rows(drows, x), dgamma, dbeta


def layer_norm(x, gamma, beta, eps=1e-5):
    off = x - x.mean(dim=-1, keepdim=True)
    return gamma * off / torch.sqrt(off.square().mean(dim=-1, keepdim=True) + eps) + beta


def init_mlp(sizes, rng):
    params, state = [], []
    for i in range(len(sizes) - 1):
        w = rng.standard_normal((sizes[i], sizes[i + 1])) * math.sqrt(2 / sizes[i])
        layer = {"w": torch.from_numpy(w).float()}
        if i == len(sizes) - 2:
            layer["b"] = torch.zeros(sizes[i + 1])
        else:
            layer["gamma"] = torch.ones(sizes[i + 1])
            layer["beta"] = torch.zeros(sizes[i + 1])
            state.append((torch.zeros(sizes[i + 1]), torch.ones(sizes[i + 1])))
        params.append(layer)
    return params, state


def mlp_forward(params, state, x, activation="relu", training=False):
    slopes = {"relu": 0.0, "leaky_relu": 0.01}
    if activation not in slopes:
        raise ValueError(activation)
    new = []
    for layer, running in zip(params, state, strict=False):
        z, running = batch_norm(
            x @ layer["w"], layer["gamma"], layer["beta"], running, training=training
        )
        new += [running]
        x = torch.where(z > 0, z, slopes[activation] * z)
    return x @ params[-1]["w"] + params[-1]["b"], new


def train_mlp(params, state, x, y, epochs, batch_size, lr, rng, activation="relu"):
    y, history = y.to(torch.int64), []
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(x.shape[0]))
        total, batches = 0.0, 0
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            if len(rows) < 2:
                break
            leaves = [
                {k: v.detach().clone().requires_grad_() for k, v in layer.items()}
                for layer in params
            ]
            scores, state = mlp_forward(leaves, state, x[rows], activation, training=True)
            log_p = scores - torch.logsumexp(scores, 1, keepdim=True)
            loss = -log_p[torch.arange(len(rows)), y[rows]].mean()
            loss.backward()
            params = [{k: v.detach() - lr * v.grad for k, v in p.items()} for p in leaves]
            total, batches = total + float(loss.detach()), batches + 1
        history.append(total / batches)
    return params, state, history
