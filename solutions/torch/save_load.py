"""Save and load weights and a whole training, in PyTorch."""

import io
import json
from pathlib import Path

import numpy as np
import torch


def build(features, hidden, outputs):
    return torch.nn.Sequential(
        torch.nn.Linear(features, hidden),
        torch.nn.BatchNorm1d(hidden),
        torch.nn.ReLU(),
        torch.nn.Linear(hidden, outputs),
    )


def write_whole(content, path):
    """Write a file that appears at path only once it is complete."""
    buffer, part = io.BytesIO(), Path(f"{path}.part")
    torch.save(content, buffer)
    try:
        part.write_bytes(buffer.getvalue())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def take(model, state):
    """Load a state_dict that fits; load_state_dict alone would copy what fits before it raises."""
    own = model.state_dict()
    if own.keys() != state.keys() or any(own[key].shape != state[key].shape for key in own):
        raise ValueError("the file holds the weights of another model")
    model.load_state_dict(state)


def save_weights(model, path):
    write_whole(model.state_dict(), path)


def load_weights(model, path):
    take(model, torch.load(path, weights_only=True))


class Training:
    def __init__(self, model, lr, rng):
        self.model, self.rng, self.epoch = model, rng, 0
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)

    def run(self, x, y, epochs, batch):
        self.model.train()
        losses = []
        for _ in range(epochs):
            total = 0.0
            order = torch.from_numpy(self.rng.permutation(len(x)))  # (N,)
            for rows in order.split(batch):
                errors = (self.model(x[rows]) - y[rows]) ** 2  # (batch, K)
                self.optimizer.zero_grad()
                errors.mean().backward()
                self.optimizer.step()
                total += errors.sum().item()
            losses.append(total / y.numel())
            self.epoch += 1
        return losses

    def save(self, path):
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "epoch": self.epoch,
            "rng": json.dumps(self.rng.bit_generator.state),
        }
        write_whole(state, path)


def resume(path, model):
    state = torch.load(path, weights_only=True)
    rng = np.random.default_rng()
    rng.bit_generator.state = json.loads(state["rng"])
    training = Training(model, 0.0, rng)
    take(model, state["model"])
    training.optimizer.load_state_dict(state["optimizer"])  # the learning rate is part of it
    training.epoch = state["epoch"]
    return training
