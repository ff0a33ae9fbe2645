"""Convolution and pooling by gathering windows, in PyTorch. Images are (N, C, H, W)."""

import torch
import torch.nn.functional as F


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def out_size(size, kernel, stride=1, padding=0, dilation=1):
    span = dilation * (kernel - 1) + 1
    room = size + 2 * padding - span
    if room < 0:
        raise ValueError(f"a kernel of {kernel} does not fit into {size}")
    return room // stride + 1


def places(size, kernel, stride, padding, dilation):
    """For each axis, the index into the padded image of each entry of each window: (places, kernel)."""
    return [
        s * torch.arange(out_size(n, k, s, p, d))[:, None] + d * torch.arange(k)
        for n, k, s, p, d in zip(
            size, kernel, pair(stride), pair(padding), pair(dilation), strict=True
        )
    ]


def gather(x, rows, cols):
    """The windows of x: (N, C, OH, KH, OW, KW)."""
    return x[:, :, rows[:, :, None, None], cols]


def scatter(windows, rows, cols, height, width):
    """The adjoint of gather: each entry is added to where it came from."""
    n, c, *_ = windows.shape
    x = windows.new_zeros(n, c, height, width)
    for u in range(rows.shape[1]):
        for v in range(cols.shape[1]):  # entry (u, v) of all windows lies at different places
            x[:, :, rows[:, u, None], cols[:, v]] += windows[:, :, :, u, :, v]
    return x


def pad(x, padding):
    vertical, horizontal = pair(padding)
    return F.pad(x, (horizontal, horizontal, vertical, vertical))


def conv2d(x, w, b, stride=1, padding=0, dilation=1):
    rows, cols = places(x.shape[2:], w.shape[2:], stride, padding, dilation)
    windows = gather(pad(x, padding), rows, cols)
    return torch.einsum("ncyuxv,fcuv->nfyx", windows, w) + b[:, None, None]


def conv2d_backward(dout, x, w, stride=1, padding=0, dilation=1):
    rows, cols = places(x.shape[2:], w.shape[2:], stride, padding, dilation)
    padded = pad(x, padding)
    dw = torch.einsum("nfyx,ncyuxv->fcuv", dout, gather(padded, rows, cols))
    dwindows = torch.einsum("nfyx,fcuv->ncyuxv", dout, w)
    dpadded = scatter(dwindows, rows, cols, *padded.shape[2:])
    (top, left), (height, width) = pair(padding), x.shape[2:]
    dx = dpadded[:, :, top : top + height, left : left + width]
    return dx, dw, dout.sum(dim=(0, 2, 3))


def max_pool2d(x, size, stride=None):
    rows, cols = places(x.shape[2:], pair(size), stride or size, 0, 1)
    return gather(x, rows, cols).amax(dim=(3, 5))


def max_pool2d_backward(dout, x, size, stride=None):
    rows, cols = places(x.shape[2:], pair(size), stride or size, 0, 1)
    windows = gather(x, rows, cols).transpose(3, 4).flatten(4)  # (N, C, OH, OW, KH * KW)
    winners = F.one_hot(windows.argmax(dim=-1), windows.shape[-1])  # argmax takes the first
    dwindows = (winners * dout[..., None]).unflatten(-1, pair(size)).transpose(3, 4)
    return scatter(dwindows, rows, cols, *x.shape[2:])


def avg_pool2d(x, size, stride=None):
    rows, cols = places(x.shape[2:], pair(size), stride or size, 0, 1)
    return gather(x, rows, cols).mean(dim=(3, 5))
