"""DictReader for the table, sorted names for the folder, and a loader that stacks by hand, in PyTorch."""

import csv
from pathlib import Path

import numpy as np
import torch


class TableDataset:
    def __init__(self, path, target, transform=None):
        with Path(path).open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if target not in reader.fieldnames:
                raise ValueError(f"no column {target}")
            rows = list(reader)
        self.columns = [name for name in reader.fieldnames if name != target]
        table = [[float(row[c]) if row[c] else np.nan for c in self.columns] for row in rows]
        self.features = torch.tensor(table, dtype=torch.float32)
        targets = [float(row[target]) if row[target] else np.nan for row in rows]
        self.targets = torch.tensor(targets, dtype=torch.float32)
        self.transform = transform or (lambda x: x)

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, index):
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return self.transform(self.features[index].clone()), self.targets[index].clone()


class ImageFolderDataset:
    def __init__(self, root, transform=None):
        self.classes = sorted(entry.name for entry in Path(root).iterdir() if entry.is_dir())
        self.paths, self.labels = [], []
        for label, name in enumerate(self.classes):
            files = {path.name: path for path in Path(root, name).iterdir() if path.is_file()}
            for file in sorted(files):
                if file.endswith(".ppm"):
                    self.paths.append(files[file])
                    self.labels.append(label)
        self.transform = transform

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        with self.paths[index].open("rb") as file:
            first, second, third = (file.readline().strip() for _ in range(3))
            rest = file.read()
        if first != b"P6" or third != b"255" or len(second.split()) != 2:
            raise ValueError(f"{self.paths[index]} is no image")
        width, height = (int(size) for size in second.split())
        if len(rest) != 3 * width * height:
            raise ValueError(f"{self.paths[index]} has a wrong length")
        pixels = np.frombuffer(rest, np.uint8).astype(np.float32).reshape(height, width, 3) / 255
        image = torch.from_numpy(pixels.transpose(2, 0, 1).copy())
        label = torch.tensor(self.labels[index], dtype=torch.int64)
        return (self.transform(image) if self.transform else image), label


class Loader:
    def __init__(self, dataset, batch, rng, drop_last):
        self.dataset, self.batch, self.rng = dataset, batch, rng
        n = len(dataset)
        self.length = n // batch if drop_last else -(-n // batch)

    def __len__(self):
        return self.length

    def __iter__(self):
        n = len(self.dataset)
        order = range(n) if self.rng is None else self.rng.permutation(n).tolist()
        for k in range(self.length):
            items = [self.dataset[i] for i in order[k * self.batch : (k + 1) * self.batch]]
            yield torch.stack([x for x, _ in items]), torch.stack([y for _, y in items])


def make_loader(dataset, batch, shuffle=False, rng=None, drop_last=False):
    if batch < 1 or (shuffle and rng is None):
        raise ValueError("a batch needs an item, and chance a generator")
    return Loader(dataset, batch, rng if shuffle else None, drop_last)
