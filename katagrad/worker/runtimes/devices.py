"""ONNX Runtime and the LiteRT interpreter. Also what a warm server needs of an adapter."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from katagrad.worker.runtimes import Runtime, Unfit, spec

NAME, TENSOR = "devices", "numpy.ndarray"
PACKAGES = {"onnxruntime": "onnxruntime", "onnx": "onnx", "ai_edge_litert.interpreter": "ai-edge-litert"}  # fmt: skip
# ONNX Runtime's names of types.
TYPES = {"float": "float32", "double": "float64"}
_threads = 1


def preload() -> None:
    """Import what is installed."""
    for module in PACKAGES:
        if importlib.util.find_spec(module.partition(".")[0]) is not None:
            importlib.import_module(module)


def preload_late() -> None:
    """Nothing is left to import."""


def versions() -> dict[str, str]:
    """The versions of the runtimes that are installed."""
    there = {name for name in PACKAGES if importlib.util.find_spec(name.partition(".")[0])}
    return {PACKAGES[name]: importlib.metadata.version(PACKAGES[name]) for name in there}


def configure(threads: int, device: str = "cpu") -> None:  # noqa: ARG001  these runtimes use the CPU
    """Set the number of threads of a session."""
    global _threads
    _threads = threads


def open_onnx(path: Path) -> Runtime:
    """Check a model with onnx.checker, and open it in ONNX Runtime."""
    import onnx
    import onnxruntime

    model = onnx.load(str(path))
    # The path, so that data in other files is checked, too.
    onnx.checker.check_model(str(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = _threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])

    def specs(values: Any) -> list[dict[str, Any]]:
        found = []
        for value in values:
            kind = value.type.removeprefix("tensor(").removesuffix(")")
            found.append(spec(value.name, TYPES.get(kind, kind), value.shape))
        return found

    names = [output.name for output in session.get_outputs()]
    about = {
        "inputs": specs(session.get_inputs()),
        "outputs": specs(session.get_outputs()),
        "opsets": {entry.domain or "ai.onnx": entry.version for entry in model.opset_import},
        "operators": [node.op_type for node in model.graph.node],
        "parameters": sum(int(np.prod(one.dims)) for one in model.graph.initializer),
    }
    return Runtime(about, lambda inputs: dict(zip(names, session.run(names, inputs), strict=True)))


def open_litert(path: Path) -> Runtime:
    """Open a model in the LiteRT interpreter."""
    from ai_edge_litert.interpreter import Interpreter

    content = path.read_bytes()
    if content[4:8] != b"TFL3":
        raise Unfit(f"{path.name} is not a LiteRT model: its bytes 4 to 8 are not TFL3")
    interpreter = Interpreter(model_content=content, num_threads=_threads)
    ends = interpreter.get_input_details(), interpreter.get_output_details()

    def about(detail: dict[str, Any]) -> dict[str, Any]:
        scale, zero = detail["quantization"]
        found = spec(detail["name"], np.dtype(detail["dtype"]).name, detail["shape_signature"].tolist())  # fmt: skip
        return {**found, "scale": float(scale), "zero": int(zero)}

    def run(inputs: dict[str, np.ndarray]) -> dict[str, Any]:
        for detail in interpreter.get_input_details():
            array = inputs[detail["name"]]
            interpreter.resize_tensor_input(detail["index"], array.shape)
        interpreter.allocate_tensors()
        for detail in interpreter.get_input_details():
            interpreter.set_tensor(detail["index"], inputs[detail["name"]])
        interpreter.invoke()
        return {
            detail["name"]: interpreter.get_tensor(detail["index"])
            for detail in interpreter.get_output_details()
        }

    tensors = interpreter.get_tensor_details()
    described = {
        "inputs": [about(detail) for detail in ends[0]],
        "outputs": [about(detail) for detail in ends[1]],
        "dtypes": [np.dtype(detail["dtype"]).name for detail in tensors],
        "operators": [str(op["op_name"]) for op in interpreter._get_ops_details()],
    }
    return Runtime(described, run)


RUNTIMES = {"onnx": open_onnx, "litert": open_litert}
