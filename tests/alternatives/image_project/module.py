"""A module of blocks, unions of groups in Python, and Adam by hand; in PyTorch."""

# os.path is as right as pathlib.
# ruff: noqa: PTH118, PTH123, PTH208

import os
import re

import numpy as np
import torch


def load(root):
    classes = sorted(e.name for e in os.scandir(root) if e.is_dir())
    images, labels = [], []
    for name in classes:
        for file in sorted(os.listdir(os.path.join(root, name))):
            if not file.endswith(".ppm"):
                continue
            with open(os.path.join(root, name, file), "rb") as stream:
                data = stream.read()
            head = re.match(rb"P6\n(\d+) (\d+)\n255\n", data)
            if head is None:
                raise ValueError(f"{file}: no PPM")
            width, height = map(int, head.groups())
            flat = torch.tensor(list(data[head.end() :]), dtype=torch.float32)
            if flat.numel() != 3 * width * height:
                raise ValueError(f"{file}: wrong length")
            if images and images[0].shape[1:] != (height, width):
                raise ValueError(f"{file}: another size")
            images.append(flat.reshape(height, width, 3).movedim(-1, 0) / 255.0)
            labels.append(classes.index(name))
    return [torch.stack(images), torch.tensor(labels, dtype=torch.int64), classes]


def groups(x, near=0.05):
    flat = x.detach().reshape(len(x), -1).double()
    parent = list(range(len(x)))

    def root(i):
        while parent[i] != i:
            i = parent[i]
        return i

    for i in range(len(x)):
        distance = ((flat[:i] - flat[i]) ** 2).mean(dim=1).sqrt()
        for j in torch.nonzero(distance <= near).flatten().tolist():
            a, b = sorted((root(i), root(j)))
            parent[b] = a
    return torch.tensor([root(i) for i in range(len(x))])


def split(group, share, rng):
    numbers = [int(g) for g in group]
    left = sorted(set(numbers))
    rng.shuffle(left)
    test = []
    while left and len(test) < share * len(numbers):
        chosen = left.pop()
        test += [row for row, g in enumerate(numbers) if g == chosen]
    train = sorted(set(range(len(numbers))) - set(test))
    return torch.tensor(train, dtype=torch.int64), torch.tensor(sorted(test), dtype=torch.int64)


def augment(x, rng):
    changed = []
    for one in x:
        number = int(rng.integers(8))
        one = torch.rot90(one, number // 2, (1, 2))
        changed.append(one.flip(-1) if number % 2 else one)
    return torch.stack(changed)


class Network(torch.nn.Module):
    def __init__(self, in_shape, classes, filters, rate):
        super().__init__()
        *size, channels = in_shape
        self.convolutions, self.norms = torch.nn.ModuleList(), torch.nn.ModuleList()
        for count in filters:
            self.convolutions.append(torch.nn.Conv2d(channels, count, 3, padding="same"))
            self.norms.append(torch.nn.BatchNorm2d(count))
            channels, size = count, [side // 2 for side in size]
        self.dropout = torch.nn.Dropout(rate)
        self.head = torch.nn.Linear(channels * size[0] * size[1], classes)

    def forward(self, x):
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = torch.nn.functional.max_pool2d(torch.relu(norm(convolution(x))), 2)
        return self.head(self.dropout(x.flatten(1)))


def build(in_shape, classes, filters=(16, 32, 64), rate=0.2):
    return Network(in_shape, classes, filters, rate)


def train(model, x, y, epochs, batch, lr, rng):
    parameters = list(model.parameters())
    first = [torch.zeros_like(p) for p in parameters]
    second = [torch.zeros_like(p) for p in parameters]
    history, step = [], 0
    model.train()
    for _ in range(epochs):
        losses = []
        for rows in np.array_split(rng.permutation(len(x)), range(batch, len(x), batch)):
            step += 1
            logp = model(augment(x[rows.tolist()], rng)).log_softmax(1)
            each = -logp.gather(1, y[rows.tolist()].long()[:, None])[:, 0]
            slopes = torch.autograd.grad(each.mean(), parameters)
            with torch.no_grad():
                for p, m, v, g in zip(parameters, first, second, slopes, strict=True):
                    m.mul_(0.9).add_(0.1 * g)
                    v.mul_(0.999).add_(0.001 * g**2)
                    p -= lr * (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-7)
            losses += each.tolist()
        history.append(float(np.mean(losses)))
    return history


@torch.no_grad()
def logits(model, x):
    was = model.training
    found = model.eval()(x)
    model.train(was)
    return found


def evaluate(model, x, y, classes):
    found = logits(model, x).argmax(1)
    cells = torch.bincount(y.long() * classes + found, minlength=classes**2)
    right = (found == y).double().mean()
    return {"confusion": cells.reshape(classes, classes), "accuracy": float(right)}


def export(model, size, path):
    was = model.training
    shapes = {"x": {0: torch.export.Dim.DYNAMIC}}
    example = torch.rand(3, 3, *size)
    torch.export.save(torch.export.export(model.eval(), (example,), dynamic_shapes=shapes), path)
    model.train(was)


def run(root, path, epochs, batch, lr, rng, share=0.25):
    x, y, classes = load(root)
    known, unknown = split(groups(x), share, rng)
    model = build((x.shape[2], x.shape[3], 3), len(classes))
    report = {"classes": classes, "train": known, "test": unknown}
    report["losses"] = train(model, x[known], y[known], epochs, batch, lr, rng)
    report.update(evaluate(model, x[unknown], y[unknown], len(classes)))
    export(model, tuple(x.shape[2:]), path)
    return report
