"""LiteRT files of the grader's own: small models with weights, scales and zeros that are put in at grading time.

Two files without weights are kept below. They have one input "measured" (B, 5), its first axis free, and one output
"answer" (B, 4), which is a dense layer of the input.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

FEATURES, CLASSES = 5, 4
Ruler = tuple[float, int]

INTEGERS = (
    "eNpNUTFOw1AMfW1+qgQiiNRIdOjEAgMDEgwMDEEKsBSJog4dOlCJLwZKh7SAVBYOwDWQOEYPwQEYgUsE+9tpfyLH"
    "3/Hz8/N3F8DgoncE92whQ4oEEZ0NRaAIKMiyJhCQJ4dDssThW4Q09GU0Ycgm/bPdvdZGsHN/M8+vXkfX55fPn1VV"
    "NZQrWXUwjoP/DclGZLdkDeURLXDYTdUi/xGlejbulRrWFUjexZX2bGoMzX+TzVVvThjm6ZKdCCQ+1RquZ8wB+Uh1"
    "Ms9f++Prp+Z8WxQ8+3g6e7HlupdR/R1S2dZZa/3Haz0xn9+VP/N0wpsDS+nxYMupnUgP5g9djXSAbowzmXLt6964"
    "T8+bKXRo2V69A3++X3++fFFw7tGOZ0+lvYN3n6F62WmKbY8vXt0B4n88kjvt"
)
FLOATS = (
    "eNpNUaFOxEAQfVe25Bo2l5JUIBBIBMFgEXBNMCAQJxAIStjkCHAhLQRL0Bi+ACTqwgcg8HwBCYKg+gXY8mZ3ODbN"
    "27cz+2b2zXYJwGhnbwMYoEAOiz4zhhEYAU+ETYA5BNwTa14BfHddZ1QHHG0BX8TqNvfEPDsZrkG77zUtz8c8mxIt"
    "sTgE1oldYjzE7R35gfxInpJfye/kD3JL/iGSEm9Zydrymff39H47c2+4htwBcSjOCNEV3sPAs2gXdM6QRz/XvfFf"
    "qPmbGxonUb6nedG+EJfEpsZX9Ga137LWdfpe8ibVpLlx9X8/yX9qTaL+JXd8WjWINNY7x2xOq2e59j1z9cSdhx6i"
    "T72HUAP/b4PjQmuFVyJ/qaouXNVc1+4E0cxpdJf17xd6SZ8sNM5+ASm4QDE="
)
# What the kept files hold where numbers are put in: each of these occurs once.
MARKS = {
    "kernel": np.random.default_rng(0).integers(1, 127, FEATURES * CLASSES).astype(np.int8),
    "float kernel": (np.arange(1, FEATURES * CLASSES + 1) * 7.25).astype(np.float32),
    "bias": (np.arange(1, CLASSES + 1) * 3.5).astype(np.float32),
}
PLACES = {"input": 1001, "output": 1002, "kernel": 1003}


def _put(template: str, changes: Sequence[tuple[Any, Any]]) -> bytes:
    """A kept file with each array replaced by another one of its dtype and size."""
    content = zlib.decompress(base64.b64decode(template))
    for old, new in changes:
        before, after = old.tobytes(), np.asarray(new, old.dtype).tobytes()
        assert content.count(before) == 1
        assert len(before) == len(after)
        content = content.replace(before, after)
    return content


def integer_file(w: np.ndarray, step: float, given: Ruler, returned: Ruler) -> bytes:
    """A file of int8 that computes x @ (w step).

    w: integers (5, 4) from -127 to 127. given, returned: scale and zero of the input and of the output.
    """
    changes: list[tuple[Any, Any]] = [
        (MARKS["kernel"], np.ascontiguousarray(w.T).reshape(-1)),
        (np.float32(PLACES["kernel"]), step),
    ]
    for end, (scale, zero) in (("input", given), ("output", returned)):
        changes += [(np.float32(PLACES[end]), scale), (np.int64(10**12 + PLACES[end]), zero)]
    return _put(INTEGERS, changes)


def float_file(w: np.ndarray, b: np.ndarray) -> bytes:
    """A file of float32 that computes x @ w + b. w: (5, 4); b: (4,)."""
    kernel = np.ascontiguousarray(w.T).reshape(-1)
    return _put(FLOATS, [(MARKS["float kernel"], kernel), (MARKS["bias"], b)])


def integer_outputs(
    x: np.ndarray, w: np.ndarray, step: float, given: Ruler, returned: Ruler
) -> np.ndarray:
    """What `integer_file` computes from real numbers x (B, 5), as real numbers (B, 4); float64.

    The interpreter may round a tie, and a product of scales, either way: one step of the output.
    """
    q = np.clip(np.round(x / given[0]) + given[1], -128, 127)
    total = (q - given[1]) @ w * (given[0] * step)
    found = np.clip(np.round(total / returned[0]) + returned[1], -128, 127)
    return np.asarray((found - returned[1]) * returned[0])
