"""Backpropagation by hand in float64, layer by layer, in place on own copies; PyTorch."""

import numpy as np
import torch


class LeakyReLU:
    def __init__(self, slope):
        self.slope = slope

    def __call__(self, s):
        return s.clamp(min=0) + self.slope * s.clamp(max=0)

    def slopes(self, s):
        return torch.where(s > 0, torch.ones_like(s), torch.full_like(s, self.slope))


class Sigmoid:
    def __call__(self, s):
        return 1 / (1 + torch.exp(-s))

    def slopes(self, s):
        return self(s) * (1 - self(s))


def chosen(activation):
    known = {"relu": LeakyReLU(0.0), "leaky_relu": LeakyReLU(0.01), "sigmoid": Sigmoid()}
    try:
        return known[activation]
    except KeyError:
        raise ValueError(activation) from None


def init_params(sizes, rng, scheme="he"):
    params = []
    for i in range(1, len(sizes)):
        size = (sizes[i - 1], sizes[i])
        if scheme == "he":
            w = rng.standard_normal(size) * np.sqrt(2.0 / size[0])
        elif scheme == "xavier":
            w = (2 * rng.random(size) - 1) * np.sqrt(6.0 / sum(size))
        else:
            raise ValueError(scheme)
        params.append([torch.from_numpy(w).float(), torch.zeros(sizes[i])])
    return params


def walk(params, x, activation):
    inputs, sums = [x], []
    for i, (w, b) in enumerate(params):
        sums.append(torch.addmm(b, inputs[-1], w))
        inputs.append(activation(sums[-1]) if i + 1 < len(params) else sums[-1])
    return inputs, sums


def forward(params, x, activation="relu"):
    return walk(params, x, chosen(activation))[0][-1]


def train_step(params, x, y, lr, activation="relu"):
    bend = chosen(activation)
    params = [[p.detach().double() for p in pair] for pair in params]
    inputs, sums = walk(params, x.double(), bend)
    log_p = torch.log_softmax(inputs[-1], dim=1)
    hot = torch.nn.functional.one_hot(y.long(), log_p.shape[1])
    error = (log_p.exp() - hot) / len(y)
    for i in reversed(range(len(params))):
        dw, db = inputs[i].T @ error, error.sum(0)
        if i:
            error = (error @ params[i][0].T) * bend.slopes(sums[i - 1])
        params[i] = [params[i][0] - lr * dw, params[i][1] - lr * db]
    return [[p.to(x.dtype) for p in pair] for pair in params], -(log_p * hot).sum(1).mean().to(
        x.dtype
    )


def train(params, x, y, lr, epochs, batch, rng, activation="relu"):
    history = []
    for _ in range(epochs):
        shuffled, total, steps = rng.permutation(len(x)).tolist(), 0.0, 0
        while shuffled:
            rows, shuffled = shuffled[:batch], shuffled[batch:]
            params, loss = train_step(params, x[rows], y[rows], lr, activation)
            total, steps = total + loss.item(), steps + 1
        history.append(total / steps)
    return params, history
