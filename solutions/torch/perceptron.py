"""A neuron, the step rule and the perceptron learning algorithm, in PyTorch."""

import torch


def neuron(x, w, b, activation):
    return activation(x @ w + b)  # (N, D) (D,) + () -> (N,)


def predict(x, w, b):
    return neuron(x, w, b, lambda z: (z >= 0).long())


def perceptron_fit(x, y, epochs=100, lr=1.0):
    w, b = torch.zeros(x.shape[1], dtype=x.dtype), torch.zeros((), dtype=x.dtype)
    mistakes = []
    for _ in range(epochs):
        wrong = 0
        for row, label in zip(x, y, strict=True):
            error = label - predict(row, w, b)  # -1, 0 or 1
            w += lr * error * row
            b += lr * error
            wrong += int(error != 0)
        mistakes.append(wrong)
        if wrong == 0:
            break
    return w, b, mistakes
