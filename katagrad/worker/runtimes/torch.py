"""Open programs of torch.export and weight files, without code of the submission."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils._pytree import tree_leaves, tree_unflatten

from katagrad.worker.runtimes import Runtime, Unfit, check_archive, spec


def open_program(path: Path) -> Runtime:
    """Open a program that torch.export.save wrote. Inputs are named as the placeholders of its graph.

    It may take them by position or by keyword, and return a tensor, or tensors in a list or a dict.
    """
    check_archive(path)
    # torch.export.load falls back to pickles with code, unless the environment forbids it.
    os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"
    program = torch.export.load(path)
    module = program.module()
    values = {node.name: node.meta.get("val") for node in program.graph.nodes}
    signature = program.graph_signature
    inputs = [name for name in signature.user_inputs if isinstance(name, str)]
    outputs = [name for name in signature.user_outputs if isinstance(name, str)]
    about = {
        "inputs": [_spec(name, values[name]) for name in inputs],
        "outputs": [_spec(name, values[name]) for name in outputs],
        "operators": [
            str(node.target) for node in program.graph.nodes if node.op == "call_function"
        ],
        "parameters": sum(value.numel() for value in program.state_dict.values()),
    }

    def run(given: dict[str, np.ndarray]) -> dict[str, Any]:
        # What is no text is a constant of the program.
        leaves = [
            torch.from_numpy(given[name].copy()) if isinstance(name, str) else name
            for name in signature.user_inputs
        ]
        args, kwargs = tree_unflatten(leaves, program.call_spec.in_spec)
        with torch.no_grad():
            found = tree_leaves(module(*args, **kwargs))
        tensors = [value for value in found if isinstance(value, torch.Tensor)]
        return {name: value.numpy() for name, value in zip(outputs, tensors, strict=True)}

    return Runtime(about, run)


def _spec(name: str, value: Any) -> dict[str, Any]:
    sizes = [size if type(size) is int else None for size in value.shape]
    return spec(name, str(value.dtype).rpartition(".")[2], sizes)


def open_weights(path: Path) -> Runtime:
    """Read a state_dict: `run({})` returns its tensors by name. Pickles with code are refused."""
    check_archive(path)
    found = torch.load(path, weights_only=True, map_location="cpu")
    if not isinstance(found, dict) or not all(isinstance(v, torch.Tensor) for v in found.values()):
        raise Unfit(f"{path.name} holds {type(found).__name__}, but should hold a dict of tensors")
    arrays = {str(name): value.detach().numpy() for name, value in found.items()}
    return Runtime({"names": sorted(arrays)}, lambda inputs: arrays)  # noqa: ARG005


RUNTIMES = {"torch_program": open_program, "torch_weights": open_weights}
