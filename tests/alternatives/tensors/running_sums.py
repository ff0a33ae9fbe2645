"""Tensors built from ones, eye and expand, rows taken off one batch after the other, einsum for axes."""

import torch


def make(shape, fill=0.0, dtype="float32"):
    kinds = {
        "float32": torch.float32,
        "float64": torch.float64,
        "int64": torch.int64,
        "bool": torch.bool,
    }
    return torch.tensor(fill, dtype=kinds[dtype]).expand(shape).clone()


def count(shape):
    total = 1
    for n in shape:
        total *= n
    return torch.ones(total, dtype=torch.int64).cumsum(0).sub(1).view(shape)


def describe(x):
    size = 1
    for n in x.size():
        size *= n
    return {
        "size": size,
        "rank": len(x.size()),
        "dtype": repr(x.dtype).split(".")[-1],
        "shape": tuple(x.size()),
    }


def pick_rows(x, indices):
    return torch.index_select(x, 0, indices.long())


def split_batches(x, batch):
    if batch <= 0:
        raise ValueError("batch")
    batches = []
    while len(x) > 0:
        batches.append(x[:batch])
        x = x[batch:]
    return batches


def flatten_rows(x):
    return torch.stack([row.reshape(-1) for row in x])


def channels_first(images):
    return (
        torch.einsum("nhwc->nchw", images)
        if images.is_floating_point()
        else images.movedim(-1, 1).contiguous()
    )


def one_hot(labels, classes):
    labels = labels.long()
    if labels.numel() and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise ValueError("labels")
    return torch.eye(classes)[labels]
