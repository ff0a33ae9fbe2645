"""Time exercises/transfer_learning.py: an epoch of the head alone, and one of the whole network."""

from itertools import pairwise

import pytest

from katagrad.authoring.expect import image
from katagrad.bench import work

# (images, side, batch); 16 and 32 filters and 10 classes.
SIZES = {"small": (64, 8, 32), "mnist": (512, 28, 64)}
FILTERS, CLASSES = (16, 32), 10


def made(bench, size, frozen):
    images, side, batch = SIZES[size]
    model = bench.call("build", (side, side, 1), FILTERS, CLASSES)
    bench.call("freeze", model, frozen)
    return model, image(bench.normal(images, side, side, 1)), bench.integers(CLASSES, images), batch


def sizes(size):
    """(products of an image: the blocks, the head; parameters: the blocks, the head)."""
    side = SIZES[size][1]
    channels = list(pairwise((1, *FILTERS)))
    blocks = [(side >> k) ** 2 * 9 * a * b for k, (a, b) in enumerate(channels)]
    row = (side >> len(FILTERS)) ** 2 * FILTERS[-1]
    # Kernels; biases, scales and offsets.
    held = sum(9 * a * b + 3 * b for a, b in channels)
    return blocks, row * CLASSES, held, (row + 1) * CLASSES


def moved(size):
    """Bytes of the images and labels of an epoch, and its number of steps."""
    images, side, batch = SIZES[size]
    return images * (work.FLOAT * side**2 + work.LABEL), -(-images // batch)


@pytest.mark.parametrize("size", SIZES)
def bench_train_the_head(bench, size):
    model, x, y, batch = made(bench, size, len(FILTERS))
    images = SIZES[size][0]
    blocks, head, frozen, learned = sizes(size)
    # Forward, and the head by its weights. The blocks are read, the head is read and written with its memory.
    flops = 2 * images * (sum(blocks) + 2 * head)
    data, steps = moved(size)
    traffic = data + steps * work.FLOAT * (frozen + 2 * work.MOMENTUM * learned)
    bench.time(
        "train", model, x, y, 1, batch, 0.01, bench.rng(1),
        items=images, unit="images", flops=flops, bytes=traffic,
    )  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def bench_train_all(bench, size):
    model, x, y, batch = made(bench, size, 0)
    images = SIZES[size][0]
    blocks, head, held, learned = sizes(size)
    # Forward, by the weights, and by the inputs, which the first layer does not need.
    flops = 2 * images * (3 * (sum(blocks) + head) - blocks[0])
    data, steps = moved(size)
    traffic = data + steps * work.FLOAT * 2 * work.MOMENTUM * (held + learned)
    bench.time(
        "train", model, x, y, 1, batch, 0.01, bench.rng(1),
        items=images, unit="images", flops=flops, bytes=traffic,
    )  # fmt: skip
