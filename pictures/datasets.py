"""Pictures of exercises/datasets.py."""

import numpy as np

from katagrad.authoring.plots import unmarked
from katagrad.data import SHAPES5_CLASSES, shapes5


def draw_batch(impl, figure):
    """The first batch of a folder of images in two passes of one loader: the order is a new one"""
    x, y = shapes5(40, np.random.default_rng(5))
    files = {}
    for i, (pixels, k) in enumerate(zip(x.astype(np.uint8), y, strict=True)):
        height, width, _ = pixels.shape
        head = f"P6\n{width} {height}\n255\n".encode()
        files[f"drawings/{SHAPES5_CLASSES[k]}/{i}.ppm"] = head + pixels.tobytes()
    root = f"{impl.write(files)}/drawings"
    dataset = impl.ImageFolderDataset(root)
    loader = impl.make_loader(dataset, 5, True, impl.rng(5))
    names = sorted(SHAPES5_CLASSES)
    for line, name in zip(figure.subplots(2, 5), ("first pass", "second pass"), strict=True):
        images, labels = loader.take(1, returns=("image", None))[0]
        for axes, pixels, label in zip(line, images, labels, strict=True):
            axes.imshow(pixels)
            axes.set(xlabel=f"{label}: {names[label]}", ylabel=name)
            unmarked(axes, ylabel=axes is line[0])
