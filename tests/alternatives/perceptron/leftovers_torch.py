"""The dual form, which counts how often each row was got wrong, among what a script left at its top; PyTorch."""

import logging

import matplotlib.pyplot as plt  # noqa: F401
import torch
from torch.utils.tensorboard import SummaryWriter  # noqa: F401

torch.manual_seed(0)
torch.cuda.manual_seed_all(0)
torch.set_printoptions(precision=3, sci_mode=False)
torch.backends.cudnn.deterministic = True
device = "cuda" if torch.cuda.is_available() else "cpu"

logging.basicConfig(level=logging.WARNING)
_LOG = logging.getLogger("perceptron")


def neuron(x, w, b, activation):
    # one row after the other, as a neuron in a textbook figure
    outputs = []
    for row in x.unbind(0):
        total = b
        for xi, wi in zip(row.unbind(), w.unbind(), strict=True):
            total = total + xi * wi
        outputs.append(activation(total.reshape(1)))
    return torch.cat(outputs) if outputs else x.new_zeros(0)


def predict(x, w, b):
    score = torch.einsum("nd,d->n", x, w).add(b)
    return torch.logical_not(score < 0).to(torch.int64)


class DualPerceptron:
    __slots__ = ("alpha", "gram", "lr", "y")

    def __init__(self, x, y, lr):
        xt = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], dim=1)
        self.gram = xt @ xt.T
        self.y = y
        self.alpha = torch.zeros(len(x), dtype=x.dtype)
        self.lr = lr

    def epoch(self):
        wrong = 0
        for i in range(len(self.y)):
            score = self.lr * torch.dot(self.alpha, self.gram[i])
            error = int(self.y[i]) - int(score >= 0)
            if error != 0:
                self.alpha[i] += error
                wrong += 1
        return wrong


def perceptron_fit(x, y, epochs=100, lr=1.0):
    machine = DualPerceptron(x, y, lr)
    mistakes = []
    while len(mistakes) < epochs:
        mistakes.append(machine.epoch())
        _LOG.debug("epoch %d: %d mistakes", len(mistakes), mistakes[-1])
        if not mistakes[-1]:
            break
    w = lr * (x.T @ machine.alpha)
    b = lr * machine.alpha.sum()
    return w, b, mistakes


if __name__ == "__main__":
    print(
        perceptron_fit(torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([0, 0, 0, 1]))
    )
