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
