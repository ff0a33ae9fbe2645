"""One strided slice per kernel entry, in PyTorch, in float64 inside; pooling by loops over windows."""

import torch


def both(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def out_size(size, kernel, stride=1, padding=0, dilation=1):
    places = len(range(0, size + 2 * padding - dilation * (kernel - 1), stride))
    if places == 0:
        raise ValueError("no place")
    return places


class Windows:
    def __init__(self, image, kernel, stride, padding, dilation):
        self.stride, self.padding, self.dilation = both(stride), both(padding), both(dilation)
        self.size = [
            out_size(*numbers)
            for numbers in zip(image, kernel, self.stride, self.padding, self.dilation, strict=True)
        ]
        self.image = image

    def pad(self, x):
        p, q = self.padding
        framed = torch.zeros(*x.shape[:2], x.shape[2] + 2 * p, x.shape[3] + 2 * q, dtype=x.dtype)
        framed[:, :, p : p + x.shape[2], q : q + x.shape[3]] = x
        return framed

    def cut(self, framed):
        p, q = self.padding
        return framed[:, :, p : p + self.image[0], q : q + self.image[1]]

    def at(self, u, v):
        starts = (u * self.dilation[0], v * self.dilation[1])
        return (..., *(
            slice(start, start + step * (count - 1) + 1, step)
            for start, step, count in zip(starts, self.stride, self.size, strict=True)
        ))  # fmt: skip


def conv2d(x, w, b, stride=1, padding=0, dilation=1):
    windows = Windows(x.shape[2:], w.shape[2:], stride, padding, dilation)
    framed, kernels = windows.pad(x.double()), w.double()
    y = b.double().reshape(1, -1, 1, 1).repeat(len(x), 1, *windows.size)
    for u in range(w.shape[2]):
        for v in range(w.shape[3]):
            y += torch.tensordot(framed[windows.at(u, v)], kernels[:, :, u, v], ([1], [1])).permute(
                0, 3, 1, 2
            )
    return y.to(x.dtype)


def conv2d_backward(dout, x, w, stride=1, padding=0, dilation=1):
    windows = Windows(x.shape[2:], w.shape[2:], stride, padding, dilation)
    framed = windows.pad(x)
    dframed, dw = torch.zeros_like(framed), torch.empty_like(w)
    for u in range(w.shape[2]):
        for v in range(w.shape[3]):
            here = windows.at(u, v)
            dw[:, :, u, v] = torch.tensordot(dout, framed[here], ([0, 2, 3], [0, 2, 3]))
            dframed[here] += torch.tensordot(dout, w[:, :, u, v], ([1], [0])).permute(0, 3, 1, 2)
    return [windows.cut(dframed), dw, dout.sum(-1).sum(-1).sum(0)]


def pooled(x, size, stride):
    kh, kw = both(size)
    sv, sh = both(size if stride is None else stride)
    for i in range(out_size(x.shape[2], kh, sv)):
        for j in range(out_size(x.shape[3], kw, sh)):
            yield i, j, x[:, :, i * sv : i * sv + kh, j * sh : j * sh + kw]


def pool(x, size, stride, reduce):
    places = list(pooled(x, size, stride))
    y = torch.zeros(*x.shape[:2], places[-1][0] + 1, places[-1][1] + 1, dtype=x.dtype)
    for i, j, patch in places:
        y[:, :, i, j] = reduce(patch.reshape(*x.shape[:2], -1))
    return y


def max_pool2d(x, size, stride=None):
    return pool(x, size, stride, lambda flat: flat.sort(dim=-1).values[..., -1])


def avg_pool2d(x, size, stride=None):
    return pool(x, size, stride, lambda flat: flat.sum(-1) / flat.shape[-1])


def max_pool2d_backward(dout, x, size, stride=None):
    dx = torch.zeros_like(x)
    values = x.detach().numpy()
    for (i, j, patch), (_, _, target) in zip(
        pooled(values, size, stride), pooled(dx, size, stride), strict=True
    ):
        for n in range(len(x)):
            for c in range(x.shape[1]):
                first = int(patch[n, c].argmax())
                target[n, c, first // patch.shape[3], first % patch.shape[3]] += dout[n, c, i, j]
    return dx
