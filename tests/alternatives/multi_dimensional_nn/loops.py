"""PyTorch: loops and einsum over flattened positions, float64 inside, updates by hand."""

import torch
from torch import nn


def flatten_keep_batch(x):
    return torch.stack([example.reshape(-1) for example in x])


def dense_along(x, w, b, axis=-1):
    slices = x.double().unbind(axis)
    columns = []
    for j in range(w.shape[1]):
        total = b[j].double()
        for i, part in enumerate(slices):
            total = total + part * w[i, j]
        columns.append(total)
    return torch.stack(columns, dim=axis).to(x.dtype)


class Field(nn.Module):
    def __init__(self, in_shape, out_shape, hidden):
        super().__init__()
        self.out_shape = tuple(out_shape)
        sizes = [torch.Size(in_shape).numel(), *hidden, torch.Size(out_shape).numel()]
        self.layers = nn.ModuleList(
            nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1)
        )

    def forward(self, x):
        x = x.reshape(len(x), -1)
        for layer in self.layers[:-1]:
            x = torch.where(layer(x) > 0, layer(x), 0.0)
        return self.layers[-1](x).view(-1, *self.out_shape)


def build(in_shape, out_shape, hidden):
    return Field(in_shape, out_shape, hidden)


def train(model, x, y, epochs, lr, batch_size):
    parameters = list(model.parameters())
    m, v = [torch.zeros_like(p) for p in parameters], [torch.zeros_like(p) for p in parameters]
    losses, t = [], 0
    for _ in range(epochs):
        errors = []
        for rows in torch.randperm(len(x)).split(batch_size):
            t += 1
            error = ((model(x[rows]) - y[rows]) ** 2).flatten(1).mean(1)
            gradients = torch.autograd.grad(error.mean(), parameters)
            errors += error.tolist()
            for i, g in enumerate(gradients):
                m[i] = 0.9 * m[i] + 0.1 * g
                v[i] = 0.999 * v[i] + 0.001 * g * g
                root = (v[i] / (1 - 0.999**t)).sqrt() + 1e-7
                parameters[i].data -= lr * m[i] / (1 - 0.9**t) / root
        losses.append(sum(errors) / len(errors))
    return losses
