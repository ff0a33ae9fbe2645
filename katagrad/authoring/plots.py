"""What several pictures draw alike, on axes of matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def confusion(axes: Any, counts: np.ndarray, names: Sequence[str] | None = None) -> None:
    """Draw a confusion matrix (K, K), rows the true classes: errors are coloured by how many there are.

    names: of the classes; their numbers by default.
    """
    wrong = counts * (1 - np.eye(len(counts)))
    # Twice the largest: the numbers stay readable on the colour.
    axes.imshow(wrong, cmap="Oranges", vmin=0, vmax=2 * max(wrong.max(), 1))
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = "#3070b0" if row == column else "#606060"
            said = f"{count:g}"
            axes.text(column, row, said, ha="center", va="center", color=colour, fontsize=7)
    every = range(len(counts))
    axes.set(xlabel="predicted class", ylabel="true class")
    axes.set_xticks(every, names or every, rotation=30 if names else 0)
    axes.set_yticks(every, names or every)


def unmarked(axes: Any, xlabel: bool = True, ylabel: bool = True) -> None:
    """Take the numbers from both axes, as beside the pixels of an image, and hide a label that neighbours repeat."""
    axes.tick_params(labelbottom=False, labelleft=False, length=0)
    axes.xaxis.label.set_visible(xlabel)
    axes.yaxis.label.set_visible(ylabel)


def cells(axes: Any, values: np.ndarray, **options: Any) -> None:
    """Draw a matrix (rows, columns) with the number of each cell in it. options: of `imshow`."""
    shown = axes.imshow(values, **options)
    seen = np.broadcast_to(options.get("alpha", 1.0), values.shape)
    for (row, column), value in np.ndenumerate(values):
        brightness = np.dot(shown.cmap(shown.norm(value))[:3], (0.3, 0.6, 0.1))
        # On a faint cell, the page's own colour can be read.
        colour = {"color": "black" if brightness > 0.5 else "white"}
        said, own = f"{value:g}", colour if seen[row, column] == 1 else {}
        axes.text(column, row, said, ha="center", va="center", fontsize=8, **own)
    axes.set_xticks(range(values.shape[1]))
    axes.set_yticks(range(values.shape[0]))


def boxes(axes: Any, said: Sequence[str], across: int = 5, fill: str = "#cfe0f0") -> None:
    """Draw a chain of words in boxes, joined in their order, `across` to a line, like the operators of a graph.

    The lines run to and fro, so that neighbours stand side by side.
    """
    places = []
    for i in range(len(said)):
        line, column = divmod(i, across)
        places.append((column if line % 2 == 0 else across - 1 - column, line))
    at = np.array(places, float)
    axes.plot(*at.T, color="#808080", zorder=1)
    # Heads of arrows, between the boxes.
    onward = 0.6 * np.diff(at, axis=0)
    axes.quiver(
        *at[:-1].T, *onward.T, angles="xy", scale_units="xy", scale=1, color="#808080", width=0.003
    )
    for (x, y), words in zip(places, said, strict=True):
        box = {"boxstyle": "round", "facecolor": fill, "edgecolor": "#808080"}
        axes.text(x, y, words, ha="center", va="center", color="#101010", fontsize=8, bbox=box)
    axes.set(xlim=(-0.6, across - 0.4), ylim=(places[-1][1] + 0.7, -0.7), xticks=[], yticks=[])
