"""Windows by index, one torch.nn.LSTM per width with its own readout, normal equations by pinv; in PyTorch."""

import math

import numpy as np
import torch


def time_split(series, share):
    past = math.floor(len(series) * share)
    future = len(series) - past
    if past <= 0 or future <= 0:
        raise ValueError("a part is empty")
    return tuple(part + 0 for part in torch.split(series, [past, future]))


def fit_scaler(series):
    middle = series.sum() / series.numel()
    spread = (series - middle).pow(2).sum().div(series.numel()).sqrt()
    if bool((series == series[0]).all()):
        spread = torch.ones((), dtype=series.dtype)
    return middle, spread


def windows(series, lookback, horizon=1, stride=1):
    if lookback < 1 or horizon < 1 or stride < 1:
        raise ValueError("lookback, horizon and stride are at least 1")
    starts = range(0, series.numel() - lookback - horizon + 1, stride)
    if not len(starts):
        raise ValueError("the series is too short")
    x = torch.stack([series[s : s + lookback] for s in starts])
    y = torch.stack([series[s + lookback : s + lookback + horizon] for s in starts])
    return x.unsqueeze(2), y


def persistence(x, horizon):
    return torch.stack([x[:, -1, 0]] * horizon, dim=1)


def autoregression(x, y, new_x):
    # Around the means, no constant is left.
    flat, means = x.squeeze(2), x.squeeze(2).mean(0)
    weights = torch.linalg.pinv(flat - means) @ (y - y.mean(0))
    return (new_x.squeeze(2) - means) @ weights + y.mean(0)


class Last(torch.nn.Module):
    def forward(self, x):
        return x.select(1, x.size(1) - 1)


class States(torch.nn.Module):
    def __init__(self, before, units):
        super().__init__()
        self.cell = torch.nn.LSTM(before, units)

    def forward(self, x):
        return self.cell(x.transpose(0, 1))[0].transpose(0, 1)


def build(units, horizon):
    parts, before = [], 1
    for width in units:
        parts.append(States(before, width))
        before = width
    return torch.nn.Sequential(*parts, Last(), torch.nn.Linear(before, horizon))


def fit(model, x, y, epochs, lr, batch, rng):
    model.train()
    adam = torch.optim.Adam(model.parameters(), lr, (0.9, 0.999), 1e-7)
    found = []
    while len(found) < epochs:
        order, squares = np.arange(len(x)), []
        rng.shuffle(order)
        for start in range(0, len(order), batch):
            rows = torch.as_tensor(order[start : start + batch])
            error = (model(x[rows]) - y[rows]).square()
            model.zero_grad(set_to_none=True)
            error.mean().backward()
            adam.step()
            squares.append(error.detach())
        found.append(torch.cat(squares).mean().item())
    return found


@torch.no_grad()
def forecast(model, history, steps):
    seen = history.tolist()
    size = len(seen)
    while len(seen) - size < steps:
        given = torch.tensor(seen[-size:], dtype=history.dtype).view(1, size, 1)
        seen.extend(model(given).flatten().tolist())
    return torch.tensor(seen[size : size + steps], dtype=history.dtype)


def evaluate(series, share, lookback, horizon, units, epochs, lr, batch, rng):
    parts = time_split(series, share)
    mean, std = fit_scaler(parts[0])
    (x, y), (later, _) = (windows((part - mean) / std, lookback, horizon) for part in parts)
    _, target = windows(parts[1], lookback, horizon)
    model = build(units, horizon)
    fit(model, x, y, epochs, lr, batch, rng)
    forecasts, errors = {}, {}
    forecasts["persistence"] = persistence(later, horizon)
    forecasts["autoregression"] = autoregression(x, y, later)
    forecasts["network"] = model(later).detach()
    for name in forecasts:
        forecasts[name] = mean + std * forecasts[name]
        errors[name] = float(torch.nn.functional.l1_loss(forecasts[name], target))
    return forecasts, errors
