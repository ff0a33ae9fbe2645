"""A convolutional network as a function of its parameters, in PyTorch. Images are (N, C, H, W)."""

import math

import torch
import torch.nn.functional as F


def init_params(size, filters, units, classes, rng):
    height, width, channels = size
    flat = (height // 4) * (width // 4) * filters[1]
    shapes = {
        "k1": (filters[0], channels, 3, 3),
        "k2": (filters[1], filters[0], 3, 3),
        "w3": (flat, units),
        "w4": (units, classes),
    }
    params = {}
    for name, shape in shapes.items():
        fan_in = math.prod(shape[1:]) if name[0] == "k" else shape[0]
        drawn = rng.normal(0, math.sqrt(2 / fan_in), shape)
        params[name] = torch.tensor(drawn, dtype=torch.float32)
        params["b" + name[1]] = torch.zeros(shape[0] if name[0] == "k" else shape[1])
    return params


def block(x, kernel, bias):
    return F.max_pool2d(torch.relu(F.conv2d(x, kernel, bias, padding=1)), 2)


def forward(params, x, rate=0.0, rng=None):
    x = block(x, params["k1"], params["b1"])  # (N, F1, H / 2, W / 2)
    x = block(x, params["k2"], params["b2"])  # (N, F2, H / 4, W / 4)
    hidden = torch.relu(x.flatten(1) @ params["w3"] + params["b3"])  # (N, U)
    if rng is not None:
        kept = torch.as_tensor(rng.random(tuple(hidden.shape)) >= rate).to(hidden.dtype)
        hidden = hidden * kept / (1 - rate)
    return hidden @ params["w4"] + params["b4"]


def train(params, x, y, epochs, batch, lr, rate, rng):
    params = {name: value.detach().clone().requires_grad_() for name, value in params.items()}
    optimizer = torch.optim.SGD(params.values(), lr=lr, momentum=0.9)
    history = []
    for _ in range(epochs):
        total = 0.0
        for rows in torch.from_numpy(rng.permutation(len(x))).split(batch):
            loss = F.cross_entropy(forward(params, x[rows], rate, rng), y[rows].long())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        history.append(total / len(x))
    return {name: value.detach() for name, value in params.items()}, history


@torch.no_grad()
def logits(params, x, batch):
    parts = [forward(params, x[i : i + batch]) for i in range(0, len(x), batch)]
    return torch.cat(parts) if parts else x.new_zeros(0, len(params["b4"]))


def predict(params, x, batch=256):
    return logits(params, x, batch).argmax(dim=1)


def evaluate(params, x, y, batch=256):
    z, y = logits(params, x, batch), y.long()
    right = (z.argmax(dim=1) == y).sum()
    return {"loss": F.cross_entropy(z, y).item(), "accuracy": right.item() / len(y)}
