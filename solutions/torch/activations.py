"""Activation functions and their derivatives, in PyTorch."""

import math

import torch

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def sigmoid(x):
    # exp of a negative number never overflows: 1 / (1 + e) where x > 0, else e / (1 + e).
    e = torch.exp(-x.abs())
    return torch.where(x > 0, 1.0, e) / (1 + e)


def sigmoid_grad(x):
    s = sigmoid(x)
    return s * (1 - s)


def tanh(x):
    return 2 * sigmoid(2 * x) - 1


def tanh_grad(x):
    return 1 - tanh(x).square()


def relu(x):
    return x.clamp(min=0)


def relu_grad(x):
    return (x > 0).to(x.dtype)


def leaky_relu(x, slope=0.01):
    return torch.where(x > 0, x, slope * x)


def leaky_relu_grad(x, slope=0.01):
    return torch.where(x > 0, torch.ones_like(x), slope)


def elu(x, alpha=1.0):
    return torch.where(x > 0, x, alpha * torch.expm1(x.clamp(max=0)))


def elu_grad(x, alpha=1.0):
    return torch.where(x > 0, 1.0, alpha * torch.exp(x.clamp(max=0)))


def selu(x):
    return SELU_SCALE * elu(x, SELU_ALPHA)


def selu_grad(x):
    return SELU_SCALE * elu_grad(x, SELU_ALPHA)


def gelu(x, approximate=False):
    if approximate:
        return x / 2 * (1 + tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x / 2 * (1 + torch.erf(x / math.sqrt(2)))


def gelu_grad(x, approximate=False):
    if approximate:
        c = math.sqrt(2 / math.pi)
        inner = c * (x + 0.044715 * x**3)
        return (1 + tanh(inner)) / 2 + x / 2 * tanh_grad(inner) * c * (1 + 3 * 0.044715 * x**2)
    density = torch.exp(-x.square() / 2) / math.sqrt(2 * math.pi)
    return (1 + torch.erf(x / math.sqrt(2))) / 2 + x * density


def softplus(x):
    return relu(x) + torch.log1p(torch.exp(-x.abs()))


def softplus_grad(x):
    return sigmoid(x)


def saturation(x, name, tol=1e-3):
    derivatives = {
        "sigmoid": sigmoid_grad,
        "tanh": tanh_grad,
        "relu": relu_grad,
        "leaky_relu": leaky_relu_grad,
        "elu": elu_grad,
        "selu": selu_grad,
        "gelu": gelu_grad,
        "softplus": softplus_grad,
    }
    if name not in derivatives:
        raise ValueError(f"name is {name!r}, but should be one of {', '.join(derivatives)}")
    return (derivatives[name](x).abs() < tol).float().mean().item()
