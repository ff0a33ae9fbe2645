"""Export to LiteRT by writing the file operator by operator, and run in its interpreter, in PyTorch."""

from pathlib import Path

import numpy as np
import torch
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools.flatbuffer_utils import write_model


def table(kind, **fields):
    """A table of the format, such as a Tensor."""
    made = getattr(schema, kind + "T")()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


class Graph:
    def __init__(self):
        # Buffer 0 is empty: it is that of tensors which are computed.
        self.tensors, self.operators, self.codes, self.buffers = [], [], [], [table("Buffer")]

    def tensor(self, name, dtype, rows, scale=None, zero=0):
        """The index of a new tensor. rows: a constant's numbers, or the width of a batch's rows."""
        made = table("Tensor", name=name, type=getattr(schema.TensorType, dtype.upper()))
        if isinstance(rows, int):
            made.shape, made.shapeSignature = [1, rows], [-1, rows]
        else:
            made.shape, made.buffer = list(rows.shape), len(self.buffers)
            content = rows.numpy().astype(dtype).reshape(-1)
            self.buffers.append(table("Buffer", data=content.view(np.uint8)))
        if scale is not None:
            scale = np.atleast_1d(scale).astype(np.float32)
            zeros = np.full(scale.shape, zero)
            made.quantization = table("QuantizationParameters", scale=scale, zeroPoint=zeros)
        self.tensors.append(made)
        return len(self.tensors) - 1

    def operator(self, name, inputs, output, version, kind, **options):
        builtin = getattr(schema.BuiltinOperator, name)
        code = {"builtinCode": builtin, "deprecatedBuiltinCode": builtin, "version": version}
        self.codes.append(table("OperatorCode", **code))
        made = table("Operator", opcodeIndex=len(self.codes) - 1, inputs=inputs, outputs=[output])
        made.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
        made.builtinOptions = table(kind, **options)
        self.operators.append(made)


def folded(model):
    """[(w, b, relu)]: the dense layers, with batch normalization multiplied in."""
    layers = []
    for layer in model:
        if isinstance(layer, torch.nn.Linear):
            layers.append((layer.weight, layer.bias, False))  # (out, in), (out,)
        elif isinstance(layer, torch.nn.BatchNorm1d):
            w, b, _ = layers[-1]
            factor = layer.weight / torch.sqrt(layer.running_var + layer.eps)  # (out,)
            shifted = (b - layer.running_mean) * factor + layer.bias
            layers[-1] = (w * factor[:, None], shifted, False)
        elif isinstance(layer, torch.nn.ReLU):
            layers[-1] = (*layers[-1][:2], True)
    return [(w.detach(), b.detach(), relu) for w, b, relu in layers]


def ruler(x):
    low, high = min(x.min().item(), 0.0), max(x.max().item(), 0.0)
    scale = (high - low) / 255 or 1.0  # a unit of ReLU may never be above 0
    return scale, round(-128 - low / scale)


def to_litert(model, features, path, calibration=None):
    x, graph = calibration, Graph()
    real, wide = ("float32", "float32") if x is None else ("int8", "int32")
    marks = () if x is None else ruler(x)
    given = at = graph.tensor("features", real, features, *marks)
    for i, (w, b, relu) in enumerate(folded(model)):
        steps = sums = None
        if x is not None:
            x = (x.detach() @ w.T + b).clamp(min=0.0 if relu else -torch.inf)  # (N, out)
            room = b.abs() / (marks[0] * 2**30) + 1e-9  # int32 holds a bias without weights
            steps = torch.maximum(w.abs().amax(dim=1) / 127, room)  # (out,), symmetric
            sums = marks[0] * steps
            w, b, marks = torch.round(w / steps[:, None]), torch.round(b / sums), ruler(x)
        kernel = graph.tensor(f"w{i}", real, w, steps)
        inputs = [at, kernel, graph.tensor(f"b{i}", wide, b, sums)]
        at = graph.tensor(f"z{i}", real, len(b), *marks)
        fused = {"fusedActivationFunction": int(relu)}  # 1 is RELU
        graph.operator("FULLY_CONNECTED", inputs, at, 4, "FullyConnectedOptions", **fused)
    marks = () if x is None else (1 / 256, -128)
    out = graph.tensor("probabilities", real, len(b), *marks)
    graph.operator("SOFTMAX", [at], out, 2, "SoftmaxOptions", beta=1.0)
    ends = {"inputs": [given], "outputs": [out]}
    whole = table("SubGraph", tensors=graph.tensors, operators=graph.operators, **ends)
    kept = {"operatorCodes": graph.codes, "buffers": graph.buffers}
    write_model(table("Model", version=3, subgraphs=[whole], **kept), path)


def run_litert(path, x):
    interpreter = Interpreter(model_path=path)
    (given,), (returned,) = interpreter.get_input_details(), interpreter.get_output_details()
    sent = x.detach().numpy()
    if given["dtype"] is np.int8:
        scale, zero = given["quantization"]
        sent = np.clip(np.round(sent / scale) + zero, -128, 127).astype(np.int8)
    interpreter.resize_tensor_input(given["index"], sent.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], sent)
    interpreter.invoke()
    found = interpreter.get_tensor(returned["index"])  # (B, K)
    scale, zero = returned["quantization"] if found.dtype == np.int8 else (1, 0)
    return torch.from_numpy((found.astype(np.float32) - zero) * np.float32(scale))


def cost(path, quantized, x, labels):
    right = [(run_litert(one, x).argmax(1) == labels).double().mean() for one in (path, quantized)]
    sizes = [Path(one).stat().st_size for one in (path, quantized)]
    return (right[0] - right[1]).item(), sizes[1] / sizes[0]
