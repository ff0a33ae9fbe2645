"""Create, inspect, index and reshape tensors, in PyTorch."""

import math

import torch


def make(shape, fill=0.0, dtype="float32"):
    return torch.full(shape, fill, dtype=getattr(torch, dtype))


def count(shape):
    return torch.arange(math.prod(shape)).reshape(shape)


def describe(x):
    return {
        "shape": tuple(x.shape),
        "dtype": str(x.dtype).removeprefix("torch."),
        "rank": x.ndim,
        "size": x.numel(),
    }


def pick_rows(x, indices):
    return x[indices]


def split_batches(x, batch):
    if batch < 1:
        raise ValueError(f"batch is {batch}, but should be 1 or more")
    return list(x.split(batch))


def flatten_rows(x):
    return x.flatten(start_dim=1)


def channels_first(images):
    return images.permute(0, 3, 1, 2)  # (N, H, W, C) -> (N, C, H, W)


def one_hot(labels, classes):
    if ((labels < 0) | (labels >= classes)).any():
        raise ValueError(f"labels should be from 0 to {classes - 1}")
    return (labels[..., None] == torch.arange(classes)).float()  # (..., 1) == (C,)
