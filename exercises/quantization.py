"""Affine quantization to integers of few bits: of tensors, of weights per channel, and of a network.

A real number x is held as an integer q: x is about (q - zero) scale. scale is the step between two numbers that can
be held, and zero is the integer that stands for 0. A network whose weights and inputs are 8-bit integers takes a
quarter of the memory, and its sums are sums of integers.

The integers of `bits` bits are those from -2^(bits - 1) to 2^(bits - 1) - 1. In every function, bits is a Python
integer from 2 to 8; other integers raise ValueError. All of them are held in int8, 4 bits, too.

A quantized network is a list with a dict for each layer:

- "q", "scale": the weights, as quantize_weights returns them for each column;
- "bias": float tensor (out,);
- "x_scale", "x_zero": tensors (), by which the inputs of the layer are quantized to 8 bits.

Rule: no function of the framework that quantizes.

Graded on digits, with the weights of a trained network (median of three): accuracy of the network in 8 bits at most
0.01 below that of the float network.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Sources: Jacob et al. (2018), Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference, arXiv:1712.05877, sections 2.1 and 2.2; Nagel et al. (2021), A White Paper on Neural Network Quantization,
arXiv:2106.08295, section 2.
"""


def choose(low, high, bits=8, symmetric=False):
    """Return (scale, zero) for numbers from low to high.

    low, high: float tensors of one shape, low <= high. scale: float tensor of that shape. zero: int32 tensor of that
    shape. The range is first widened to contain 0. Then its ends are the smallest and the largest integer:

        scale = (high - low) / (2^bits - 1)
        zero = -2^(bits - 1) - low / scale, rounded to the nearest integer

    symmetric: zero is 0, and scale is the larger of |low| and |high|, divided by 2^(bits - 1) - 1. A range of
    1e-20 has a scale of its own, too. Where low and high are 0, scale is 1 and zero is 0.

    >>> choose([-1.0, 1.0], [2.0, 6.0], bits=2)
    ([1.0, 2.0], [-1, -2])
    """
    raise NotImplementedError("choose")


def quantize(x, scale, zero, bits=8, axis=None):
    """Return the integers nearest to x / scale + zero, an int8 tensor of the shape of x.

    x: float tensor of any shape; may have no elements. scale, zero: float and integer tensor (). If axis is given, they
    have the shape (C,), one number for each place along that axis of x, of size C; axis may be negative. Numbers below
    or above the range of the integers, however far, become the smallest or the largest one. A tie may go either way.

    >>> quantize([[0.0, 1.0, 2.0, -9.0]], [0.5], [1], bits=3, axis=0)
    [[1, 3, 3, -4]]
    """
    raise NotImplementedError("quantize")


def dequantize(q, scale, zero, axis=None):
    """Return (q - zero) scale, a float tensor of the shape of q and of the dtype of scale.

    q: integer tensor. scale, zero, axis: as for quantize.

    >>> dequantize([[1, 3, -4]], [0.5], [1], axis=0)
    [[0.0, 1.0, -2.5]]
    """
    raise NotImplementedError("dequantize")


def quantize_weights(w, bits=8, per_channel=True):
    """Return (q, scale) of symmetric quantization: an int8 tensor (in, out), and a float tensor.

    w: float tensor (in, out). scale: (out,), chosen for each column of w; or (), chosen for all of w, if per_channel is
    False.

    >>> quantize_weights([[3.0, 0.5], [-1.0, 1.0]], bits=3)
    ([[3, 2], [-1, 3]], [1.0, 0.3333])
    """
    raise NotImplementedError("quantize_weights")


def integer_dense(q, x_scale, x_zero, w, w_scale, bias):
    """Return x_scale w_scale sum_i (q[n, i] - x_zero) w[i, j] + bias[j], a float tensor (N, out).

    q: integer tensor (N, in), inputs in 8 bits; N may be 0. x_scale, x_zero: float and integer tensor (). w: integer
    tensor (in, out), weights in 8 bits. w_scale: float tensor () or (out,). bias: float tensor (out,). The sum is one
    of integers: no digit is lost, even if it is above 2^24.
    """
    raise NotImplementedError("integer_dense")


def quantize_network(layers, x, bits=8):
    """Return the quantized network of dense layers with ReLU between them, and none after the last.

    layers: list of pairs (w, b), float tensors (in, out) and (out,). x: float tensor (N, in), which shows the range of
    every input. bits: those of the weights. x_scale and x_zero of a layer are chosen, not symmetric, for the smallest
    and the largest of the numbers that reach this layer, where the float network computes x.
    """
    raise NotImplementedError("quantize_network")


def logits(network, x):
    """Return the result of a quantized network, a float tensor (N, out).

    x: float tensor (N, in); N may be 0. Each layer quantizes what reaches it, with its x_scale and x_zero, and is an
    integer_dense. ReLU stands between the layers, and none after the last.
    """
    raise NotImplementedError("logits")


def size_bytes(network):
    """Return the bytes of all tensors of a quantized network, a Python integer.

    An int8 number takes one byte, a number of int32 or float32 four.
    """
    raise NotImplementedError("size_bytes")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
