"""The length of a block: many calls of what is timed, and one read by the host at their end."""

from __future__ import annotations

import math
from collections.abc import Callable

# Long enough that neither the timer nor a context switch decides.
BLOCK_SECONDS = 0.025
TRIES, ENOUGH = 4, 0.8


def calls(block: Callable[[int], float], warm: float, seconds: float = BLOCK_SECONDS) -> int:
    """The number of calls that fill a block of `seconds`.

    block: seconds of so many calls in a row. warm: seconds of a block of one call. That includes the read that ends a
    block, which may take longer than a short call itself: blocks are tried until they are as long as they should be.
    """
    count = max(1, math.ceil(seconds / max(warm, 1e-9)))
    for _ in range(TRIES if count > 1 else 0):
        taken = block(count)
        if taken >= ENOUGH * seconds:
            break
        count = math.ceil(count * seconds / max(taken, 1e-9))
    return count
