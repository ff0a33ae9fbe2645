"""Export a model to LiteRT, the format of phones and small devices, in floats and in 8-bit integers.

A LiteRT file (.tflite) holds a graph of operators and the weights. It opens without your framework and without your
code. In a quantized file, an integer q of a tensor stands for (q - zero) scale, with a scale and a zero of its own.

What is exported is f(x) = softmax(model(x)), over the last axis, with the model in evaluation mode. A model is a
Sequential of the framework's layers, and maps (B, D) to logits (B, K). Each dense layer has a bias; the weights of a
unit may all be 0, as after pruning. All dense layers but the last may be followed by batch normalization, then by ReLU,
then by dropout, each there or not; the last layer is dense.

A path is a text, and its folder exists. In TensorFlow, tf.lite.TFLiteConverter writes such files. PyTorch has no
converter that installs beside this suite, so write the operators yourself: `ai_edge_litert.schema_py_generated` has the
tables of the format, and `ai_edge_litert.tools.flatbuffer_utils` writes them.

Graded on digits (median of three): accuracy of the quantized file at most 0.01 below that of the float model.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was" and the like mean.

Sources: https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/quantization_spec;
https://github.com/google-ai-edge/LiteRT/blob/main/tflite/converter/schema/schema.fbs; Jacob et al. (2018),
arXiv:1712.05877, section 2.
"""


def ruler(x):
    """Return (scale, zero), a Python float and a Python integer: those of an int8 tensor for the numbers of x.

    x: float tensor of any shape, with at least one element that is not 0. The range from the smallest to the largest
    number of x, widened to contain 0, goes from low to high:

        scale = (high - low) / 255
        zero = -128 - low / scale, rounded to the nearest integer

    >>> ruler([[-1.0, 4.1], [0.5, 2.0]])
    (0.02, -78)
    >>> ruler([2.0, 5.1])
    (0.02, -128)
    """
    raise NotImplementedError("ruler")


def to_litert(model, features, path, calibration=None):
    """Write f to one file, which the LiteRT interpreter runs with its own operators.

    features: D, a Python integer. The file has one input (B, D) and one output (B, K), of any names. Their first axis
    is free, for any B >= 1. The model is left as it was, in PyTorch also its training mode.

    Without calibration, all tensors of the file are float32. With it, all of them are int8 or int32, the input and the
    output int8, and the file computes f to within the steps of these integers. calibration: float32 tensor (N, D),
    N >= 1, not all of it 0. The scale and the zero of the input are ruler(calibration). Those of the tensors between
    the layers are chosen for the numbers that the float model has there for calibration. The output has the scale 1/256
    and the zero -128.
    """
    raise NotImplementedError("to_litert")


def run_litert(path, x):
    """Return what the LiteRT interpreter computes from a float32 tensor x (B, D): a float32 tensor (B, K).

    path: a file with one input (B, D), its first axis free, and one output (B, K), of any names, perhaps from another
    process. Both are float32; or both are int8, each with a scale and a zero of its own. If they are int8, x is rounded
    to the nearest integers that the input has for it. Numbers below or above their range, however far, become the
    smallest or the largest one. The output is turned back into real numbers.
    """
    raise NotImplementedError("run_litert")


def cost(path, quantized, x, labels):
    """Return (drop, share): what the second of two files costs and saves, two Python floats.

    x: float32 tensor (N, D), N >= 1. labels: integer tensor (N,). drop: the share of rows of x that the file `path`
    gives the class in labels, less that of the file `quantized`. The class of a row is that of its largest output, the
    first one if there are several. share: the bytes of `quantized`, divided by those of `path`.
    """
    raise NotImplementedError("cost")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
