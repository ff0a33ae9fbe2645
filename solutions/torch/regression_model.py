"""Predict continuous values with a network, in PyTorch."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset


def fit_scaler(x):
    std = x.std(dim=0, correction=0)  # (D,)
    return x.mean(dim=0), torch.where(std > 0, std, 1.0)


def build(n_in, hidden):
    layers = []
    for width in hidden:
        layers += [nn.Linear(n_in, width), nn.Tanh()]
        n_in = width
    return nn.Sequential(*layers, nn.Linear(n_in, 1))


def fit(model, x, y, epochs, lr, batch_size):
    batches = DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, eps=1e-7)
    history = []
    for _ in range(epochs):
        total = 0.0
        for batch_x, batch_y in batches:  # (B, n_in), (B,)
            loss = F.mse_loss(model(batch_x)[:, 0], batch_y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch_y)
        history.append(total / len(x))
    return history


def predict(model, x):
    with torch.no_grad():
        return model(x)[:, 0]  # (B,)


def score(prediction, y):
    errors = (y - prediction).square()
    spread = (y - y.mean()).square()
    return {"mse": errors.mean().item(), "r2": 1 - (errors.sum() / spread.sum()).item()}


def regress(x, y, new_x, hidden, epochs, lr, batch_size):
    x_mean, x_std = fit_scaler(x)
    y_mean, y_std = fit_scaler(y[:, None])
    model = build(x.shape[1], hidden)
    fit(model, (x - x_mean) / x_std, (y - y_mean) / y_std, epochs, lr, batch_size)
    return predict(model, (new_x - x_mean) / x_std) * y_std + y_mean  # (M,)
