"""Gradients from the tape, parameters updated in place, x and y as columns; PyTorch."""

import torch


def predict(x, w, b):
    w, b = torch.as_tensor(w, dtype=x.dtype), torch.as_tensor(b, dtype=x.dtype)
    return torch.addmm(b.reshape(1), x.reshape(-1, 1), w.reshape(1, 1)).squeeze(1)


def mse_gradients(x, y, w, b):
    if len(x) != len(y):
        raise ValueError("one y for every x, please")
    w, b = (torch.as_tensor(v, dtype=x.dtype).detach().clone() for v in (w, b))
    w.requires_grad_(), b.requires_grad_()
    loss = torch.nn.functional.mse_loss(predict(x, w, b), y.flatten())
    return torch.autograd.grad(loss, (w, b))


def fit(x, y, lr=0.1, epochs=100):
    if x.shape[0] != y.shape[0]:
        raise ValueError("one y for every x, please")
    w = torch.zeros((), dtype=x.dtype, requires_grad=True)
    b = torch.zeros((), dtype=x.dtype, requires_grad=True)
    optimizer = torch.optim.SGD([w, b], lr=lr)
    history = []
    for _ in range(epochs):
        loss = torch.nn.functional.mse_loss(predict(x, w, b), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(float(loss.detach()))
    return [w, b, history]
