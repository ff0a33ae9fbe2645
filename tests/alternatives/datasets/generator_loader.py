"""Rows as one tensor, images through NumPy, and a loader class that stacks by hand from orders of rng."""

import csv
import os

import numpy as np
import tensorflow as tf


def place_of(index, count):
    if not -count <= index < count:
        raise IndexError(f"item {index} of {count}")
    return index % count


class TableDataset:
    def __init__(self, path, target, transform=None):
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            records = list(csv.DictReader(file))
            file.seek(0)
            names = next(csv.reader(file))
        if target not in names:
            raise ValueError(f"no column {target!r} among {names}")
        self.columns = [name for name in names if name != target]

        def numbers(name):
            return [float(r[name]) if r[name] else np.nan for r in records]

        self.x = tf.constant(np.array([numbers(n) for n in self.columns]).T, tf.float32)  # (N, F)
        self.y = tf.constant(numbers(target), tf.float32)  # (N,)
        self.transform = transform or (lambda x: x)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, index):
        index = place_of(index, len(self))
        return self.transform(self.x[index]), self.y[index]


class ImageFolderDataset:
    def __init__(self, root, transform=None):
        self.classes = []
        self.items = []
        _, folders, _ = next(os.walk(root))
        for folder in sorted(folders):
            self.classes.append(folder)
            _, _, files = next(os.walk(f"{root}/{folder}"))
            for file in sorted(files):
                if file.endswith(".ppm"):
                    self.items.append((f"{root}/{folder}/{file}", len(self.classes) - 1))
        self.transform = transform

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        path, label = self.items[place_of(index, len(self))]
        with open(path, "rb") as file:  # noqa: PTH123
            header = [file.readline().rstrip() for _ in range(3)]
            if header[0] != b"P6" or header[2] != b"255":
                raise ValueError(path)
            width, height = (int(n) for n in header[1].split())
            image = np.frombuffer(file.read(), np.uint8).reshape(height, width, 3)
        image = tf.convert_to_tensor(image.astype("float32") * np.float32(1 / 255))
        return (self.transform(image) if self.transform else image), tf.cast(label, tf.int64)


class Loader:
    def __init__(self, dataset, batch, rng, drop_last):
        self.dataset, self.batch, self.rng, self.drop_last = dataset, batch, rng, drop_last

    def __len__(self):
        whole, rest = divmod(len(self.dataset), self.batch)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self):
        order = np.arange(len(self.dataset))
        if self.rng is not None:
            self.rng.shuffle(order)
        for k in range(len(self)):
            rows = order[k * self.batch : (k + 1) * self.batch]
            x, y = zip(*(self.dataset[int(i)] for i in rows), strict=True)
            yield tf.stack(x), tf.stack(y)


def make_loader(dataset, batch, shuffle=False, rng=None, drop_last=False):
    if batch < 1 or (shuffle and rng is None):
        raise ValueError("a batch of at least 1, and rng to shuffle")
    return Loader(dataset, batch, rng if shuffle else None, drop_last)
