"""Expectations of the structure of a result: a pair, a list of tensors, a dict, a history of losses."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from katagrad.authoring import comparison as wording
from katagrad.authoring.expect import number, scalar
from katagrad.errors import Failure, FormFailure


def items(result: Any, of: str, names: Sequence[str]) -> Sequence[Any]:
    """Expect a tuple or a list of as many things as `names` has; returns it.

    names: what the stub calls them: ["params", "history"].
    """
    asked = f"{len(names)} things: {', '.join(names)}"
    if len(names) == 1:
        asked = f"a tuple or a list that holds one thing: {names[0]}"
    if not isinstance(result, (tuple, list)):
        raise FormFailure(
            f"{of} returned {wording.kind_of(result)}, but should return {asked}{wording.slip(result, of)}",
            wording.instead(result, of),
        )
    if len(result) != len(names):
        count = f"{len(result)} thing{'s' if len(result) != 1 else ''}"
        raise FormFailure(f"{of} returned {count}, but should return {asked}")
    return result


def pair(result: Any, of: str, names: Sequence[str] = ("the first", "the second")) -> Any:
    """Expect two things, as `items` does."""
    assert len(names) == 2
    return items(result, of, names)


def keys(result: Any, of: str, names: Sequence[str]) -> Mapping[str, Any]:
    """Expect a dict with exactly these keys; returns it. A missing key is named."""
    if not isinstance(result, dict):
        asked = f"a dict with the keys {sorted(names)}"
        raise FormFailure(
            f"{of} is {wording.kind_of(result)}, but should be {asked}{wording.slip(result, of)}",
            wording.instead(result, of),
        )
    wording.same_keys(result, dict.fromkeys(names), of)
    return result


def losses(
    found: Any,
    epochs: int,
    of: str = "train",
    kind: str = "number",
    each: str = "epoch",
    finite: bool = True,
) -> list[float]:
    """Expect a history: one finite loss an epoch; returns the losses as Python floats.

    of: the call that returned it: "train(model, x, y, epochs=3)". kind: "float", where the stub says Python
    floats: a list of those and nothing else; "number", where it does not: tensors or NumPy numbers
    of one element, and one tensor (epochs,), too. each: what there is one of: "epoch", "step".
    finite: False where the training diverges, so that losses may be infinite or NaN.
    """
    subject = f"the history that {of} returned"
    if kind == "number" and isinstance(found, np.ndarray) and found.ndim == 1:
        found = found.tolist()
    what = "Python float" if kind == "float" else "number"
    if not isinstance(found, list if kind == "float" else (list, tuple)):
        asked = f"a list of {what}s, one for each {each}"
        raise FormFailure(f"{subject} is {wording.kind_of(found)}, but should be {asked}")
    if len(found) != epochs:
        raise FormFailure(
            f"{subject} has {len(found)} items, but should have {epochs}, one for each {each}"
        )
    values = []
    for i, value in enumerate(found):
        if kind == "float" and not isinstance(value, float):
            raise FormFailure(
                f"item {i} of {subject} is {wording.kind_of(value)}, but should be a Python float"
            )
        values.append(scalar(value, f"item {i} of {subject}"))
        if finite and not math.isfinite(values[-1]):
            raise FormFailure(f"item {i} of {subject} is {values[-1]}, but should be finite")
    return values


def recorded(
    found: Any,
    expected: Sequence[float],
    of: str,
    rtol: float = 1e-3,
    atol: float | None = None,
    mistakes: Mapping[str, Any] | None = None,
    kind: str = "float",
) -> None:
    """Expect a history near `expected`, one loss an epoch. mistakes: other histories, or other first losses.

    A history that was rounded to six decimals or fewer is refused, too, though the tolerance would let it through.
    """
    values = losses(found, len(expected), of, kind)
    for epoch, value in enumerate(values):
        known = wording.inside(mistakes, epoch)
        if epoch == 0:
            known |= {
                n: v for n, v in (mistakes or {}).items() if np.ndim(v) == 0 and n not in known
            }
        number(value, expected[epoch], f"the loss of epoch {epoch} of {of}", rtol, atol, known)
    if len(values) > 1 and all(map(tidied, values, expected)):
        raise Failure(
            f"the losses of {of} are {', '.join(map(repr, values[:3]))}{', ...' * (len(values) > 3)}, which were "
            "rounded, but should be the losses as they were computed"
        )


def tidied(value: float, exact: float) -> bool:
    """Whether a number was rounded to six decimals or fewer; `exact` is what it should be near.

    A float32, which is a whole number of small powers of 1/2, equals such a decimal only where it is a multiple of
    1/64. A mean of such numbers in float64 may equal one by chance, or because it is one, as 3 / 10 is.
    """
    decimal = value == round(value, 6) and 64 * value % 1 != 0
    return decimal and not math.isclose(value, exact, rel_tol=1e-9)


def every_epoch(found: Any, epochs: int, of: str) -> None:
    """Expect a history of `epochs` losses of 0: of a training of a model that has nothing left to learn.

    A training that ends where the loss is small, or where it no longer falls, has fewer.
    """
    recorded(found, [0.0] * epochs, of, atol=1e-6)
