"""A class for the ruler, float64 inside, and columns one by one; in PyTorch."""

import torch


class Ruler:
    def __init__(self, scale, zero, bits=8):
        if bits not in range(2, 9):
            raise ValueError("2 to 8 bits")
        half = 1 << (bits - 1)
        self.scale, self.zero, self.low, self.high = scale, zero, -half, half - 1

    def put(self, x):
        places = (x.double() / self.scale.double()).add(self.zero).round()
        places[places > self.high] = self.high
        places[places < self.low] = self.low
        return places.to(torch.int8)

    def read(self, q):
        return ((q.double() - self.zero.double()) * self.scale.double()).to(self.scale.dtype)


def choose(low, high, bits=8, symmetric=False):
    ruler = Ruler(None, None, bits)
    low, high = low.detach(), high.detach()
    if symmetric:
        high = torch.stack([low, high]).abs().amax(0)
        scale, zero = high / ruler.high, torch.zeros_like(low)
    else:
        low = torch.minimum(low, torch.zeros_like(low))
        high = torch.maximum(high, torch.zeros_like(high))
        scale = (high - low) / (ruler.high - ruler.low)
        zero = (ruler.low - low.double() / scale.double()).round()
    empty = scale == 0
    return scale.masked_fill(empty, 1.0), zero.masked_fill(empty, 0.0).int()


def swept(x, scale, zero, axis, work):
    """`work` of each place along the axis, put together again."""
    if axis is None:
        return work(x, scale, zero)
    parts = [work(part, s, z) for part, s, z in zip(x.unbind(axis), scale, zero, strict=True)]
    return torch.stack(parts, axis)


def quantize(x, scale, zero, bits=8, axis=None):
    x = x.detach()
    return swept(x, scale, zero, axis, lambda part, s, z: Ruler(s, z, bits).put(part))


def dequantize(q, scale, zero, axis=None):
    return swept(q, scale, zero, axis, lambda part, s, z: Ruler(s, z).read(part))


def quantize_weights(w, bits=8, per_channel=True):
    w = w.detach()
    if not per_channel:
        scale, zero = choose(w.min(), w.max(), bits, True)
        return Ruler(scale, zero, bits).put(w), scale
    columns = [quantize_weights(column, bits, False) for column in w.T]
    return torch.stack([q for q, _ in columns], 1), torch.stack([scale for _, scale in columns])


def integer_dense(q, x_scale, x_zero, w, w_scale, bias):
    # float64 holds integers up to 2^53.
    sums = q.double() @ w.double() - x_zero.double() * w.double().sum(0)
    return (sums * (x_scale.double() * w_scale.double()) + bias.double()).to(bias.dtype)


def quantize_network(layers, x, bits=8):
    found, last = [], len(layers) - 1
    for i, (w, b) in enumerate(layers):
        names = ("x_scale", "x_zero", "q", "scale", "bias")
        parts = (*choose(*torch.aminmax(x)), *quantize_weights(w, bits), b.detach().clone())
        found.append(dict(zip(names, parts, strict=True)))
        if i < last:
            x = torch.addmm(b, x, w).clamp(min=0)
    return found


def logits(network, x):
    first, *others = network
    names = ("x_scale", "x_zero", "q", "scale", "bias")

    def run(layer, x):
        q = Ruler(layer["x_scale"], layer["x_zero"]).put(x.detach())
        return integer_dense(q, *(layer[name] for name in names))

    x = run(first, x)
    for layer in others:
        x = run(layer, x * (x > 0))
    return x


def size_bytes(network):
    tensors = [tensor for layer in network for tensor in layer.values()]
    return int(sum(t.element_size() * t.numel() for t in tensors))
