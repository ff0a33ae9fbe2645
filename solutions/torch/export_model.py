"""Export a model with torch.export, in PyTorch."""

import copy
import math
from pathlib import Path

import torch


class Deployed(torch.nn.Module):
    """From raw features to probabilities."""

    def __init__(self, model, mean, std):
        super().__init__()
        self.model = model
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    def forward(self, inputs):
        return torch.softmax(self.model((inputs - self.mean) / self.std), dim=-1)  # (B, K)


def export(model, mean, std, folder, version):
    if version < 1:
        raise ValueError(f"a version is at least 1, not {version}")
    path = Path(folder) / str(version)
    if path.exists():
        raise FileExistsError(f"{path} is there already")
    whole = Deployed(copy.deepcopy(model), mean, std).eval()
    # An example of one row would fix the batch at 1.
    example = torch.zeros(2, len(mean))
    free = {"inputs": {0: torch.export.Dim("batch", min=1)}}
    program = torch.export.export(whole, (example,), dynamic_shapes=free)
    path.mkdir(parents=True)
    torch.export.save(program, path / "model.pt2")
    return f"{folder}/{version}"


def latest(names):
    found = [int(n) for n in names if n.isascii() and n.isdigit() and not n.startswith("0")]
    return max(found, default=0)


def load_runtime(path):
    module = torch.export.load(Path(path) / "model.pt2").module()

    def run(x):
        with torch.no_grad():
            return module(x)

    return run


def signature(path):
    program = torch.export.load(Path(path) / "model.pt2")
    values = {node.name: node.meta["val"] for node in program.graph.nodes if "val" in node.meta}
    (name,), (output,) = program.graph_signature.user_inputs, program.graph_signature.user_outputs
    batch, features = values[name].shape
    return {
        "input": name,
        "dtype": str(values[name].dtype).removeprefix("torch."),
        "features": int(features),
        "classes": int(values[output].shape[-1]),
        "batch": batch if isinstance(batch, int) else None,
    }


def max_difference(f, g, x):
    a, b = f(x), g(x)
    if a.shape != b.shape:
        raise ValueError(f"the shapes {tuple(a.shape)} and {tuple(b.shape)} differ")
    difference = (a - b).abs()
    if a.isnan().any() or b.isnan().any():
        return math.inf
    return difference.max().item()
