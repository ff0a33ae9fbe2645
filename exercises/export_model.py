"""Export a model in the framework's own format for deployment, and prove that it is the same function.

What is deployed maps raw features to probabilities: f(x) = softmax(model((x - mean) / std)), over the last axis,
with the model in evaluation mode. Whoever calls it needs neither your code nor the scaler.

A folder holds versions, as TensorFlow Serving expects it: each is a folder whose name is a number. In TensorFlow, this
is a SavedModel with the signature "serving_default", which takes "inputs" and returns "probabilities". In PyTorch, it
holds one file, model.pt2, a program that torch.export.save wrote, with one input, named inputs, and one output. Both
take float32 (B, D) for any B >= 1, and open in a process without your code.

A model is one of the framework's: it maps (B, D) to logits (B, K), and may have dropout and batch normalization.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: https://www.tensorflow.org/guide/saved_model, section "Specifying signatures during export";
https://docs.pytorch.org/docs/stable/export.html, section "Expressing Dynamism"; https://github.com/tensorflow/serving,
file model_servers/README.md, for versions.
"""


def export(model, mean, std, folder, version):
    """Export f as a version of a folder, and return the path of the version's folder, f"{folder}/{version}".

    mean, std: float32 tensors (D,). folder: a text, a path as os.path.normpath spells it; it is made if it is missing,
    with the folders above it. version: a Python integer; one below 1 is a ValueError. A version that is there already
    is a FileExistsError. Nothing else in the folder changes. The model is left as it was, in PyTorch also its training
    mode. Changing the model later does not change what was exported.
    """
    raise NotImplementedError("export")


def latest(names):
    """Return the largest version among names of folders, a Python integer, or 0 if there is none.

    names: list of texts. A version is a name of the digits 0 to 9 that does not begin with 0.

    >>> latest(["1", "10", "9"])
    10
    >>> latest(["tmp", "2.old", "03", "-4"])
    0
    """
    raise NotImplementedError("latest")


def load_runtime(path):
    """Return a function that computes f with an exported version: from a float32 tensor (B, D) to a tensor (B, K).

    path: what export returned, perhaps in another process. Only the files below it are used.
    """
    raise NotImplementedError("load_runtime")


def signature(path):
    """Return what an exported version says of itself, read from its files.

    A dict: "input" is the name of the input, "dtype" its dtype ("float32"), "features" is D, "classes" is K, both
    Python integers, and "batch" is None if B is free, otherwise the one B that is allowed.
    """
    raise NotImplementedError("signature")


def max_difference(f, g, x):
    """Return the largest |f(x) - g(x)| over all elements, a Python float.

    f, g: functions of a float tensor. If f(x) and g(x) have different shapes, ValueError. If either has a NaN, the
    result is inf.

    >>> max_difference(lambda x: 2 * x, lambda x: x * x, [0.0, 3.0, 1.0])
    3.0
    """
    raise NotImplementedError("max_difference")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
