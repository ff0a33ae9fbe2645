"""An image project, in PyTorch. Images are (N, C, H, W)."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def read(path):
    magic, size, depth, pixels = path.read_bytes().split(b"\n", 3)
    width, height = (int(part) for part in size.split())
    if magic != b"P6" or depth != b"255" or len(pixels) != height * width * 3:
        raise ValueError(f"{path.name} is not a binary PPM file of 8 bits a colour")
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 3)


def load(root):
    folders = sorted(entry for entry in Path(root).iterdir() if entry.is_dir())
    found, labels = [], []
    for label, folder in enumerate(folders):
        for path in sorted(folder.glob("*.ppm")):
            found.append(read(path))
            labels.append(label)
    pixels = np.stack(found)  # a ValueError if two differ in size
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255
    return x, torch.tensor(labels), [folder.name for folder in folders]


def groups(x, near=0.05):
    flat = x.double().flatten(1)
    close = torch.cdist(flat, flat, 2, "donot_use_mm_for_euclid_dist") / len(flat[0]) ** 0.5 <= near
    found = torch.arange(len(x))
    while True:
        # The lowest number among all neighbours, until nothing changes.
        lower = torch.where(close, found, len(x)).amin(dim=1)
        if torch.equal(lower, found):
            return found
        found = lower


def split(group, share, rng):
    group, testing = group.long(), torch.zeros(len(group), dtype=torch.bool)
    for number in rng.permutation(torch.unique(group).tolist()):
        if testing.sum() >= share * len(group):
            break
        testing |= group == int(number)
    return torch.nonzero(~testing)[:, 0], torch.nonzero(testing)[:, 0]


def augment(x, rng):
    mirrored = torch.from_numpy(rng.random(len(x)) < 0.5).to(x.device)
    x = torch.where(mirrored[:, None, None, None], x.flip(3), x)
    turns = torch.from_numpy(rng.integers(4, size=len(x))).to(x.device)
    for count in (1, 2, 3):
        x = torch.where((turns == count)[:, None, None, None], x.rot90(count, (2, 3)), x)
    return x.clone()


def build(in_shape, classes, filters=(16, 32, 64), rate=0.2):
    (*size, channels), layers = in_shape, []
    for before, after in pairwise((channels, *filters)):
        layers.append(nn.Conv2d(before, after, 3, padding=1))
        layers.append(nn.BatchNorm2d(after, eps=1e-5, momentum=0.1))
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
    flat = (size[0] >> len(filters)) * (size[1] >> len(filters)) * filters[-1]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(rate), nn.Linear(flat, classes))


def train(model, x, y, epochs, batch, lr, rng):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, eps=1e-7)
    history = []
    model.train()
    for _ in range(epochs):
        total = 0.0
        for rows in torch.from_numpy(rng.permutation(len(x))).split(batch):
            loss = F.cross_entropy(model(augment(x[rows], rng)), y[rows].long())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        history.append(total / len(x))
    return history


def logits(model, x):
    was = model.training
    model.eval()
    with torch.no_grad():
        found = torch.cat([model(part) for part in x.split(256)])
    model.train(was)
    return found


def evaluate(model, x, y, classes):
    found = logits(model, x).argmax(dim=1)
    confusion = torch.zeros(classes, classes, dtype=torch.int64)
    confusion.index_put_((y.long(), found), torch.tensor(1), accumulate=True)
    return {"accuracy": confusion.trace().item() / len(y), "confusion": confusion}


def export(model, size, path):
    was = model.training
    many, example = {0: torch.export.Dim("images", min=1)}, (torch.zeros(2, 3, *size),)
    program = torch.export.export(model.eval(), example, dynamic_shapes=(many,))
    torch.export.save(program, path)
    model.train(was)


def run(root, path, epochs, batch, lr, rng, share=0.25):
    x, y, classes = load(root)
    train_rows, test_rows = split(groups(x), share, rng)
    model = build((*x.shape[2:], 3), len(classes))
    losses = train(model, x[train_rows], y[train_rows], epochs, batch, lr, rng)
    export(model, x.shape[2:], path)
    report = evaluate(model, x[test_rows], y[test_rows], len(classes))
    return report | {"classes": classes, "train": train_rows, "test": test_rows, "losses": losses}
