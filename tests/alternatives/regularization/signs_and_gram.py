"""Signs for absolute values, moments by lerp, the lasso from its Gram matrix, in PyTorch."""

import torch


def l1_penalty(params, skip_bias=True):
    total = sum((w.detach().sign() * w).sum() for w in params if w.ndim >= 2 or not skip_bias)
    return (
        total
        if torch.is_tensor(total)
        else torch.zeros((), dtype=params[0].dtype if params else None)
    )


def l2_penalty(params, skip_bias=True):
    total = sum((w.pow(2)).sum() for w in params if w.ndim >= 2 or not skip_bias)
    return (
        total
        if torch.is_tensor(total)
        else torch.zeros((), dtype=params[0].dtype if params else None)
    )


def penalized_loss(loss, params, l1=0.0, l2=0.0, skip_bias=True):
    for w in params:
        if skip_bias and w.ndim < 2:
            continue
        loss = loss + (l1 * w.abs() + l2 * w * w).sum()
    return loss.clone()


def weight_decay_step(params, grads, lr, decay, skip_bias=True):
    with torch.no_grad():
        return [
            torch.sub(w, g, alpha=lr) if skip_bias and w.ndim < 2 else w - lr * (g + decay * w)
            for w, g in zip(params, grads, strict=True)
        ]


def adam_step(params, grads, moments, step, lr=0.001, l2=0.0, decay=0.0, skip_bias=True):
    out, ms, vs = [], [], []
    for i in range(len(params)):
        w, g = params[i].detach(), grads[i].detach().clone()
        m, v = moments[0][i].detach(), moments[1][i].detach()
        free = skip_bias and w.ndim <= 1
        if not free:
            g += l2 * 2.0 * w
        m = m.lerp(g, 1 - 0.9)
        v = v.lerp(g * g, 1 - 0.999)
        new = w.clone()
        if not free:
            new.mul_(1 - lr * decay)
        new.addcdiv_(m / (1 - 0.9**step), (v / (1 - 0.999**step)).sqrt().add_(1e-8), value=-lr)
        out.append(new)
        ms.append(m)
        vs.append(v)
    return [out, [ms, vs]]


def sparsity(params, tol=0.0, skip_bias=True):
    hits = total = 0
    for w in params:
        if w.ndim > 1 or not skip_bias:
            hits += int((w.abs() <= tol).sum())
            total += w.numel()
    return hits / total if total else 0.0


def soft_threshold(w, threshold):
    return torch.where(
        w > threshold, w - threshold, torch.where(w < -threshold, w + threshold, 0 * w)
    )


def fit_lasso(x, y, l1, lr, steps):
    n, d = x.shape
    w, b = torch.zeros(d, dtype=x.dtype), torch.tensor(0.0, dtype=x.dtype)
    gram, cross = x.T @ x / n, x.T @ y / n
    mx, my = x.mean(0), y.mean()
    for _ in range(steps):
        dw = gram @ w + mx * b - cross
        db = mx @ w + b - my
        w = soft_threshold(w - lr * dw, lr * l1)
        b = b - lr * db
    return [w, b]
