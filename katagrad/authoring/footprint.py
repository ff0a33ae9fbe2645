"""What the operators of a call of a submission do: how many run, and the largest tensor that one of them makes.

    most = largest(impl, lambda: impl.predict(params, image(x), 2))
    count = operators(impl, lambda: impl.scale_rows(x, factors))

Operators inside a graph of TensorFlow count when it is traced, with the shapes that are known then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from katagrad.authoring.companion import plant
from katagrad.boundary.implementation import Implementation

TORCH = """
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Sizes(TorchDispatchMode):
    most = count = 0

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        found = operator(*args, **(kwargs or {}))
        self.count += 1
        for one in tree_leaves(found):
            if isinstance(one, torch.Tensor):
                self.most = max(self.most, one.numel())
        return found


SIZES = Sizes()


def begin():
    SIZES.most = SIZES.count = 0
    SIZES.__enter__()


def end():
    SIZES.__exit__(None, None, None)
    return SIZES.most, SIZES.count
"""
TENSORFLOW = """
from tensorflow.python.framework import op_callbacks

MOST, COUNT = [0], [0]


def note(kind, inputs, attributes, outputs, op_name=None, graph=None):
    COUNT[0] += 1
    for one in outputs:
        size = one.shape.num_elements() if one.shape.rank is not None else None
        MOST[0] = max(MOST[0], size or 0)


def begin():
    MOST[0] = COUNT[0] = 0
    op_callbacks.add_op_callback(note)


def end():
    op_callbacks.remove_op_callback(note)
    return MOST[0], COUNT[0]
"""


def largest(impl: Implementation, run: Callable[[], Any]) -> int:
    """The count of numbers in the largest tensor that an operator makes during `run()`, which calls `impl`."""
    return _seen(impl, run)[0]


def operators(impl: Implementation, run: Callable[[], Any]) -> int:
    """How many operators of the framework run during `run()`, which calls `impl`.

    A loop over rows runs more of them for more rows; one operation on whole tensors does not.
    """
    return _seen(impl, run)[1]


def _seen(impl: Implementation, run: Callable[[], Any]) -> tuple[int, int]:
    module = plant(impl, "sizes.py", TORCH if impl.framework == "torch" else TENSORFLOW)
    module.begin()
    try:
        run()
    finally:
        most, count = module.end()
    return int(most), int(count)
