"""A table, a folder of images, and a loader, in TensorFlow."""

import csv
from pathlib import Path

import tensorflow as tf


class TableDataset:
    def __init__(self, path, target, transform=None):
        with Path(path).open(encoding="utf-8", newline="") as file:
            names, *rows = csv.reader(file)
        place = names.index(target)  # a ValueError if it is not there
        self.x = [[float(field or "nan") for field in row] for row in rows]
        self.y = [row.pop(place) for row in self.x]
        self.columns = names[:place] + names[place + 1 :]
        self.transform = transform

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        x = tf.constant(self.x[index], tf.float32)  # (F,)
        if self.transform is not None:
            x = self.transform(x)
        return x, tf.constant(self.y[index], tf.float32)


class ImageFolderDataset:
    def __init__(self, root, transform=None):
        folders = sorted(entry for entry in Path(root).iterdir() if entry.is_dir())
        self.classes = [folder.name for folder in folders]
        self.files = [
            (path, label)
            for label, folder in enumerate(folders)
            for path in sorted(folder.glob("*.ppm"))
        ]
        self.transform = transform

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        path, label = self.files[index]
        image = read_ppm(path)
        if self.transform is not None:
            image = self.transform(image)
        return image, tf.constant(label, tf.int64)


def read_ppm(path):
    # At most three splits: the pixels may hold the byte of a line's end, too.
    magic, size, depth, pixels = path.read_bytes().split(b"\n", 3)
    if magic != b"P6" or depth != b"255":
        raise ValueError(f"{path} is no binary PPM file of 8 bits")
    width, height = map(int, size.split())
    if len(pixels) != height * width * 3:
        raise ValueError(f"{path} holds {len(pixels)} bytes for {width} by {height} pixels")
    image = tf.reshape(tf.io.decode_raw(pixels, tf.uint8), (height, width, 3))
    return tf.cast(image, tf.float32) / 255.0  # (H, W, 3)


def make_loader(dataset, batch, shuffle=False, rng=None, drop_last=False):
    if batch < 1:
        raise ValueError("a batch needs at least one item")
    indices = tf.data.Dataset.range(len(dataset))
    if shuffle:
        if rng is None:
            raise ValueError("to shuffle, a loader needs rng")
        # A fresh order for each pass is the default of tf.data.
        indices = indices.shuffle(len(dataset), seed=int(rng.integers(2**63)))
    x, y = dataset[0]  # for the shapes and dtypes, which a Python function hides from the graph

    def fetch(i):
        item = tf.py_function(lambda i: dataset[int(i)], [i], [x.dtype, y.dtype])
        return tf.ensure_shape(item[0], x.shape), tf.ensure_shape(item[1], y.shape)

    return indices.map(fetch).batch(batch, drop_remainder=drop_last)
