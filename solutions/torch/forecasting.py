"""Forecasting a series with a stacked LSTM and its baselines, in PyTorch."""

import torch
from torch import nn
from torch.nn import functional as F


def time_split(series, share):
    cut = int(share * len(series))
    if not 0 < cut < len(series):
        raise ValueError(f"a share of {share} of {len(series)} steps leaves a part empty")
    return series[:cut].clone(), series[cut:].clone()


def fit_scaler(series):
    std = series.std(correction=0)
    # Rounding gives the deviation of a constant series a size above 0.
    constant = series.amax() == series.amin()
    return series.mean(), torch.where(constant, torch.ones_like(std), std)


def windows(series, lookback, horizon=1, stride=1):
    if min(lookback, horizon, stride) < 1 or len(series) < lookback + horizon:
        raise ValueError(f"no windows of {lookback} + {horizon} steps at a stride of {stride}")
    both = series.unfold(0, lookback + horizon, stride)  # (N, L + H)
    return both[:, :lookback, None].clone(), both[:, lookback:].clone()


def persistence(x, horizon):
    return x[:, -1].repeat(1, horizon)


def autoregression(x, y, new_x):
    def design(windows):
        return F.pad(windows[:, :, 0], (0, 1), value=1.0)  # (N, L + 1)

    # The pseudo-inverse also fits windows whose values depend on each other.
    return design(new_x) @ (torch.linalg.pinv(design(x)) @ y)


class Forecaster(nn.Module):
    def __init__(self, units, horizon):
        super().__init__()
        widths = [1, *units]
        self.layers = nn.ModuleList(
            nn.LSTM(n, m, batch_first=True) for n, m in zip(widths[:-1], units, strict=True)
        )
        self.out = nn.Linear(units[-1], horizon)

    def forward(self, x):
        for layer in self.layers:
            x, _ = layer(x)  # (B, L, m)
        return self.out(x[:, -1])


def build(units, horizon):
    return Forecaster(units, horizon)


def fit(model, x, y, epochs, lr, batch, rng):
    adam = torch.optim.Adam(model.parameters(), lr=lr, eps=1e-7)
    history = []
    for _ in range(epochs):
        total = 0.0
        for rows in torch.from_numpy(rng.permutation(len(x))).split(batch):
            loss = F.mse_loss(model(x[rows]), y[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
            total += loss.item() * len(rows)
        history.append(total / len(x))
    return history


def forecast(model, history, steps):
    values, found = history[None, :, None], []  # (1, L, 1)
    with torch.no_grad():
        while sum(len(one) for one in found) < steps:
            found.append(model(values[:, -len(history) :])[0])  # (H,)
            values = torch.cat([values, found[-1][None, :, None]], dim=1)
    return torch.cat(found)[:steps].clone()


def evaluate(series, share, lookback, horizon, units, epochs, lr, batch, rng):
    past, future = time_split(series, share)
    mean, std = fit_scaler(past)
    x, y = windows((past - mean) / std, lookback, horizon)
    new_x, new_y = windows((future - mean) / std, lookback, horizon)
    model = build(units, horizon).to(x)
    fit(model, x, y, epochs, lr, batch, rng)
    with torch.no_grad():
        network = model(new_x)
    scaled = {
        "network": network,
        "persistence": persistence(new_x, horizon),
        "autoregression": autoregression(x, y, new_x),
    }
    forecasts = {name: value * std + mean for name, value in scaled.items()}
    right = new_y * std + mean
    return forecasts, {name: (v - right).abs().mean().item() for name, v in forecasts.items()}
