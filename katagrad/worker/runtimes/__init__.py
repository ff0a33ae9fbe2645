"""Runtimes that open what a submission exported, in a process that never sees the submission's code.

Each module has `RUNTIMES`: {name: function}. A function takes the path of a file or folder, and options. It returns
an object with `about` (a dict that can be sent) and `run(inputs)`, both of which hold NumPy arrays and plain values.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

# Bytes that an archive may unpack to. The limits of the process hold as well; this gives a readable reason.
MOST_UNPACKED = 256 << 20


class Unfit(Exception):
    """The file is not what the runtime accepts. The message says why."""


class Runtime:
    """An open file. about: what it says of itself. call: from arrays by name to arrays by name."""

    def __init__(
        self,
        about: dict[str, Any],
        call: Callable[[dict[str, np.ndarray]], Mapping[str, Any]],
    ) -> None:
        self.about, self._call = about, call

    def run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Compute the outputs, by name."""
        return {
            str(name): np.ascontiguousarray(value).reshape(np.shape(value))
            for name, value in self._call(inputs).items()
        }


def spec(name: str, dtype: str, shape: Any) -> dict[str, Any]:
    """An input or output. A size that is not fixed is None, or the name that the file gives it."""
    sizes = [None if size is None or size == -1 else size for size in shape]
    return {"name": name, "dtype": dtype, "shape": sizes}


def check_archive(path: Path) -> None:
    """Raise Unfit if `path` is no zip archive, or unpacks to more than MOST_UNPACKED bytes."""
    if not zipfile.is_zipfile(path):
        raise Unfit(f"{path.name} is not a zip archive")
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > MOST_UNPACKED:
        raise Unfit(
            f"{path.name} unpacks to {size >> 20} MiB; at most {MOST_UNPACKED >> 20} are opened"
        )
