"""One hidden layer with gradients by hand, in PyTorch."""

import torch
import torch.nn.functional as F


def init(n_in, n_hidden, rng):
    w1 = rng.normal(0.0, n_in**-0.5, (n_in, n_hidden))
    w2 = rng.normal(0.0, n_hidden**-0.5, n_hidden)
    return {
        "w1": torch.tensor(w1, dtype=torch.float32),
        "b1": torch.zeros(n_hidden),
        "w2": torch.tensor(w2, dtype=torch.float32),
        "b2": torch.zeros(1),
    }


def forward(params, x):
    hidden = torch.tanh(x @ params["w1"] + params["b1"])  # (n, n_hidden)
    score = hidden @ params["w2"] + params["b2"]  # (n,)
    return torch.sigmoid(score), (hidden, score)


def step(params, x, y, lr):
    p, (hidden, score) = forward(params, x)
    y = y.to(p.dtype)
    d_score = (p - y) / len(y)  # (n,)
    d_hidden = torch.outer(d_score, params["w2"])  # (n, n_hidden)
    d_sum = d_hidden * (1 - hidden.square())  # before tanh
    gradients = {
        "w1": x.T @ d_sum,
        "b1": d_sum.sum(dim=0),
        "w2": hidden.T @ d_score,
        "b2": d_score.sum(),
    }
    loss = F.binary_cross_entropy_with_logits(score, y)
    return {name: params[name] - lr * gradients[name] for name in params}, loss


def fit(params, x, y, lr, epochs):
    history = []
    for _ in range(epochs):
        params, loss = step(params, x, y, lr)
        history.append(float(loss))
    return params, history
