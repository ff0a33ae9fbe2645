"""Photographs in JPEG files as NumPy arrays. Pillow decodes them; it is in the extra `photos`."""

from __future__ import annotations

import importlib.util
import io

import numpy as np
from numpy.typing import NDArray

from katagrad.data.errors import DataCorrupt, DataError


def decodes() -> bool:
    """Return whether Pillow is installed. Imports nothing."""
    return importlib.util.find_spec("PIL") is not None


def pixels(content: bytes, of: str, side: int | None = None) -> NDArray[np.uint8]:
    """Return the photo in a JPEG file as RGB bytes (height, width, 3).

    side: cut the largest square out of the middle and scale it to (side, side, 3). of: the
    file's name, for a message. Raises DataError without Pillow, DataCorrupt for another content.
    """
    if not decodes():
        raise DataError(f"reading {of} needs Pillow: pip install 'katagrad[photos]'")
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as photo:
            if side is not None:
                # JPEG decodes at 1/2, 1/4 or 1/8 of its size for less; twice the target stays sharp.
                photo.draft("RGB", (2 * side, 2 * side))
            image = photo.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise DataCorrupt(f"{of} is not a readable JPEG file: {error}") from None
    if side is not None:
        short = min(image.size)
        left, top = (image.width - short) // 2, (image.height - short) // 2
        square = (left, top, left + short, top + short)
        image = image.resize((side, side), Image.Resampling.BOX, box=square)
    return np.asarray(image)
