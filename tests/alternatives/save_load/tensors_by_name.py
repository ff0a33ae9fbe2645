"""PyTorch: a module of its own, NumPy's format for a training, a temporary file of the system's naming."""

# ruff: noqa: PTH100, PTH104, PTH108, PTH120

import json
import os
import tempfile

import numpy as np
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self, features, hidden, outputs):
        super().__init__()
        self.enter = nn.Linear(features, hidden)
        self.norm = nn.BatchNorm1d(hidden)
        self.leave = nn.Linear(hidden, outputs)

    def forward(self, x):
        return self.leave(torch.relu(self.norm(self.enter(x))))


def build(features, hidden, outputs):
    return Network(features, hidden, outputs)


def swap_in(path, write):
    handle, name = tempfile.mkstemp(dir=os.path.dirname(os.path.abspath(path)))
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        os.rename(name, path)
    except BaseException:
        os.unlink(name)
        raise


def save_weights(model, path):
    swap_in(path, lambda file: torch.save(dict(model.state_dict()), file))


def load_weights(model, path):
    state = torch.load(path, weights_only=True, map_location="cpu")
    shapes = {name: value.shape for name, value in model.state_dict().items()}
    if shapes != {name: value.shape for name, value in state.items()}:
        raise ValueError(f"{path} does not fit")
    for name, value in model.state_dict().items():
        value.copy_(state[name])


class Training:
    def __init__(self, model, lr, rng):
        self.model, self.lr, self.rng, self.epoch, self.steps = model, lr, rng, 0, 0
        self.first = [torch.zeros_like(p) for p in model.parameters()]
        self.second = [torch.zeros_like(p) for p in model.parameters()]

    def step(self, x, y):
        errors = self.model(x) - y
        gradients = torch.autograd.grad((errors * errors).mean(), list(self.model.parameters()))
        self.steps += 1
        rate = self.lr * (1 - 0.999**self.steps) ** 0.5 / (1 - 0.9**self.steps)
        with torch.no_grad():
            rows = zip(self.model.parameters(), gradients, self.first, self.second, strict=True)
            for p, g, m, v in rows:
                m.lerp_(g, 0.1)
                v.mul_(0.999).addcmul_(g, g, value=0.001)
                p.sub_(rate * m / (v.sqrt() + 1e-8))
        return float((errors**2).sum())

    def run(self, x, y, epochs, batch):
        self.model.train()
        losses = []
        for _ in range(epochs):
            order = self.rng.permutation(len(x))
            parts = [order[i : i + batch] for i in range(0, len(x), batch)]
            losses.append(sum(self.step(x[part], y[part]) for part in parts) / y.numel())
            self.epoch += 1
        return losses

    def save(self, path):
        about = {
            "epoch": self.epoch,
            "steps": self.steps,
            "lr": self.lr,
            "rng": self.rng.bit_generator.state,
        }
        arrays = {f"p.{k}": v.numpy() for k, v in self.model.state_dict().items()}
        arrays |= {f"m.{i}": m.numpy() for i, m in enumerate(self.first)}
        arrays |= {f"v.{i}": v.numpy() for i, v in enumerate(self.second)}
        swap_in(path, lambda file: np.savez(file, about=json.dumps(about), **arrays))


def resume(path, model):
    with np.load(path) as file:
        state = {name: file[name] for name in file.files}
    about = json.loads(str(state["about"]))
    rng = np.random.Generator(getattr(np.random, about["rng"]["bit_generator"])())
    rng.bit_generator.state = about["rng"]
    training = Training(model, about["lr"], rng)
    training.epoch, training.steps = about["epoch"], about["steps"]
    training.first = [torch.from_numpy(state[f"m.{i}"]) for i in range(len(training.first))]
    training.second = [torch.from_numpy(state[f"v.{i}"]) for i in range(len(training.second))]
    model.load_state_dict({k: torch.tensor(state[f"p.{k}"]) for k in model.state_dict()})
    return training
