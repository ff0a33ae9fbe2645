"""Data augmentation, in PyTorch. Images are (N, C, H, W)."""

import torch


def hflip(x, chosen):
    columns = torch.arange(x.shape[3] - 1, -1, -1, device=x.device)
    return torch.where(chosen[:, None, None, None], x[:, :, :, columns], x)


def offsets(x):
    """Rows below and columns right of the centre: (H, 1) and (1, W)."""
    height, width = x.shape[2:]
    dy = torch.arange(height, dtype=x.dtype, device=x.device) - (height - 1) / 2
    dx = torch.arange(width, dtype=x.dtype, device=x.device) - (width - 1) / 2
    return dy[:, None], dx[None, :]


def pick(x, rows, columns, fill):
    """Pixels at integer places (N, H, W); fill outside."""
    n, channels, height, width = x.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)  # (N, H, W)
    flat = rows.clamp(0, height - 1) * width + columns.clamp(0, width - 1)
    places = flat.reshape(n, 1, -1).expand(-1, channels, -1)
    found = x.reshape(n, channels, -1).gather(2, places).reshape(n, channels, *rows.shape[1:])
    return torch.where(inside[:, None], found, fill)


def sample(x, rows, columns, fill):
    """Bilinear means at places (N, H, W) between pixels."""
    rows, columns = torch.broadcast_tensors(rows, columns)
    i, j = rows.floor().long(), columns.floor().long()
    a, b = (rows - i)[:, None], (columns - j)[:, None]  # (N, 1, H, W)
    upper = (1 - b) * pick(x, i, j, fill) + b * pick(x, i, j + 1, fill)
    lower = (1 - b) * pick(x, i + 1, j, fill) + b * pick(x, i + 1, j + 1, fill)
    return (1 - a) * upper + a * lower


def shift(x, dy, dx, fill=0.0):
    rows = torch.arange(x.shape[2], device=x.device)[None, :, None] - dy[:, None, None]  # (N, H, 1)
    columns = (
        torch.arange(x.shape[3], device=x.device)[None, None, :] - dx[:, None, None]
    )  # (N, 1, W)
    return pick(x, *torch.broadcast_tensors(rows, columns), fill)


def rotate(x, degrees, fill=0.0):
    dy, dx = offsets(x)
    angle = torch.deg2rad(degrees.to(x.dtype))[:, None, None]
    sin, cos = torch.sin(angle), torch.cos(angle)
    height, width = x.shape[2:]
    rows = (height - 1) / 2 + dx * sin + dy * cos  # (N, H, W)
    columns = (width - 1) / 2 + dx * cos - dy * sin
    return sample(x, rows, columns, fill)


def zoom(x, factors, fill=0.0):
    dy, dx = offsets(x)
    factors = factors.to(x.dtype)[:, None, None]
    rows = (x.shape[2] - 1) / 2 + dy / factors  # (N, H, 1)
    columns = (x.shape[3] - 1) / 2 + dx / factors  # (N, 1, W)
    return sample(x, rows, columns, fill)


def add_noise(x, noise, std):
    return (x + std * noise).clamp(0, 1)


def cutout(x, top, left, size, fill=0.0):
    rows = (
        torch.arange(x.shape[2], device=x.device)[None, :, None] - top[:, None, None]
    )  # (N, H, 1)
    columns = (
        torch.arange(x.shape[3], device=x.device)[None, None, :] - left[:, None, None]
    )  # (N, 1, W)
    cut = (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size)
    return torch.where(cut[:, None], fill, x)


def augment(x, policy, rng):
    def drawn(values):
        return torch.from_numpy(values).to(x.device)

    if unknown := set(policy) - {"flip", "shift", "rotate", "zoom", "noise", "cutout"}:
        raise ValueError(f"policy has {sorted(unknown)}, which is no change")
    n, _, height, width = x.shape
    if "flip" in policy:
        x = hflip(x, drawn(rng.random(n) < policy["flip"]))
    if "shift" in policy:
        moves = rng.integers(-policy["shift"], policy["shift"] + 1, (2, n))
        x = shift(x, *drawn(moves))
    if "rotate" in policy:
        x = rotate(x, drawn(rng.uniform(-policy["rotate"], policy["rotate"], n)))
    if "zoom" in policy:
        x = zoom(x, drawn(rng.uniform(1 - policy["zoom"], 1 + policy["zoom"], n)))
    if "noise" in policy:
        x = add_noise(x, drawn(rng.standard_normal(x.shape)).to(x.dtype), policy["noise"])
    if "cutout" in policy:
        size = policy["cutout"]
        top, left = (rng.integers(0, max(side - size, 0) + 1, n) for side in (height, width))
        x = cutout(x, drawn(top), drawn(left), size)
    return x


def train(model, x, y, policy, epochs, batch, lr, rng):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    model.train()
    history = []
    for _ in range(epochs):
        total = 0.0
        for rows in torch.from_numpy(rng.permutation(len(x))).split(batch):
            images = x[rows] if policy is None else augment(x[rows], policy, rng)
            loss = torch.nn.functional.cross_entropy(model(images), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        history.append(total / len(x))
    return history
