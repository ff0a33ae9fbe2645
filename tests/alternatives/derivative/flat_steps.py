"""Steps in place on a flat copy, `backward` on a leaf of its own, and a Jacobian row by row."""

import torch


def numerical_grad(f, x, eps=1e-5):
    flat = x.detach().to(torch.float64).flatten().clone()
    out = torch.zeros(x.numel())
    out = out.to(x.dtype)
    for i in range(flat.numel()):
        kept = flat[i].item()
        flat[i] = kept + eps
        above = f(flat.reshape(x.shape)).item()
        flat[i] = kept - eps
        below = f(flat.reshape(x.shape)).item()
        flat[i] = kept
        out[i] = (above - below) / eps / 2
    return out.reshape(x.shape)


def autograd_grad(f, x):
    leaf = x.clone().detach().requires_grad_(True)
    # backward needs a result that depends on the leaf, and stores gradients in no other.
    (f(leaf) + 0 * leaf.sum()).backward(inputs=[leaf])
    return leaf.grad.detach()


def jacobian(f, x):
    leaf = x.clone().detach().requires_grad_(True)
    y = f(leaf)
    rows = torch.zeros(y.numel(), *x.shape, dtype=x.dtype)
    for i, result in enumerate(y.reshape(-1)):
        if result.requires_grad:
            (rows[i],) = torch.autograd.grad(
                result, leaf, retain_graph=True, materialize_grads=True
            )
    return rows.reshape(y.shape + x.shape)


def second_derivative(f, x):
    leaf = x.clone().detach().requires_grad_(True)
    y = f(leaf).sum()
    if not y.requires_grad:
        return torch.zeros_like(x)
    slope = torch.autograd.grad(y, leaf, create_graph=True, materialize_grads=True)[0]
    if not slope.requires_grad:
        return torch.zeros_like(x)
    (curvature,) = torch.autograd.grad(slope.sum(), leaf, materialize_grads=True)
    return curvature


def grad_check(f, grad_f, x, eps=1e-5):
    point = x.to(torch.float64)
    pairs = torch.stack([grad_f(point), numerical_grad(f, point, eps)])
    error = (pairs[0] - pairs[1]).abs() / torch.clamp(pairs.abs().sum(0), min=1e-8)
    return error.max()
