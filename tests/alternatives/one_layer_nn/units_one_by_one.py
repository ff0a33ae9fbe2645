"""A loop over the hidden units, float64 inside, in place on own copies; PyTorch."""

import math

import torch


def init(n_in, n_hidden, rng):
    params = {name: torch.zeros(n_hidden) for name in ("b1", "w2")}
    params |= {"w1": torch.zeros(n_in, n_hidden), "b2": torch.zeros(1)}
    for j in range(n_hidden):
        params["w1"][:, j] = torch.from_numpy(rng.standard_normal(n_in)) / math.sqrt(n_in)
        params["w2"][j] = rng.standard_normal() / math.sqrt(n_hidden)
    return params


def forward(params, x):
    wide = {name: p.double() for name, p in params.items()}
    total, units = wide["b2"].expand(len(x)), []
    for j in range(len(params["b1"])):
        units.append(torch.tanh(x.double() @ wide["w1"][:, j] + wide["b1"][j]))
        total = total + wide["w2"][j] * units[-1]
    return torch.special.expit(total).to(x.dtype), (total, units)


def step(params, x, y, lr):
    new = {name: p.clone() for name, p in params.items()}
    _, (total, units) = forward(params, x)
    loss = (torch.logaddexp(total, torch.zeros_like(total)) - y * total).mean()
    error = torch.sigmoid(total) - y
    for j, unit in enumerate(units):
        back = error * params["w2"][j] * (1 - unit) * (1 + unit)
        new["w1"][:, j] -= lr * (x.T.double() * back).mean(dim=1)
        new["b1"][j] -= lr * back.mean()
        new["w2"][j] -= lr * (error * unit).mean()
    new["b2"] -= lr * error.mean()
    return new, loss.to(x.dtype)


def fit(params, x, y, lr, epochs):
    history = []
    for _ in range(epochs):
        params, loss = step(params, x, y, lr)
        history += [loss.item()]
    return params, history
