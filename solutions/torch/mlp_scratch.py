"""A multilayer perceptron from tensors and autograd, in PyTorch."""

import math
from itertools import pairwise

import torch

ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "leaky_relu": lambda x: torch.where(x > 0, x, 0.01 * x),
}


def draw(fan_in, fan_out, rng, scheme):
    if scheme == "he":
        return rng.normal(0.0, math.sqrt(2 / fan_in), (fan_in, fan_out))
    if scheme == "xavier":
        bound = math.sqrt(6 / (fan_in + fan_out))
        return rng.uniform(-bound, bound, (fan_in, fan_out))
    raise ValueError(f"scheme is {scheme!r}, but should be 'he' or 'xavier'")


def init_params(sizes, rng, scheme="he"):
    return [
        (
            torch.tensor(draw(fan_in, fan_out, rng, scheme), dtype=torch.float32),
            torch.zeros(fan_out),
        )
        for fan_in, fan_out in pairwise(sizes)
    ]


def forward(params, x, activation="relu"):
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation is {activation!r}, but should be one of {list(ACTIVATIONS)}")
    *hidden, (w_out, b_out) = params
    for w, b in hidden:
        x = ACTIVATIONS[activation](x @ w + b)  # (n, width)
    return x @ w_out + b_out  # (n, k)


def loss_of(params, x, y, activation):
    logits = forward(params, x, activation)
    chosen = logits[torch.arange(len(y)), y.long()]  # (n,)
    return (torch.logsumexp(logits, dim=1) - chosen).mean()


def train_step(params, x, y, lr, activation="relu"):
    gradients, loss = torch.func.grad_and_value(loss_of)(params, x, y, activation)
    moved = [(w - lr * dw, b - lr * db) for (w, b), (dw, db) in zip(params, gradients, strict=True)]
    return moved, loss


def train(params, x, y, lr, epochs, batch, rng, activation="relu"):
    history = []
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(len(x)))
        losses = []
        for rows in order.split(batch):
            params, loss = train_step(params, x[rows], y[rows], lr, activation)
            losses.append(loss)
        history.append(torch.stack(losses).mean().item())
    return params, history
