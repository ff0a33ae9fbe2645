"""A small classifier and its training step."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))

    def forward(self, x):
        return self.layers(x)


def make_step(width, rows=64):
    net = Net(width)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    x, y = torch.randn(rows, 64), torch.randint(10, (rows,))

    def step():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step
