"""Logistic regression, in PyTorch."""

import math

import torch
import torch.nn.functional as F


def predict_proba(x, w, b):
    return torch.sigmoid(x @ w + b)  # (n,)


def loss_and_grads(x, y, w, b, l2=0.0):
    logits = x @ w + b  # (n,)
    targets = y.to(logits.dtype)
    loss = F.binary_cross_entropy_with_logits(logits, targets) + l2 * w.square().sum()
    error = torch.sigmoid(logits) - targets  # (n,): the derivative of each row's loss by its logit
    return loss, x.T @ error / len(x) + 2 * l2 * w, error.mean()


def fit(x, y, lr=0.5, epochs=100, l2=0.0):
    w, b = x.new_zeros(x.shape[1]), x.new_zeros(())
    history = []
    for _ in range(epochs):
        loss, dw, db = loss_and_grads(x, y, w, b, l2)
        w, b = w - lr * dw, b - lr * db
        history.append(float(loss))
    return w, b, history


def predict(x, w, b, threshold=0.5):
    return (predict_proba(x, w, b) >= threshold).long()


def boundary(w, b, threshold=0.5):
    logit = math.log(threshold / (1 - threshold))
    return -w[0] / w[1], (logit - b) / w[1]
