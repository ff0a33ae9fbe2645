"""Zeros between the pixels, and a correlation with flipped kernels, slice by slice; in PyTorch."""

import numpy as np
import torch


def two(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def out_size_t(size, kernel, stride=1, padding=0, output_padding=0):
    result = stride * (size - 1) - 2 * padding + (kernel - 1) + output_padding + 1
    if not 0 <= output_padding < stride or result <= 0:
        raise ValueError("these do not fit")
    return result


def stretched(x, stride, before, length, axis):
    """x with stride - 1 zeros between its entries and `before` zeros ahead, cut or filled to `length`."""
    places = torch.arange(x.shape[axis]) * stride + before  # may lie outside
    chosen = (torch.arange(length)[:, None] == places).to(x.dtype)  # (length, size)
    return torch.movedim(torch.tensordot(x, chosen, dims=([axis], [1])), -1, axis)


def conv_transpose2d(x, w, b, stride=1, padding=0, output_padding=0):
    kernel, strides, pads, more = w.shape[2:], two(stride), two(padding), two(output_padding)
    sizes = [out_size_t(*one) for one in zip(x.shape[2:], kernel, strides, pads, more, strict=True)]
    for axis in (0, 1):
        reach = kernel[axis] - 1
        x = stretched(x, strides[axis], reach - pads[axis], sizes[axis] + reach, axis + 2)
    found = b.reshape(1, -1, 1, 1).expand(len(x), -1, *sizes)
    for u in range(kernel[0]):
        for v in range(kernel[1]):
            tap = w[:, :, kernel[0] - 1 - u, kernel[1] - 1 - v]  # (C, F)
            seen = x[:, :, u : u + sizes[0], v : v + sizes[1]]
            found = found + torch.tensordot(seen, tap, dims=([1], [0])).movedim(-1, 1)
    return found


def upsample_nearest(x, factor):
    down, across = two(factor)
    rows = torch.arange(x.shape[2] * down) // down
    columns = torch.arange(x.shape[3] * across) // across
    return x[:, :, rows][:, :, :, columns]


def bilinear_kernel(factor, channels):
    side = 2 * factor - factor % 2
    rising = np.minimum(np.arange(side), np.arange(side)[::-1])  # 0, 1, ..., 1, 0
    h = (rising + (1 if factor % 2 else 0.5)) / factor
    kernel = np.zeros((channels, channels, side, side), np.float32)
    for c in range(channels):
        kernel[c, c] = np.outer(h, h)
    return torch.tensor(kernel)


def train(w, b, x, y, epochs, batch, lr, rng):
    params = [torch.nn.Parameter(w.detach().clone()), torch.nn.Parameter(b.detach().clone())]
    optimizer = torch.optim.SGD(params, lr=lr)
    history = []
    for _ in range(epochs):
        order, losses = rng.permutation(len(x)).tolist(), []
        while order:
            rows, order = order[:batch], order[batch:]
            optimizer.zero_grad()
            output = conv_transpose2d(x[rows], *params, stride=2, padding=1)
            loss = torch.nn.functional.mse_loss(output, y[rows])
            loss.backward()
            optimizer.step()
            losses += [loss.item()] * len(rows)
        history.append(sum(losses) / len(x))
    return params[0].detach(), params[1].detach(), history
