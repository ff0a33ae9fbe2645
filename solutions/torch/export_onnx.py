"""Export to ONNX with torch.onnx, and run in ONNX Runtime, in PyTorch."""

import copy
import math
import warnings

import onnx
import onnxruntime
import torch


def to_onnx(model, features, path):
    whole = torch.nn.Sequential(copy.deepcopy(model), torch.nn.Softmax(-1)).eval()
    free = {"features": {0: "batch"}, "probabilities": {0: "batch"}}
    with warnings.catch_warnings():
        # The exporter of dynamo=True does the same, but takes seconds to import.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            whole,
            (torch.zeros(2, features),),
            path,
            dynamo=False,
            input_names=["features"],
            output_names=["probabilities"],
            dynamic_axes=free,
        )


def describe(path):
    model = onnx.load(path)

    def shapes(values):
        axes = {value.name: value.type.tensor_type.shape.dim for value in values}
        return {name: [d.dim_param or d.dim_value for d in dims] for name, dims in axes.items()}

    return {
        "inputs": shapes(model.graph.input),
        "outputs": shapes(model.graph.output),
        "opset": next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx")),
        "parameters": sum(math.prod(one.dims) for one in model.graph.initializer),
        "operators": [node.op_type for node in model.graph.node],
    }


def run_onnx(path, x):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    (found,) = session.run(None, {given.name: x.detach().numpy()})
    return torch.from_numpy(found)  # (B, K)


def same_labels(a, b):
    return (a.argmax(1) == b.argmax(1)).double().mean().item()
