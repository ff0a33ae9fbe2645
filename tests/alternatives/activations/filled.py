"""Two masks filled apart, derivatives by the tape, and sums for choices."""

import torch


def _split(x, positive, negative):
    """Fill two masks apart."""
    out = torch.empty_like(x)
    up = x > 0
    out = out.masked_scatter(up, positive(x[up]))
    return out.masked_scatter(~up, negative(x[~up]))


def sigmoid(x):
    return _split(x, lambda p: 1 / (1 + torch.exp(-p)), lambda n: torch.exp(n) / (1 + torch.exp(n)))


def sigmoid_grad(x):
    e = torch.exp(-torch.abs(x))
    return e / torch.square(1 + e)


def tanh(x):
    e = torch.expm1(-2 * torch.maximum(x, -x))
    return torch.sign(x) * (-e / (2 + e))


def tanh_grad(x):
    e = torch.exp(-2 * abs(x))
    return 4 * e / (1 + e) ** 2


def relu(x):
    return (x + x.abs()) / 2


def relu_grad(x):
    return torch.where(x > 0, torch.ones_like(x), torch.zeros_like(x))


def leaky_relu(x, slope=0.01):
    return torch.max(x, slope * x)


def leaky_relu_grad(x, slope=0.01):
    return slope + (1 - slope) * relu_grad(x)


def elu(x, alpha=1.0):
    return torch.max(x, torch.zeros_like(x)) + alpha * (
        torch.exp(torch.min(x, torch.zeros_like(x))) - 1
    )


def elu_grad(x, alpha=1.0):
    up = relu_grad(x)
    return up + (1 - up) * alpha * torch.exp(torch.min(x, torch.zeros_like(x)))


def selu(x):
    return 1.0507009873554805 * elu(x, alpha=1.6732632423543772)


def selu_grad(x):
    return 1.0507009873554805 * elu_grad(x, alpha=1.6732632423543772)


def gelu(x, approximate=False):
    phi = 0.5 + 0.5 * (
        tanh(0.7978845608028654 * x * (1 + 0.044715 * x * x))
        if approximate
        else torch.erf(x * 0.7071067811865476)
    )
    return x * phi


def gelu_grad(x, approximate=False):
    x = x.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        y = gelu(x, approximate).sum()
    (g,) = torch.autograd.grad(y, x)
    if approximate:
        g = torch.where(x == 0, torch.full_like(x, 0.5), g)
    return g.detach()


def softplus(x):
    top = torch.clamp(x, min=0)
    # The threshold of torch.nn.Softplus.
    return torch.where(x > 20, x, top + torch.log(torch.exp(x - top) + torch.exp(-top)))


def softplus_grad(x):
    return 1 / (1 + torch.exp(torch.clamp(-x, max=80)))


def saturation(x, name, tol=1e-3):
    if name not in ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "softplus"):
        raise ValueError(name)
    small = globals()[name + "_grad"](x).abs().lt(tol)
    return small.sum().item() / small.numel()
