"""PyTorch: the exporter on torch.export, a module of its own, sums instead of means."""

# ruff: noqa: PTH123, C408

import collections

import onnx
import onnxruntime as ort
import torch


class Probabilities(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, features):
        return self.model(features).softmax(-1)


def to_onnx(model, features, path):
    training = {name for name, module in model.named_modules() if module.training}
    program = torch.onnx.export(
        Probabilities(model).eval(),
        (torch.zeros(3, features),),
        input_names=["features"],
        output_names=["probabilities"],
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        dynamo=True,
        verbose=False,
    )
    program.save(path, external_data=False)
    for name, module in model.named_modules():
        module.training = name in training


def describe(path):
    with open(path, "rb") as file:
        graph = (model := onnx.ModelProto.FromString(file.read())).graph

    def ends(values):
        found = collections.OrderedDict()
        for value in values:
            dims = value.type.tensor_type.shape.dim
            found[value.name] = [
                dim.dim_param if dim.HasField("dim_param") else dim.dim_value for dim in dims
            ]
        return dict(found)

    (opset,) = (entry.version for entry in model.opset_import if entry.domain in {"", "ai.onnx"})
    sizes = [onnx.numpy_helper.to_array(one).size for one in graph.initializer]
    kinds = [node.op_type for node in graph.node]
    return dict(
        inputs=ends(graph.input),
        outputs=ends(graph.output),
        opset=opset,
        parameters=sum(sizes),
        operators=kinds,
    )


def run_onnx(path, x):
    with open(path, "rb") as file:
        session = ort.InferenceSession(file.read(), providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()], [one.name for one in session.get_outputs()]
    return torch.tensor(session.run(names[1], {names[0][0]: x.detach().cpu().numpy()})[0])


def same_labels(a, b):
    return sum(int(i == j) for i, j in zip(a.argmax(-1), b.argmax(-1), strict=True)) / len(a)
