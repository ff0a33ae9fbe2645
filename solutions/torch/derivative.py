"""Derivatives by autograd and by finite differences, in PyTorch."""

import torch


def numerical_grad(f, x, eps=1e-5):
    point = x.double()
    # One step per element: row i moves element i alone.
    steps = eps * torch.eye(x.numel(), dtype=torch.float64).reshape(-1, *x.shape)  # (n, *x.shape)
    slopes = [(f(point + step) - f(point - step)) / (2 * eps) for step in steps]
    return torch.stack(slopes).reshape(x.shape).to(x.dtype)


def autograd_grad(f, x):
    # A new leaf, so that the caller's tensor neither starts to record nor collects a gradient.
    x = x.detach().requires_grad_()
    y = f(x)
    if not y.requires_grad:  # a constant leads back to nothing
        return torch.zeros_like(x)
    # y may lead back to weights of f alone: the gradient is 0 then, not None.
    return torch.autograd.grad(y, x, materialize_grads=True)[0]


def jacobian(f, x):
    return torch.func.jacrev(f)(x)


def second_derivative(f, x):
    # Elements do not mix, so the gradient of the sum is the derivative of each.
    slope = torch.func.grad(lambda x: f(x).sum())
    return torch.func.grad(lambda x: slope(x).sum())(x)


def grad_check(f, grad_f, x, eps=1e-5):
    point = x.double()
    claimed, measured = grad_f(point), numerical_grad(f, point, eps)
    scale = (claimed.abs() + measured.abs()).clamp(min=1e-8)
    return ((claimed - measured).abs() / scale).max().item()
