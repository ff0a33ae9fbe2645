"""Transposed convolution by adding shifted products, in PyTorch. Images are (N, C, H, W)."""

from itertools import product

import torch


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def out_size_t(size, kernel, stride=1, padding=0, output_padding=0):
    if output_padding >= stride:
        raise ValueError(f"output_padding {output_padding} is not less than stride {stride}")
    length = (size - 1) * stride + kernel - 2 * padding + output_padding
    if length < 1:
        raise ValueError(f"a padding of {padding} leaves a length of {length}")
    return length


def conv_transpose2d(x, w, b, stride=1, padding=0, output_padding=0):
    (height, width), (kh, kw) = x.shape[2:], w.shape[2:]
    (sv, sh), (pv, ph), (ov, oh) = pair(stride), pair(padding), pair(output_padding)
    rows, columns = out_size_t(height, kh, sv, pv, ov), out_size_t(width, kw, sh, ph, oh)
    whole = x.new_zeros(len(x), w.shape[1], rows + 2 * pv, columns + 2 * ph)
    parts = torch.einsum("nchw,cfuv->uvnfhw", x, w)
    for u, v in product(range(kh), range(kw)):
        # All pixels write their entry (u, v) at once: places a stride apart, beginning at (u, v).
        down, right = (
            slice(u, u + sv * (height - 1) + 1, sv),
            slice(v, v + sh * (width - 1) + 1, sh),
        )
        whole[:, :, down, right] += parts[u, v]
    return whole[:, :, pv : pv + rows, ph : ph + columns] + b[:, None, None]


def upsample_nearest(x, factor):
    vertical, horizontal = pair(factor)
    return x.repeat_interleave(vertical, dim=2).repeat_interleave(horizontal, dim=3)


def bilinear_kernel(factor, channels):
    side = 2 * factor - factor % 2
    h = 1 - (torch.arange(side) - (side - 1) / 2).abs() / factor  # (K,)
    return torch.eye(channels)[:, :, None, None] * (h[:, None] * h)


def train(w, b, x, y, epochs, batch, lr, rng):
    w, b = (value.clone().requires_grad_() for value in (w, b))
    history = []
    for _ in range(epochs):
        total = 0.0
        for rows in torch.from_numpy(rng.permutation(len(x))).split(batch):
            error = conv_transpose2d(x[rows], w, b, stride=2, padding=1) - y[rows]
            loss = (error**2).mean()
            dw, db = torch.autograd.grad(loss, (w, b))
            with torch.no_grad():
                w -= lr * dw
                b -= lr * db
            total += loss.item() * len(rows)
        history.append(total / len(x))
    return w.detach(), b.detach(), history
