"""PyTorch: parameters baked into a function of exp and sum, modes restored, AUTO shapes, input by keyword."""

# ruff: noqa: PTH102, PTH103

import os
import re

import torch


class Served(torch.nn.Module):
    def __init__(self, network, shift, scale):
        super().__init__()
        self.network = network
        self.shift = torch.nn.Parameter(shift.clone(), requires_grad=False)
        self.scale = torch.nn.Parameter(1 / scale, requires_grad=False)

    def forward(self, inputs):
        logits = self.network((inputs - self.shift) * self.scale)
        weights = torch.exp(logits - logits.amax(dim=1, keepdim=True))
        return weights / weights.sum(dim=1, keepdim=True)


def export(model, mean, std, folder, version):
    if not version > 0:
        raise ValueError("versions begin with 1")
    os.makedirs(folder, exist_ok=True)
    os.mkdir(f"{folder}/{version}")
    modes = [(module, module.training) for module in model.modules()]
    try:
        served = Served(model, mean, std).eval()
        example = torch.randn(5, mean.shape[0])
        free = {"inputs": {0: torch.export.Dim.DYNAMIC}}
        program = torch.export.export(served, (), {"inputs": example}, dynamic_shapes=free)
    finally:
        for module, training in modes:
            module.training = training
    torch.export.save(program, f"{folder}/{version}/model.pt2")
    return f"{folder}/{version}"


def latest(names):
    return max([0] + [int(name) for name in names if re.fullmatch("[1-9][0-9]*", name)])


def load_runtime(path):
    module = torch.export.load(f"{path}/model.pt2").module()
    return torch.no_grad()(lambda x: module(inputs=x))


def signature(path):
    graph = torch.export.load(f"{path}/model.pt2").graph
    given = next(n for n in graph.nodes if n.op == "placeholder" and n.name == "inputs")
    output = next(n for n in graph.nodes if n.op == "output").args[0][0]
    rows, features = given.meta["val"].shape
    return {
        "batch": None if isinstance(rows, torch.SymInt) else rows,
        "input": given.name,
        "dtype": str(given.meta["val"].dtype).split(".")[1],
        "features": features,
        "classes": output.meta["val"].size(1),
    }


def max_difference(f, g, x):
    one, other = f(x).detach(), g(x).detach()
    if one.size() != other.size():
        raise ValueError("shapes differ")
    return torch.nan_to_num((one - other).abs().max(), nan=float("inf")).item()
