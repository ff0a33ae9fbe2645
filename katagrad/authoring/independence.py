"""Expectations that random numbers of a submission do not follow from one another."""

from __future__ import annotations

import numpy as np

from katagrad.errors import Failure

# Standard errors. The mean of a hundred products or more is this far off less than once in a million.
ROOM = 6.0


def uncorrelated(draws: np.ndarray, axis: int, of: str, most: int = 8) -> None:
    """Expect standard normal draws not to determine those a few places on along an axis.

    Also finds what differs and yet is not new: a draw with its sign changed, or with the places exchanged. of: what the
    draws are along the axis, such as "two rows of the noise of train(...)". most: the largest distance that is looked
    at.

    Raises Failure if the mean product of draws at some distance is not near 0.
    """
    rows = np.moveaxis(np.asarray(draws, np.float64), axis, 0)
    for apart in range(1, min(most, len(rows) - 1) + 1):
        products = rows[apart:] * rows[:-apart]
        found, room = float(products.mean()), ROOM / products.size**0.5
        if abs(found) > room:
            raise Failure(
                f"{of}, {apart} apart, have the correlation {found:.3g}, but should be drawn independently: "
                f"0 within {room:.2g}"
            )
