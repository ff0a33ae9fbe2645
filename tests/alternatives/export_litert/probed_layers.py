"""PyTorch: layers read by probing them, one scale for a whole matrix of weights, ReLU as an operator of its own."""

import copy
import os

import flatbuffers
import numpy as np
import torch
from ai_edge_litert import interpreter as runtime
from ai_edge_litert import schema_py_generated as fb

KINDS = {np.dtype(np.float32): 0, np.dtype(np.int32): 2, np.dtype(np.int8): 9}


def ruler(x):
    numbers = torch.cat([x.detach().double().flatten(), torch.zeros(1, dtype=torch.float64)])
    step = ((numbers.max() - numbers.min()) / 255).item()
    return step, int(np.rint(-128 - numbers.min().item() / step))


def stages(model, features):
    """[(function, w, b)]: w is None for ReLU."""
    model = copy.deepcopy(model).eval()
    groups, width = [], features
    for layer in model:
        if isinstance(layer, torch.nn.Linear):
            groups.append([layer])
        elif isinstance(layer, torch.nn.BatchNorm1d):
            groups[-1].append(layer)
        elif isinstance(layer, torch.nn.ReLU):
            groups.append([])
    found = []
    for group in groups:
        if not group:
            found.append((torch.relu, None, None))
            continue
        affine = torch.nn.Sequential(*group).double()
        b = affine(torch.zeros(1, width, dtype=torch.float64))[0].detach()
        w = (affine(torch.eye(width, dtype=torch.float64)).detach() - b).T  # (out, in)
        found.append((lambda x, w=w, b=b: x @ w.T + b, w, b))
        width = len(b)
    return found, width


def to_litert(model, features, path, calibration=None):
    file, graph = fb.ModelT(), fb.SubGraphT()
    file.version, file.subgraphs, file.buffers = 3, [graph], [fb.BufferT()]
    file.operatorCodes, graph.tensors, graph.operators = [], [], []
    for code, version in ((9, 4), (19, 2), (25, 2)):  # FULLY_CONNECTED, RELU, SOFTMAX
        one = fb.OperatorCodeT()
        one.builtinCode, one.deprecatedBuiltinCode, one.version = code, code, version
        file.operatorCodes.append(one)

    def add(kind, shape, content=None, marks=None):
        one = fb.TensorT()
        one.name, one.type, one.shape, one.buffer = f"t{len(graph.tensors)}", KINDS[kind], shape, 0
        if content is None:
            one.shapeSignature = [-1, *shape[1:]]
        else:
            buffer = fb.BufferT()
            buffer.data = list(content.astype(kind).tobytes())
            one.buffer = len(file.buffers)
            file.buffers.append(buffer)
        if marks:
            one.quantization = fb.QuantizationParametersT()
            one.quantization.scale, one.quantization.zeroPoint = [marks[0]], [marks[1]]
        graph.tensors.append(one)
        return len(graph.tensors) - 1

    def compute(code, inputs, output, options=None, kind=0):
        one = fb.OperatorT()
        one.opcodeIndex, one.inputs, one.outputs = code, inputs, [output]
        one.builtinOptions, one.builtinOptionsType = options, kind
        graph.operators.append(one)

    whole = calibration is not None
    small = np.dtype(np.int8 if whole else np.float32)
    x = calibration.detach().double() if whole else None
    marks = ruler(x) if whole else None
    graph.inputs = [add(small, [1, features], marks=marks)]
    at = graph.inputs[0]
    found, classes = stages(model, features)
    for function, w, b in found:
        before = marks
        if whole:
            x = function(x)
            marks = ruler(x) if x.any() else (1.0, -128)
        if w is None:
            out = add(small, [1, graph.tensors[at].shape[1]], marks=marks)
            compute(1, [at], out)
        else:
            step = (w.abs().max().item() / 127) or 1.0
            given = (w / step).round() if whole else w
            kernel = add(small, list(w.shape), given.numpy(), (step, 0) if whole else None)
            sums = before[0] * step if whole else 1.0
            shift, wide = (
                (b / sums).round() if whole else b,
                np.dtype(np.int32 if whole else np.float32),
            )
            bias = add(wide, list(b.shape), shift.numpy(), (sums, 0) if whole else None)
            out = add(small, [1, len(b)], marks=marks)
            compute(0, [at, kernel, bias], out, fb.FullyConnectedOptionsT(), 8)
        at = out
    end = fb.SoftmaxOptionsT()
    end.beta = 1.0
    graph.outputs = [add(small, [1, classes], marks=(1 / 256, -128) if whole else None)]
    compute(2, [at], graph.outputs[0], end, 9)
    builder = flatbuffers.Builder(1024)
    builder.Finish(file.Pack(builder), b"TFL3")
    torch.from_numpy(np.frombuffer(bytes(builder.Output()), np.uint8).copy()).numpy().tofile(path)


def run_litert(path, x):
    opened = runtime.Interpreter(model_path=path, num_threads=1)
    first, last = opened.get_input_details()[0], opened.get_output_details()[0]
    x = x.detach()
    if first["dtype"] == np.int8:
        x = torch.fake_quantize_per_tensor_affine(x, *first["quantization"], -128, 127)
        x = (x / first["quantization"][0] + first["quantization"][1]).round().to(torch.int8)
    opened.resize_tensor_input(first["index"], tuple(x.shape))
    opened.allocate_tensors()
    opened.set_tensor(first["index"], x.contiguous().numpy())
    opened.invoke()
    out = torch.tensor(opened.get_tensor(last["index"]))
    if out.dtype == torch.int8:
        out = (out.float() - last["quantization"][1]) * last["quantization"][0]
    return out


def cost(path, quantized, x, labels):
    rates = []
    for file in (path, quantized):
        classes = run_litert(file, x).argmax(dim=-1)
        rates.append(sum(int(a) == int(b) for a, b in zip(classes, labels, strict=True)) / len(x))
    return rates[0] - rates[1], os.path.getsize(quantized) / os.path.getsize(path)  # noqa: PTH202
