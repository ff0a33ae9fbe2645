"""A module with blocks, hooks that see the shapes, and steps written by hand; in PyTorch."""

import numpy as np
import torch


class Block(torch.nn.Module):
    def __init__(self, channels, count, norm):
        super().__init__()
        self.convolution = torch.nn.Conv2d(channels, count, kernel_size=3, padding="same")
        self.norm = torch.nn.BatchNorm2d(count) if norm else torch.nn.Identity()
        self.pool = torch.nn.MaxPool2d((2, 2))

    def forward(self, x):
        return self.pool(self.norm(self.convolution(x)).clamp(min=0))


class Network(torch.nn.Module):
    def __init__(self, in_shape, classes, filters, units, rate, norm):
        super().__init__()
        *size, channels = in_shape
        self.blocks = torch.nn.ModuleList()
        for count in filters:
            size = [side // 2 for side in size]
            self.blocks.append(Block(channels, count, norm))
            channels = count
        if 0 in size:
            raise ValueError(f"nothing is left of {in_shape}")
        self.hidden = torch.nn.Linear(channels * size[0] * size[1], units)
        self.out = torch.nn.Linear(units, classes)
        self.rate = rate

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        x = torch.relu(self.hidden(x.reshape(len(x), -1)))
        return self.out(torch.nn.functional.dropout(x, self.rate, self.training))


def build(in_shape, classes, filters=(16, 32), units=64, rate=0.0, norm=False):
    return Network(in_shape, classes, filters, units, rate, norm)


def shapes(model, x):
    found = []

    def see(module, inputs, output):
        _, c, h, w = output.shape
        found.append((h, w, c))

    seen = [m for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.MaxPool2d))]
    handles = [module.register_forward_hook(see) for module in seen]
    try:
        logits(model, x[:1])
    finally:
        for handle in handles:
            handle.remove()
    return found


def receptive_field(layers):
    if not layers:
        return 1
    # From the last layer back: n numbers of a layer need (n - 1) stride + kernel of the one before.
    needed = 1
    for kernel, stride in layers[::-1]:
        needed = (needed - 1) * stride + kernel
    return needed


def train(model, x, y, epochs, batch, lr, rng):
    model.train()
    parameters = list(model.parameters())
    speed = [torch.zeros_like(p) for p in parameters]
    history = []
    for _ in range(epochs):
        losses = []
        for rows in np.array_split(rng.permutation(len(x)), range(batch, len(x), batch)):
            rows = rows.tolist()
            logp = model(x[rows]).log_softmax(1)
            each = -logp.gather(1, y[rows].long()[:, None])[:, 0]
            slopes = torch.autograd.grad(each.mean(), parameters)
            with torch.no_grad():
                for p, v, g in zip(parameters, speed, slopes, strict=True):
                    v.mul_(0.9).add_(g)
                    p.sub_(lr * v)
            losses += each.tolist()
        history.append(float(np.mean(losses)))
    return history


def logits(model, x, batch=256):
    before = model.training
    try:
        with torch.inference_mode():
            found = [model.eval()(x[i : i + batch]) for i in range(0, len(x), batch)]
        return torch.vstack(found).clone()
    finally:
        model.train(before)


def predict(model, x, batch=256):
    return logits(model, x, batch).max(dim=-1)[1]
