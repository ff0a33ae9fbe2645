"""A module that holds its blocks and knows how many are frozen, and steps written by hand; in PyTorch."""

import numpy as np
import torch


class Block(torch.nn.Module):
    def __init__(self, channels, count):
        super().__init__()
        self.convolution = torch.nn.Conv2d(channels, count, kernel_size=(3, 3), padding="same")
        self.norm = torch.nn.BatchNorm2d(count)

    def forward(self, x):
        x = self.norm(self.convolution(x)).clamp(min=0)
        return torch.nn.functional.max_pool2d(x, 2)


class Network(torch.nn.Module):
    def __init__(self, in_shape, filters, classes):
        super().__init__()
        self.made = (tuple(in_shape), tuple(filters))
        *size, channels = in_shape
        self.blocks = torch.nn.ModuleList()
        for count in filters:
            self.blocks.append(Block(channels, count))
            channels, size = count, [side // 2 for side in size]
        self.head = torch.nn.Linear(channels * size[0] * size[1], classes)
        self.frozen = 0

    def learned(self):
        for block in self.blocks[self.frozen :]:
            yield from block.parameters()
        yield from self.head.parameters()

    def train(self, mode=True):
        super().train(mode)
        for block in self.blocks[: self.frozen]:
            block.eval()
        return self

    def forward(self, x):
        for place, block in enumerate(self.blocks):
            with torch.set_grad_enabled(torch.is_grad_enabled() and place >= self.frozen):
                x = block(x)
        return self.head(x.reshape(len(x), -1))


def build(in_shape, filters, classes):
    return Network(in_shape, filters, classes)


def replace_head(model, classes):
    made = Network(*model.made, classes)
    made.blocks.load_state_dict(model.blocks.state_dict())
    for parameter in made.head.parameters():
        parameter.data = torch.zeros_like(parameter)
    return made


def freeze(model, blocks):
    if blocks not in range(len(model.blocks) + 1):
        raise ValueError(blocks)
    model.frozen = blocks


def trainable_count(model):
    return sum(len(parameter.flatten()) for parameter in model.learned())


def train(model, x, y, epochs, batch, lr, rng):
    parameters = list(model.learned())
    speed = [0.0] * len(parameters)
    model.train()
    history = []
    for _ in range(epochs):
        losses = []
        for rows in np.array_split(rng.permutation(len(x)), range(batch, len(x), batch)):
            rows = rows.tolist()
            logp = model(x[rows]).log_softmax(1)
            each = -logp.gather(1, y[rows].long()[:, None])[:, 0]
            slopes = torch.autograd.grad(each.mean(), parameters)
            speed = [0.9 * v + g for v, g in zip(speed, slopes, strict=True)]
            with torch.no_grad():
                for p, v in zip(parameters, speed, strict=True):
                    p -= lr * v
            losses += each.tolist()
        history.append(float(np.mean(losses)))
    return history


def transfer(base, x, y, classes, epochs, batch, lr, rng, thaw=1):
    model, history = replace_head(base, classes), []
    blocks = len(model.blocks)
    for frozen, count, rate in zip((blocks, blocks - thaw), epochs, (lr, 0.1 * lr), strict=True):
        freeze(model, frozen)
        history.extend(train(model, x, y, count, batch, rate, rng))
    return [model, history]


@torch.no_grad()
def logits(model, x):
    was = model.training
    found = model.eval()(x)
    model.train(was)
    return found
