"""Each change as a product with matrices of weights for rows and columns, image by image; in PyTorch."""

import math

import torch


def tent(distance):
    """The bilinear weight of a pixel at this distance."""
    return (1 - distance.abs()).clamp(min=0)


def resample(image, rows, columns, fill):
    """image (C, H, W) at places (H, W), as a sum over all pixels."""
    _c, h, w = image.shape
    by_row = tent(rows[..., None] - torch.arange(h))  # (H, W, H)
    by_column = tent(columns[..., None] - torch.arange(w))  # (H, W, W)
    value = torch.einsum(
        "ijh,ijw,chw->cij", by_row.to(image.dtype), by_column.to(image.dtype), image
    )
    known = by_row.sum(-1) * by_column.sum(-1)
    return value + fill * (1 - known).to(image.dtype)


def grid(image):
    h, w = image.shape[1:]
    dy = torch.arange(h, dtype=torch.float64)[:, None] - (h - 1) / 2
    dx = torch.arange(w, dtype=torch.float64)[None, :] - (w - 1) / 2
    return dy, dx, (h - 1) / 2, (w - 1) / 2


def every(x, change):
    found = [change(image, n) for n, image in enumerate(x)]
    return torch.stack(found) if found else x.clone()


def hflip(x, chosen):
    w = x.shape[3]
    mirror = torch.eye(w, dtype=x.dtype)[list(range(w - 1, -1, -1))]
    return torch.where(chosen.reshape(-1, 1, 1, 1), x @ mirror, x)


def shift(x, dy, dx, fill=0.0):
    out = torch.full_like(x, fill)
    h, w = x.shape[2:]
    for n in range(len(x)):
        a, b = int(dy[n]), int(dx[n])
        for r in range(max(a, 0), min(h, h + a)):
            for c in range(max(b, 0), min(w, w + b)):
                out[n, :, r, c] = x[n, :, r - a, c - b]
    return out


def rotate(x, degrees, fill=0.0):
    def turn(image, n):
        dy, dx, cy, cx = grid(image)
        a = math.radians(float(degrees[n]))
        down, right = dx * math.sin(a) + dy * math.cos(a), dx * math.cos(a) - dy * math.sin(a)
        return resample(image, cy + down, cx + right, fill)

    return every(x, turn)


def zoom(x, factors, fill=0.0):
    def magnify(image, n):
        dy, dx, cy, cx = grid(image)
        f = float(factors[n])
        rows, columns = torch.broadcast_tensors(cy + dy / f, cx + dx / f)
        return resample(image, rows, columns, fill)

    return every(x, magnify)


def add_noise(x, noise, std):
    return torch.clip(torch.add(x, noise, alpha=std), 0.0, 1.0)


def cutout(x, top, left, size, fill=0.0):
    out = x.clone()
    for n in range(len(x)):
        a, b = int(top[n]), int(left[n])
        out[n, :, max(a, 0) : max(a + size, 0), max(b, 0) : max(b + size, 0)] = fill
    return out


def augment(x, policy, rng):
    steps = {
        "flip": lambda x, p: hflip(x, torch.tensor([rng.random() < p for _ in x])),
        "shift": lambda x, m: shift(x, [rng.integers(-m, m, endpoint=True) for _ in x],
                                    [rng.integers(-m, m, endpoint=True) for _ in x]),
        "rotate": lambda x, d: rotate(x, [d * (2 * rng.random() - 1) for _ in x]),
        "zoom": lambda x, z: zoom(x, [1 + z * (2 * rng.random() - 1) for _ in x]),
        "noise": lambda x, s: add_noise(x, torch.tensor(rng.normal(size=x.shape), dtype=x.dtype), s),
        "cutout": lambda x, s: cutout(x, [rng.integers(x.shape[2] - s + 1) for _ in x],
                                      [rng.integers(x.shape[3] - s + 1) for _ in x], s),
    }  # fmt: skip
    for name in policy:
        if name not in steps:
            raise ValueError(name)
    for name, step in steps.items():
        if name in policy:
            x = step(x, policy[name])
    return x


def train(model, x, y, policy, epochs, batch, lr, rng):
    velocity = [torch.zeros_like(p) for p in model.parameters()]
    history = []
    for _ in range(epochs):
        order = list(range(len(x)))
        rng.shuffle(order)
        losses = []
        while order:
            rows, order = order[:batch], order[batch:]
            seen = x[rows] if policy is None else augment(x[rows], policy, rng)
            each = torch.nn.functional.cross_entropy(model(seen), y[rows], reduction="none")
            gradients = torch.autograd.grad(each.mean(), list(model.parameters()))
            with torch.no_grad():
                for p, v, g in zip(model.parameters(), velocity, gradients, strict=True):
                    v.mul_(0.9).add_(g)
                    p.sub_(lr * v)
            losses += each.tolist()
        history.append(sum(losses) / len(losses))
    return history
