"""The form of every labelled data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Split:
    """A data set and its one fixed division into training and test rows.

    train_x, test_x: one row an example; images are (N, height, width, channels) or, for the
    grey full-size sets, (N, height, width). train_y, test_y: (N,), int64 class numbers, or
    float64 targets where `classes` is empty. The arrays are read-only, so that one grader
    cannot spoil them for the next; copy one to change it.
    """

    train_x: Array
    train_y: Array
    test_x: Array
    test_y: Array
    name: str
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        for part in ("train", "test"):
            x, y = getattr(self, f"{part}_x"), getattr(self, f"{part}_y")
            if len(x) != len(y):
                raise ValueError(
                    f"{self.name}: {part}_x has {len(x)} rows and {part}_y has {len(y)}, "
                    "but every row needs its label"
                )
            x.setflags(write=False)
            y.setflags(write=False)

    def __repr__(self) -> str:
        kind = f"{len(self.classes)} classes" if self.classes else "regression"
        return (
            f"Split({self.name}: train {self.train_x.shape} {self.train_x.dtype}, "
            f"test {self.test_x.shape}, {kind})"
        )
