"""Modules around plain functions: einsum, clamped norms by where, distances by cdist's formula, in PyTorch."""

import torch


class Dense(torch.nn.Module):
    def __init__(self, n_in, n_out, activation="linear"):
        super().__init__()
        if activation not in ("linear", "relu", "tanh"):
            raise ValueError(f"no activation {activation}")
        self.settings = {"n_in": n_in, "n_out": n_out, "activation": activation}
        a = (6 / (n_in + n_out)) ** 0.5
        self.register_parameter("bias", torch.nn.Parameter(torch.zeros(n_out)))
        self.register_parameter("kernel", torch.nn.Parameter((2 * torch.rand(n_in, n_out) - 1) * a))

    def forward(self, x):
        z = torch.einsum("...i,io->...o", x, self.kernel) + self.bias
        if self.settings["activation"] == "relu":
            return torch.where(z > 0, z, torch.zeros_like(z))
        return z.tanh() if self.settings["activation"] == "tanh" else z

    def get_config(self):
        return dict(self.settings)


class L2Normalize(torch.nn.Module):
    def __init__(self, axis=-1, eps=1e-6):
        super().__init__()
        self.axis, self.eps = axis, eps

    def forward(self, x):
        squares = (x * x).sum(dim=self.axis, keepdim=True)
        small = squares < self.eps**2
        norm = torch.where(small, torch.ones_like(squares), squares).sqrt()
        return x / torch.where(small, torch.full_like(norm, self.eps), norm)

    def get_config(self):
        return {"eps": self.eps, "axis": self.axis}


class RBF(torch.nn.Module):
    def __init__(self, n_in, n_out, gamma=1.0):
        super().__init__()
        self.config = {"n_in": n_in, "n_out": n_out, "gamma": gamma}
        self.centres = torch.nn.Parameter(torch.empty(n_out, n_in).normal_())

    def forward(self, x):
        distances = [((x - c) ** 2).sum(-1) for c in self.centres]
        return torch.stack([(-self.config["gamma"] * d).exp() for d in distances], dim=-1)

    def get_config(self):
        return {**self.config}


class Residual(torch.nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.add_module("inner", inner)

    def forward(self, x):
        change = self.inner(x)
        if list(change.shape) != list(x.shape):
            raise ValueError("inner changes the shape")
        return torch.add(change, x)


def build(n_in, hidden, k):
    model = torch.nn.Sequential()
    model.append(L2Normalize(axis=-1))
    model.append(Dense(n_in, hidden, activation="relu"))
    model.append(Residual(Dense(hidden, hidden, activation="tanh")))
    model.append(RBF(hidden, hidden))
    model.append(Dense(hidden, k))
    return model
