"""A multiclass linear classifier from tensors and autograd, in PyTorch."""

import torch


def init(n_in, k, rng):
    w = rng.normal(0.0, 0.01, (n_in, k))
    return {"w": torch.tensor(w, dtype=torch.float32), "b": torch.zeros(k)}


def forward(params, x):
    return x @ params["w"] + params["b"]  # (n, k)


def cross_entropy(logits, y):
    chosen = logits[torch.arange(len(y)), y.long()]  # (n,)
    return (torch.logsumexp(logits, dim=1) - chosen).mean()


def loss_of(params, x, y):
    return cross_entropy(forward(params, x), y)


def train_step(params, x, y, lr):
    gradients, loss = torch.func.grad_and_value(loss_of)(params, x, y)
    return {name: p - lr * gradients[name] for name, p in params.items()}, loss


def train(params, x, y, lr, epochs, batch, rng):
    history = []
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(len(x)))
        losses = []
        for rows in order.split(batch):
            params, loss = train_step(params, x[rows], y[rows], lr)
            losses.append(loss)
        history.append(torch.stack(losses).mean().item())
    return params, history


def evaluate(params, x, y):
    return (forward(params, x).argmax(dim=1) == y).double().mean().item()
