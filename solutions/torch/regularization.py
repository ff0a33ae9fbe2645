"""L1, L2 and weight decay, in PyTorch."""

import torch


def is_penalized(tensor, skip_bias):
    return tensor.dim() > 1 or not skip_bias


def nothing(params):
    return torch.zeros((), dtype=params[0].dtype if params else torch.float32)


def l1_penalty(params, skip_bias=True):
    terms = [p.abs().sum() for p in params if is_penalized(p, skip_bias)]
    return torch.stack(terms).sum() if terms else nothing(params)


def l2_penalty(params, skip_bias=True):
    terms = [p.square().sum() for p in params if is_penalized(p, skip_bias)]
    return torch.stack(terms).sum() if terms else nothing(params)


def penalized_loss(loss, params, l1=0.0, l2=0.0, skip_bias=True):
    return loss + l1 * l1_penalty(params, skip_bias) + l2 * l2_penalty(params, skip_bias)


@torch.no_grad()
def weight_decay_step(params, grads, lr, decay, skip_bias=True):
    after = []
    for p, g in zip(params, grads, strict=True):
        shrink = lr * decay if is_penalized(p, skip_bias) else 0.0
        after.append(p - lr * g - shrink * p)
    return after


@torch.no_grad()
def adam_step(params, grads, moments, step, lr=0.001, l2=0.0, decay=0.0, skip_bias=True):
    after, means, squares = [], [], []
    for p, g, m, v in zip(params, grads, *moments, strict=True):
        penalized = is_penalized(p, skip_bias)
        if penalized:
            g = g + 2 * l2 * p
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g.square()
        # Both averages begin at 0; dividing by the weight that they have given away so far undoes that.
        mean, square = m / (1 - 0.9**step), v / (1 - 0.999**step)
        shrink = lr * decay if penalized else 0.0
        after.append(p - lr * mean / (square.sqrt() + 1e-8) - shrink * p)
        means.append(m)
        squares.append(v)
    return after, (means, squares)


def sparsity(params, tol=0.0, skip_bias=True):
    small = [p.abs() <= tol for p in params if is_penalized(p, skip_bias)]
    total = sum(s.numel() for s in small)
    return sum(s.sum().item() for s in small) / total if total else 0.0


def soft_threshold(w, threshold):
    return w.sign() * (w.abs() - threshold).clamp(min=0)


def fit_lasso(x, y, l1, lr, steps):
    w, b = x.new_zeros(x.shape[1]), x.new_zeros(())
    for _ in range(steps):
        residual = x @ w + b - y  # (N,)
        dw, db = x.T @ residual / len(x), residual.mean()  # (D,), ()
        w, b = soft_threshold(w - lr * dw, lr * l1), b - lr * db
    return w, b
