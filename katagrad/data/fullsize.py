"""The full-size data sets, read from a folder or the cache into NumPy arrays.

Every function raises DataMissing, with the command that gets the set, or DataCorrupt, with the
checksums; nothing is downloaded on the way.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from katagrad.data import places
from katagrad.data.registry import data_set
from katagrad.data.split import Floats, Split

FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
ETTH1_COLUMNS = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")


def mnist() -> Split:
    """Return MNIST in its original order and split.

    Images uint8 (60000, 28, 28) and (10000, 28, 28), 0 paper to 255 ink; labels int64, 0 to 9.
    Source: LeCun, Bottou, Bengio & Haffner (1998), doi:10.1109/5.726791.
    """
    return _idx_split("mnist", tuple("0123456789"))


def fashion_mnist() -> Split:
    """Return Fashion-MNIST in its original order and split; shapes and types as for `mnist`.

    Source: Xiao, Rasul & Vollgraf (2017), arXiv:1708.07747.
    """
    return _idx_split("fashion_mnist", FASHION_CLASSES)


def etth1() -> Floats:
    """Return 17,420 hours of an electricity transformer, (17420, 7), in order of time.

    The columns are `ETTH1_COLUMNS`: six loads and, last, the oil temperature in degrees Celsius.
    The series starts on 1 July 2016 at midnight. It comes whole: how to divide a series without
    a look ahead is part of the exercise.
    Source: Zhou et al. (2021), arXiv:2012.07436.
    """
    (file,) = data_set("etth1").files
    text = places.read("etth1", file).decode("ascii")
    columns = range(1, 1 + len(ETTH1_COLUMNS))
    return np.loadtxt(io.StringIO(text), delimiter=",", skiprows=1, usecols=columns)


def parse_idx(content: bytes) -> NDArray[np.uint8]:
    """Return the array in an IDX file of unsigned bytes, read-only and without a copy.

    Source: the format's description at http://yann.lecun.com/exdb/mnist/.
    Raises ValueError for another element type or a length that does not fit the header.
    """
    if content[:3] != b"\x00\x00\x08":
        start_bytes = content[:3].hex(" ")
        raise ValueError(f"an IDX file of bytes starts with 00 00 08, but this with {start_bytes}")
    rank = content[3]
    start = 4 + 4 * rank
    shape = [int(size) for size in np.frombuffer(content[4:start], dtype=">u4")]
    values = np.frombuffer(content, dtype=np.uint8, offset=start)
    return values.reshape(shape)


def _idx_split(name: str, classes: tuple[str, ...]) -> Split:
    train_x, train_y, test_x, test_y = (
        parse_idx(places.read(name, file)) for file in data_set(name).files
    )
    return Split(train_x, train_y.astype(np.int64), test_x, test_y.astype(np.int64), name, classes)
