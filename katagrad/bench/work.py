"""How much work a call is, for a roofline: {"flops": ..., "bytes": ...}, to be handed to `bench.time`.

What is counted, everywhere the same:

- Operations are those that the definition needs, whatever a solution does. A product of (m, k) and (k, n) matrices is
  2 m n k. Where there are such products, they alone count. Elsewhere each addition, multiplication, division,
  comparison, and each exp, log, root, tanh, sin or erf of the formula is one operation for each element.
- Bytes are the traffic that no implementation avoids: every input is read once and every result is written once, in
  float32 (4 bytes), labels in int64 (8). What lies between, activations say, is not counted, since it may stay in
  a cache. A step of training reads its rows, and reads and writes the weights and what the optimizer remembers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

# Bytes.
FLOAT, LABEL = 4, 8
# Numbers that an optimizer reads and writes for a weight, with the weight itself.
SGD, MOMENTUM, ADAM = 1, 2, 3


def elementwise(count: float, operations: float, numbers: float) -> dict[str, float]:
    """Of `count` elements: operations of each, and float32 numbers of each that are read or written."""
    return {"flops": operations * count, "bytes": FLOAT * numbers * count}


def product(m: int, k: int, n: int) -> dict[str, float]:
    """(m, k) times (k, n)."""
    return {"flops": 2 * m * k * n, "bytes": FLOAT * (m * k + k * n + m * n)}


def weights(widths: Sequence[int]) -> int:
    """Entries of the matrices of dense layers in a row, without the biases."""
    return sum(a * b for a, b in pairwise(widths))


def parameters(widths: Sequence[int]) -> int:
    """The same with the biases."""
    return weights(widths) + sum(widths[1:])


def forward(widths: Sequence[int], rows: int) -> dict[str, float]:
    """Dense layers on `rows` rows: from x to the last layer's result."""
    moved = rows * (widths[0] + widths[-1]) + parameters(widths)
    return {"flops": 2 * rows * weights(widths), "bytes": FLOAT * moved}


def gradient(
    widths: Sequence[int], rows: int, target: float = LABEL, inputs: bool = False
) -> dict[str, float]:
    """The gradient of a loss by all parameters. target: bytes of a row's. inputs: by x, too.

    A layer is three products: forward, by its weights, and by its inputs, which the first layer only needs for x.
    """
    spared = 0 if inputs else widths[0] * widths[1]
    moved = FLOAT * (rows * widths[0] * (1 + inputs) + 2 * parameters(widths)) + target * rows
    return {"flops": 2 * rows * (3 * weights(widths) - spared), "bytes": moved}


def training(
    widths: Sequence[int],
    rows: int,
    batch: int,
    state: int,
    target: float = LABEL,
    value: float = FLOAT,
) -> dict[str, float]:
    """An epoch of steps of `batch` rows, without a gradient by x.

    state: SGD, MOMENTUM or ADAM. target, value: bytes of a row's target, and of a number of x.
    """
    steps = -(-rows // batch)
    moved = rows * (value * widths[0] + target) + steps * FLOAT * 2 * state * parameters(widths)
    return {"flops": gradient(widths, rows)["flops"], "bytes": moved}


@dataclass(frozen=True)
class ConvNet:
    """Convolutions of 3 by 3, each followed by a halving of both sides, and two dense layers; images of one channel."""

    side: int
    filters: Sequence[int]
    units: int
    classes: int

    @property
    def products(self) -> list[int]:
        """Products of an image, layer by layer."""
        channels = pairwise((1, *self.filters))
        halved = [(self.side >> k) ** 2 * 9 * a * b for k, (a, b) in enumerate(channels)]
        return [*halved, self.row * self.units, self.units * self.classes]

    @property
    def row(self) -> int:
        """Numbers of an image that the dense layers take."""
        return (self.side >> len(self.filters)) ** 2 * self.filters[-1]

    @property
    def parameters(self) -> int:
        """Entries of all kernels, matrices and biases."""
        kernels = 9 * weights((1, *self.filters)) + sum(self.filters)
        return kernels + parameters((self.row, self.units, self.classes))

    def prediction(self, images: int) -> dict[str, float]:
        """The class of each image: the images and the weights are read, a class is written."""
        moved = FLOAT * (images * self.side**2 + self.parameters) + LABEL * images
        return {"flops": 2 * images * sum(self.products), "bytes": moved}

    def training(self, images: int, batch: int, state: int) -> dict[str, float]:
        """An epoch of steps of `batch` images. state: SGD, MOMENTUM or ADAM."""
        # Forward, by the weights, and by the inputs, which the first layer does not need.
        flops = 2 * images * (3 * sum(self.products) - self.products[0])
        moved = images * (FLOAT * self.side**2 + LABEL)
        moved += -(-images // batch) * FLOAT * 2 * state * self.parameters
        return {"flops": flops, "bytes": moved}
