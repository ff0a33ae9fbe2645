"""Export a model to ONNX, the exchange format of frameworks, and run it in ONNX Runtime.

An ONNX file holds a graph of standard operators and the weights. It opens without your framework and without your code.
What is exported is f(x) = softmax(model(x)), over the last axis, with the model in evaluation mode.

A model is one of the framework's: it maps (B, D) to logits (B, K), and may have dropout and batch normalization. A path
is a text, and its folder exists.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: https://onnx.ai/onnx/intro/concepts.html, https://docs.pytorch.org/docs/stable/onnx.html,
https://github.com/onnx/tensorflow-onnx, https://onnxruntime.ai/docs/api/python/api_summary.html.
"""


def to_onnx(model, features, path):
    """Write f to one file, a model that onnx.checker accepts.

    features: D, a Python integer. The input is called "features", the output "probabilities", both float32. Their first
    axis is free, for any B >= 1, and is called "batch" in both. The weights are inside the file: no other file is
    written. The model is left as it was, in PyTorch also its training mode.

    Export with the tools of your framework: torch.onnx, or tf2onnx.
    """
    raise NotImplementedError("to_onnx")


def describe(path):
    """Return what an ONNX file says of itself.

    A dict: "inputs" and "outputs" map each name to its shape, a list of Python integers and, for free axes that have a
    name, texts; "opset" is the version of ONNX's own operators (domain "" or "ai.onnx"), a Python integer; "parameters"
    is the sum of the sizes of all initializers, a Python integer; "operators" is the list of the types of all nodes, in
    the order of the graph.
    """
    raise NotImplementedError("describe")


def run_onnx(path, x):
    """Return what ONNX Runtime computes from a float32 tensor x (B, D): a float32 tensor (B, K).

    path: a file with one input and one output, of any names, perhaps from another process.
    """
    raise NotImplementedError("run_onnx")


def same_labels(a, b):
    """Return the share of rows for which two models agree on the class, a Python float.

    a, b: float tensors (B, K) of probabilities, B >= 1. The class of a row is that of its largest probability, the
    first one if there are several.

    >>> same_labels([[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.7, 0.3]])
    0.5
    >>> same_labels([[0.5, 0.5]], [[1.0, 0.0]])
    1.0
    """
    raise NotImplementedError("same_labels")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
