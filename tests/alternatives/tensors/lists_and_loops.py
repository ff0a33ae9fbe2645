"""Tensors from nested lists, rows stacked one by one, codes from the rows of an identity matrix."""

import functools
import operator

import torch

DTYPES = {
    "float32": torch.float32,
    "float64": torch.float64,
    "int64": torch.int64,
    "bool": torch.bool,
}


def make(shape, fill=0.0, dtype="float32"):
    x = torch.empty(*shape, dtype=DTYPES[dtype]) if shape else torch.tensor(0, dtype=DTYPES[dtype])
    return x.fill_(fill)


def count(shape):
    size = functools.reduce(operator.mul, shape)
    return torch.tensor(list(range(size)), dtype=torch.long).view(*shape)


def describe(x):
    size = 1
    for n in x.size():
        size *= n
    name = repr(x.dtype).split(".")[-1]
    return {"rank": x.dim(), "size": size, "dtype": name, "shape": tuple(map(int, x.size()))}


def pick_rows(x, indices):
    return torch.index_select(x, 0, indices)


def split_batches(x, batch):
    if batch <= 0:
        raise ValueError("batch")
    parts, at = [], 0
    while at < x.shape[0]:
        parts.append(x[at : at + batch].clone())
        at += batch
    return parts


def flatten_rows(x):
    return torch.stack([row.reshape(-1) for row in x])


def channels_first(images):
    return torch.movedim(images, -1, 1).contiguous()


def one_hot(labels, classes):
    for label in labels.reshape(-1).tolist():
        if not 0 <= label < classes:
            raise ValueError(label)
    return torch.eye(classes)[labels]
