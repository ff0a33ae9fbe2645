"""A column of ones for the intercept, the pseudo-inverse of x^T x, float64 inside; PyTorch."""

import torch


def standardize(train, *others):
    scaled = [tensor.clone() for tensor in (train, *others)]
    for j in range(train.shape[1]):
        column = train[:, j].double()
        mean = column.sum() / len(column)
        variance = ((column - mean) ** 2).sum() / len(column)
        for tensor in scaled:
            tensor[:, j] -= mean
            if variance > 0:
                tensor[:, j] /= variance.sqrt()
    return scaled


def fit_gd(x, y, lr=0.1, epochs=500):
    ones = torch.cat([x, torch.ones_like(x[:, :1])], dim=1).double()
    parameters = torch.zeros(ones.shape[1], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([parameters], lr=lr)
    for _ in range(epochs):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(ones @ parameters, y.double()).backward()
        optimizer.step()
    return parameters[:-1].to(x.dtype), parameters[-1].to(x.dtype)


def fit_closed_form(x, y, l2=0.0):
    ones = torch.cat([x, torch.ones_like(x[:, :1])], dim=1).double()
    penalty = l2 * len(x) * torch.eye(ones.shape[1], dtype=torch.float64)
    penalty[-1, -1] = 0.0
    solution = torch.linalg.pinv(ones.T @ ones + penalty, hermitian=True) @ (ones.T @ y.double())
    return solution[:-1].to(x.dtype), solution[-1].to(x.dtype)


def r2(y, p):
    if y.dim() != p.dim() or len(y) != len(p):
        raise ValueError("one prediction for every target")
    return 1 - torch.mean((y - p) ** 2) / torch.var(y, correction=0)
