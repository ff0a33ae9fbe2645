"""Pictures of exercises/tensors.py."""

import numpy as np

from katagrad.authoring.plots import cells, unmarked


def draw_moves(impl, figure):
    """What becomes of counted elements: rows picked, batches, flattened entries; and labels as one-hot rows"""
    x, pair = impl.count((5, 3)), impl.count((2, 2, 3))
    batches = impl.split_batches(x, 2)
    shown = {
        "count((5, 3))": x,
        "pick_rows(x, [2, 0, 2])": impl.pick_rows(x, np.array([2, 0, 2])),
        "split_batches(x, 2)": np.concatenate(batches),
        "count((2, 2, 3)): two entries": np.concatenate(list(pair)),
        "flatten_rows of them": impl.flatten_rows(pair),
        "one_hot([2, 0, 3], 4)": impl.one_hot(np.array([2, 0, 3]), 4),
    }
    cuts = {
        "split_batches(x, 2)": np.cumsum([len(one) for one in batches])[:-1],
        "count((2, 2, 3)): two entries": [2],
    }
    for axes, (name, values) in zip(figure.subplots(2, 3).flat, shown.items(), strict=True):
        one_hot = name.startswith("one_hot")
        cells(axes, values, vmin=0, vmax=1 if one_hot else 14)
        for cut in cuts.get(name, ()):
            axes.axhline(cut - 0.5, color="#d06020", linewidth=3)
        axes.set_title(name, fontsize="small")
        axes.set(xlabel="class" if one_hot else "column", ylabel="label" if one_hot else "row")
        axes.tick_params(labelsize="x-small")


def draw_channels(impl, figure):
    """An image (H, W, C), its channels by channels_first, and what a reshape to the same shape makes of it"""
    rows, columns = np.mgrid[:24, :24] / 23.0
    disc = (rows - 0.5) ** 2 + (columns - 0.5) ** 2 < 0.12
    picture = np.stack([columns, disc, 1 - rows], -1)
    planes = {
        "channels_first": impl.channels_first(picture[None])[0],
        "a reshape": picture.reshape(3, 24, 24),
    }
    every = figure.subplots(2, 4)
    for axes in every[:, 0]:
        axes.imshow(picture)
        axes.set(xlabel="column", ylabel="row")
        axes.set_title("the image", fontsize="small")
    for line, (name, values) in zip(every, planes.items(), strict=True):
        for channel, axes in enumerate(line[1:]):
            axes.imshow(values[channel], cmap="gray", vmin=0, vmax=1)
            axes.set(xlabel="column", ylabel="row")
            axes.set_title(f"{name}, [0, {channel}]", fontsize="x-small")
    for axes in every.flat:
        unmarked(axes)
