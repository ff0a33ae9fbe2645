"""Custom layers, in PyTorch."""

import math

import torch
from torch import nn

ACTIVATIONS = {"linear": lambda x: x, "relu": torch.relu, "tanh": torch.tanh}


class Dense(nn.Module):
    def __init__(self, n_in, n_out, activation="linear"):
        super().__init__()
        if activation not in ACTIVATIONS:
            raise ValueError(f"activation should be linear, relu or tanh, not {activation}")
        self.n_in, self.n_out, self.activation = n_in, n_out, activation
        limit = math.sqrt(6 / (n_in + n_out))
        self.kernel = nn.Parameter(torch.empty(n_in, n_out).uniform_(-limit, limit))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return ACTIVATIONS[self.activation](x @ self.kernel + self.bias)

    def get_config(self):
        return {"n_in": self.n_in, "n_out": self.n_out, "activation": self.activation}

    def extra_repr(self):
        return ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())


class L2Normalize(nn.Module):
    def __init__(self, axis=-1, eps=1e-6):
        super().__init__()
        self.axis, self.eps = axis, eps

    def forward(self, x):
        # The square is bounded before the root, whose slope at 0 is infinite.
        squares = x.square().sum(dim=self.axis, keepdim=True)
        return x * squares.clamp(min=self.eps**2).rsqrt()

    def get_config(self):
        return {"axis": self.axis, "eps": self.eps}


class RBF(nn.Module):
    def __init__(self, n_in, n_out, gamma=1.0):
        super().__init__()
        self.n_in, self.n_out, self.gamma = n_in, n_out, gamma
        self.centres = nn.Parameter(torch.randn(n_out, n_in))

    def forward(self, x):
        offsets = x[..., None, :] - self.centres  # (..., n_out, n_in)
        return torch.exp(-self.gamma * offsets.square().sum(dim=-1))

    def get_config(self):
        return {"n_in": self.n_in, "n_out": self.n_out, "gamma": self.gamma}


class Residual(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        out = self.inner(x)
        if out.shape != x.shape:
            raise ValueError(f"inner turned the shape {tuple(x.shape)} into {tuple(out.shape)}")
        return x + out


def build(n_in, hidden, k):
    return nn.Sequential(
        L2Normalize(),
        Dense(n_in, hidden, "relu"),
        Residual(Dense(hidden, hidden, "tanh")),
        RBF(hidden, hidden),
        Dense(hidden, k),
    )
