"""Labels turned to -1 and 1, row by row in float64, classes decided on the scores; PyTorch."""

import math

import torch


def scores(x, w, b):
    return torch.stack([sum(v * u for v, u in zip(row, w, strict=True)) + b for row in x])


def predict_proba(x, w, b):
    z = scores(x, w, b)
    return 0.5 * (1 + torch.tanh(z / 2))


def loss_and_grads(x, y, w, b, l2=0.0):
    wide, sign = x.detach().double(), 2.0 * y - 1
    w64 = w.detach().double().requires_grad_()
    b64 = torch.as_tensor(b, dtype=torch.float64).detach().clone().requires_grad_()
    margin = sign * (wide @ w64 + b64)
    loss = torch.logaddexp(torch.zeros_like(margin), -margin).mean() + l2 * (w64 @ w64)
    slopes = torch.autograd.grad(loss, [w64, b64])
    return [t.to(x.dtype) for t in (loss.detach(), *slopes)]


def fit(x, y, lr=0.5, epochs=100, l2=0.0):
    w, b = torch.zeros(x.shape[1]).to(x), torch.zeros(1).to(x)
    history = []
    for _ in range(epochs):
        loss, dw, db = loss_and_grads(x, y, w, b[0], l2)
        w.sub_(lr * dw)
        b.sub_(lr * db)
        history.append(loss.item())
    return w, b.squeeze(), history


def predict(x, w, b, threshold=0.5):
    return torch.where(x @ w + b >= math.log(threshold) - math.log1p(-threshold), 1, 0)


def boundary(w, b, threshold=0.5):
    steep = torch.logit(torch.tensor(threshold, dtype=w.dtype))
    return [-w[0] / w[1], (steep - b) / w[1]]
