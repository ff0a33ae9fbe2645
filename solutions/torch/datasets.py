"""A table, a folder of images, and a loader, in PyTorch."""

import csv
from pathlib import Path

import torch
from torch.utils.data import DataLoader, Dataset


class TableDataset(Dataset):
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
        x = torch.tensor(self.x[index], dtype=torch.float32)  # (F,)
        if self.transform is not None:
            x = self.transform(x)
        return x, torch.tensor(self.y[index], dtype=torch.float32)


class ImageFolderDataset(Dataset):
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
        return image, torch.tensor(label)


def read_ppm(path):
    # At most three splits: the pixels may hold the byte of a line's end, too.
    magic, size, depth, pixels = path.read_bytes().split(b"\n", 3)
    if magic != b"P6" or depth != b"255":
        raise ValueError(f"{path} is no binary PPM file of 8 bits")
    width, height = map(int, size.split())
    image = torch.frombuffer(bytearray(pixels), dtype=torch.uint8)
    if len(image) != height * width * 3:
        raise ValueError(f"{path} holds {len(image)} bytes for {width} by {height} pixels")
    return image.reshape(height, width, 3).permute(2, 0, 1) / 255  # (3, H, W)


def make_loader(dataset, batch, shuffle=False, rng=None, drop_last=False):
    generator = None
    if shuffle:
        if rng is None:
            raise ValueError("to shuffle, a loader needs rng")
        generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
    return DataLoader(dataset, batch, shuffle=shuffle, generator=generator, drop_last=drop_last)
