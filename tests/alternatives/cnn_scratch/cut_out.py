"""Windows by unfold and one product, dropout as a where, gradients by torch.autograd.grad; in PyTorch."""

import numpy as np
import torch


def init_params(size, filters, units, classes, rng):
    h, w, c = size
    first, second = filters
    flat = second * (h // 2 // 2) * (w // 2 // 2)

    def he(*shape, fan_in):
        return torch.from_numpy(
            (rng.standard_normal(shape) * (2 / fan_in) ** 0.5).astype(np.float32)
        )

    return {
        "k1": he(first, c, 3, 3, fan_in=9 * c), "b1": torch.zeros(first),
        "k2": he(second, first, 3, 3, fan_in=9 * first), "b2": torch.zeros(second),
        "w3": he(flat, units, fan_in=flat), "b3": torch.zeros(units),
        "w4": he(units, classes, fan_in=units), "b4": torch.zeros(classes),
    }  # fmt: skip


def features(x, kernel, bias):
    n, _, h, w = x.shape
    columns = torch.nn.functional.unfold(x, 3, padding=1)  # (N, 9 C, H W)
    z = kernel.flatten(1) @ columns + bias[:, None]
    z = z.reshape(n, -1, h, w)[:, :, : h - h % 2, : w - w % 2].clamp(min=0)
    return z.unflatten(2, (-1, 2)).unflatten(4, (-1, 2)).amax(dim=(3, 5))


def forward(params, x, rate=0.0, rng=None):
    for step in ("1", "2"):
        x = features(x, params["k" + step], params["b" + step])
    hidden = (x.reshape(len(x), -1) @ params["w3"] + params["b3"]).clamp(min=0)
    if rng is not None and rate > 0:
        dropped = torch.from_numpy(rng.uniform(size=(len(x), hidden.shape[1])) < rate)
        hidden = torch.where(dropped, torch.zeros_like(hidden), hidden / (1 - rate))
    return hidden @ params["w4"] + params["b4"]


def nats(z, y):
    """(N,) -log softmax(z)[y]"""
    return torch.logsumexp(z, 1) - z[torch.arange(len(z)), y]


def train(params, x, y, epochs, batch, lr, rate, rng):
    names, y = list(params), y.to(torch.int64)
    values = [params[name].detach().clone() for name in names]
    speed = [torch.zeros_like(value) for value in values]
    history = []
    for _ in range(epochs):
        seen = []
        order = rng.permutation(len(x)).tolist()
        for rows in (order[i : i + batch] for i in range(0, len(x), batch)):
            leaves = [value.requires_grad_() for value in values]
            each = nats(forward(dict(zip(names, leaves, strict=True)), x[rows], rate, rng), y[rows])
            slopes = torch.autograd.grad(each.mean(), leaves)
            speed = [0.9 * v + g for v, g in zip(speed, slopes, strict=True)]
            values = [(p - lr * v).detach() for p, v in zip(leaves, speed, strict=True)]
            seen += each.tolist()
        history.append(sum(seen) / len(seen))
    return {name: value.detach() for name, value in zip(names, values, strict=True)}, history


def predict(params, x, batch=256):
    found = torch.empty(len(x), dtype=torch.int64)
    for start in range(0, len(x), batch):
        with torch.inference_mode():
            found[start : start + batch] = forward(params, x[start : start + batch]).max(1).indices
    return found


def evaluate(params, x, y, batch=256):
    loss, right = 0.0, 0
    for start in range(0, len(x), batch):
        here = slice(start, start + batch)
        with torch.no_grad():
            z = forward(params, x[here])
        loss += float(nats(z, y[here].long()).sum())
        right += int((z.argmax(1) == y[here].long()).sum())
    return {"loss": loss / len(x), "accuracy": right / len(x)}
