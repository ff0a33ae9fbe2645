"""The bias as one more weight of an input that is always 1, and weights that move only after mistakes."""

import torch


def neuron(x, w, b, activation):
    return activation((x * w).sum(dim=-1).add(b))


def predict(x, w, b):
    return torch.heaviside(x.mv(w) + b, torch.ones((), dtype=x.dtype)).to(torch.int64)


def perceptron_fit(x, y, epochs=100, lr=1.0):
    inputs = torch.cat([x.double(), torch.ones(len(x), 1, dtype=torch.float64)], dim=1)
    signs = (2 * y - 1).double()
    weights = torch.zeros(inputs.shape[1], dtype=torch.float64)
    mistakes = []
    while len(mistakes) < epochs:
        wrong = 0
        for i in range(len(inputs)):
            score = torch.dot(inputs[i], weights)
            says_one = bool(score >= 0)
            if says_one != bool(signs[i] > 0):
                weights.add_(inputs[i], alpha=lr * float(signs[i]))
                wrong += 1
        mistakes.append(wrong)
        if not wrong:
            return weights[:-1].to(x.dtype), weights[-1].to(x.dtype), mistakes
    return weights[:-1].to(x.dtype), weights[-1].to(x.dtype), mistakes
