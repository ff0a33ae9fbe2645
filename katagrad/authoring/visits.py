"""Which rows training takes, noted in the worker as the model is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from katagrad.boundary import probing
from katagrad.boundary.implementation import Implementation
from katagrad.boundary.remote import Remote
from katagrad.errors import Failure

Batches = list[np.ndarray]


class Visited(list[np.ndarray]):
    """The row numbers of each call of a model.

    steps: those of each step. Calls between which no parameter changed are of one step: parts of a batch whose
    gradients add up, or a second look at its rows.
    """

    steps: Batches


def visited(
    impl: Implementation,
    model: Remote,
    x: np.ndarray,
    run: Callable[[], Any],
    padding: bool = False,
) -> Visited:
    """The row numbers of each batch that `run` trains `model` on, in order.

    x: the rows (N, ...) that training gets, all different in float32. Calls without gradients (PyTorch) or that
    are not to train (Keras) are left out, and so are calls with other inputs.
    padding: the rows may come without zeros at their ends, or with more of them.
    """
    probing.watch(impl, model, tuple(np.shape(x)[1:]))
    run()

    def keys_of(rows: Any) -> list[bytes]:
        found = np.asarray(rows, np.float32)
        return [(np.trim_zeros(row, "b") if padding else row).tobytes() for row in found]

    known = {key: i for i, key in enumerate(keys_of(x))}
    assert len(known) == len(x), "the rows must differ from each other"
    calls = probing.noted(impl, model)
    if any(training for _, training, _ in calls):
        calls = [call for call in calls if call[1]]
    found, steps = Visited(), []
    # The checksums at the last call with a part of the rows, and at the last with all of them. The latter may be a
    # look at how training goes, between two steps.
    last: dict[bool, int | None] = {False: None, True: None}
    for inputs, _, sums in calls:
        keys = keys_of(inputs)
        if keys and all(key in known for key in keys):
            rows = np.array([known[key] for key in keys])
            found.append(rows)
            whole = len(rows) == len(x)
            if sums != last[whole]:
                steps.append(rows)
            elif not np.isin(rows, steps[-1]).all():
                steps[-1] = np.concatenate([steps[-1], rows])
            last[whole] = sums
    found.steps = steps
    return found


def expect_at_most(
    impl: Implementation,
    model: Remote,
    size: tuple[int, ...],
    batch: int,
    run: Callable[[], Any],
    of: str,
) -> None:
    """Expect `run()` to call the model with at most `batch` rows at once. size: one row, in the framework's layout."""
    probing.watch(impl, model, size)
    run()
    rows = [len(inputs) for inputs, _ in probing.watched(impl, model)]
    if max(rows, default=0) > batch:
        raise Failure(
            f"{of} called the model with {max(rows)} rows at once, but should call it with at most {batch}"
        )
