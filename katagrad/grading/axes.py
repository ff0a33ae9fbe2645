"""Say in a failure message in which order it gives the axes of images, where a submission has another order."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

# Four axes, of a shape or of an index.
FOUR = re.compile(r"[(\[]\d+, \d+, \d+, \d+[)\]]")
ORDER = {"image": "images are (N, H, W, C)", "kernel": "kernels are (H, W, in, out)"}


def with_axes(message: str, source: Any, layouts: Collection[str]) -> str:
    """A message of a grader, which computes in TensorFlow's order.

    source: the submission, whose `framework` is asked only if it matters. layouts: those that the check has used.
    """
    used = [words for layout, words in ORDER.items() if layout in layouts]
    first = message.split("\n", 1)[0]
    if not used or " raised " in first or not FOUR.search(first) or source.framework != "torch":
        return message
    return f"{message}\nIn this message, {' and '.join(used)}, as in TensorFlow."
