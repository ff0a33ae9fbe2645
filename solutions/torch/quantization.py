"""Affine quantization to integers of few bits, in PyTorch."""

import torch


def limits(bits):
    if not 2 <= bits <= 8:
        raise ValueError(f"bits is {bits}, but should be from 2 to 8")
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def along(value, axis, x):
    """`value` as it stands, or (C,) shaped to lie along an axis of x."""
    if axis is None:
        return value
    size = [1] * x.ndim
    size[axis] = -1
    return value.reshape(size)


def choose(low, high, bits=8, symmetric=False):
    smallest, largest = limits(bits)
    if symmetric:
        scale = torch.maximum(low.abs(), high.abs()) / largest
    else:
        low, high = low.clamp(max=0), high.clamp(min=0)
        scale = (high - low) / (largest - smallest)
    flat = scale == 0
    scale = torch.where(flat, torch.ones_like(scale), scale)
    zero = torch.round(smallest - low / scale)
    if symmetric:
        zero = torch.zeros_like(zero)
    return scale, torch.where(flat, torch.zeros_like(zero), zero).to(torch.int32)


def quantize(x, scale, zero, bits=8, axis=None):
    smallest, largest = limits(bits)
    scale, zero = along(scale, axis, x), along(zero, axis, x)
    return torch.clamp(torch.round(x / scale) + zero, smallest, largest).to(torch.int8)


def dequantize(q, scale, zero, axis=None):
    scale, zero = along(scale, axis, q), along(zero, axis, q)
    # int8 cannot hold 127 - (-128).
    return (q.to(torch.int32) - zero.to(torch.int32)).to(scale.dtype) * scale


def quantize_weights(w, bits=8, per_channel=True):
    low, high = (w.amin(dim=0), w.amax(dim=0)) if per_channel else (w.min(), w.max())
    scale, zero = choose(low, high, bits, symmetric=True)  # (out,) or ()
    return quantize(w, scale, zero, bits, axis=1 if per_channel else None), scale


def integer_dense(q, x_scale, x_zero, w, w_scale, bias):
    centred = q.to(torch.int32) - x_zero.to(torch.int32)  # (N, in)
    total = centred @ w.to(torch.int32)  # (N, out)
    # float64 holds every int32.
    return (total.double() * x_scale * w_scale).to(bias.dtype) + bias


def quantize_network(layers, x, bits=8):
    network = []
    for w, b in layers:
        x_scale, x_zero = choose(x.min(), x.max())
        q, scale = quantize_weights(w, bits)
        layer = {"q": q, "scale": scale, "bias": b.clone(), "x_scale": x_scale, "x_zero": x_zero}
        network.append(layer)
        x = torch.relu(x @ w + b)
    return network


def logits(network, x):
    for i, layer in enumerate(network):
        x = torch.relu(x) if i else x
        q = quantize(x, layer["x_scale"], layer["x_zero"])
        x = integer_dense(
            q, layer["x_scale"], layer["x_zero"], layer["q"], layer["scale"], layer["bias"]
        )
    return x


def size_bytes(network):
    return sum(value.nbytes for layer in network for value in layer.values())
