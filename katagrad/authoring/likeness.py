"""Whether two results are alike in kind, structure, shape, dtype and values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from katagrad.authoring import comparison as wording
from katagrad.authoring.variants import BIG, TINY, leaves, long
from katagrad.boundary.implementation import Remote
from katagrad.errors import Failure
from katagrad.text import article
from katagrad.worker.wire import NotATensor, WithLayout

# The most things that a share is taken of: few enough that other numbers are hardly ever near such a ratio.
COUNTED = 200

# Difference of float32 sums in another order, relative to the largest element.
USUAL = 1e-4


def alike(
    found: Any,
    wanted: Any,
    of: str,
    floats: str = "",
    oracle: bool = False,
    integers: bool = False,
    values: bool = True,
    tolerance: float | None = None,
) -> None:
    """Expect `found` to be like `wanted`.

    floats: the dtype that float tensors must have; that of `wanted` if empty. oracle: `wanted` is NumPy's, so only its
    kinds, shapes and values are meant. integers: dtypes of integers may differ. values: compare them, too.
    """
    options = (floats, oracle, integers, values, tolerance)
    wanted = wanted.array if isinstance(wanted, WithLayout) else wanted
    found = found.array if isinstance(found, WithLayout) else found
    if isinstance(wanted, dict):
        if not isinstance(found, dict):
            raise Failure(f"{of} is {wording.kind_of(found)}, but should be a dict")
        wording.same_keys(found, wanted, of)
        for key, item in wanted.items():
            alike(found[key], item, wording.item(of, key), *options)
    elif isinstance(wanted, (list, tuple)):
        # Two things may come as a tuple or a list; what the stub calls a list is one.
        kinds = (list, tuple) if oracle and isinstance(wanted, tuple) else type(wanted)
        if not isinstance(found, kinds):
            name = "tuple" if isinstance(wanted, tuple) else "list"
            raise Failure(f"{of} is {wording.kind_of(found)}, but should be a {name}")
        wording.same_length(found, wanted, of)
        for i, (a, b) in enumerate(zip(found, wanted, strict=True)):
            alike(a, b, wording.item(of, i), *options)
    elif isinstance(wanted, (np.ndarray, np.generic)):
        _same_tensor(found, np.asarray(wanted), isinstance(wanted, NotATensor), of, *options)
    elif isinstance(wanted, Remote):
        if not isinstance(found, Remote) or found.type_name != wanted.type_name:
            raise Failure(
                f"{of} is {wording.kind_of(found)}, but should be {article(wanted.type_name)}"
            )
    elif isinstance(wanted, bool) or not isinstance(wanted, (int, float)):
        alike_types = type(found) is type(wanted)
        if not alike_types or (values and found != wanted):
            said = wording.brief(found) if alike_types else wording.kind_of(found)
            raise Failure(f"{of} is {said}, but should be {wording.brief(wanted)}")
    else:
        _same_number(found, wanted, of, values, tolerance)


def _same_tensor(
    found: Any,
    wanted: np.ndarray,
    plain: bool,
    of: str,
    floats: str,
    oracle: bool,
    integers: bool,
    values: bool,
    tolerance: float | None,
) -> None:
    array = found if plain and isinstance(found, np.ndarray) else wording.tensor(found, of)
    if array.shape != wanted.shape:
        raise Failure(f"{of} has the shape {array.shape}, but should have {wanted.shape}")
    dtype = floats if floats and wanted.dtype.kind == "f" else wanted.dtype.name
    loose = (oracle and not (floats and wanted.dtype.kind == "f")) or (
        integers and wanted.dtype.kind in "iu"
    )
    if (
        oracle
        and wanted.dtype.kind != array.dtype.kind
        and {wanted.dtype.kind, array.dtype.kind} & {"b", "f"}
    ):
        loose = False
    if array.dtype.name != dtype and not loose:
        raise Failure(f"{of} has the dtype {array.dtype.name}, but should have {dtype}")
    if values and wanted.size:
        usual = USUAL if tolerance is None else tolerance
        exact = wanted.dtype.kind in "biu"
        with np.errstate(all="ignore"):
            sizes = np.abs(np.where(np.isfinite(wanted), wanted, 0).astype(np.complex128))
        # A loss near 0 keeps the rounding of the logits that it comes from: in float32, 5e-7 for logits of 8.
        room = usual * max(float(sizes.max()), 0.1)
        wording.compare(
            array, wanted, of, 0.0 if exact else usual, 0.0 if exact else room / 10, None
        )


def _same_number(found: Any, wanted: float, of: str, values: bool, tolerance: float | None) -> None:
    kinds = (int,) if isinstance(wanted, int) else (float,)
    if isinstance(found, bool) or not isinstance(found, kinds):
        raise Failure(
            f"{of} is {wording.kind_of(found)}, but should be a Python {kinds[0].__name__}"
        )
    if values and isinstance(wanted, int):
        if found != wanted:
            raise Failure(f"{of} is {wording.brief(found)}, but should be {wanted}")
    elif values:
        usual = USUAL if tolerance is None else tolerance
        one = np.asarray(float(found)), np.asarray(float(wanted))
        wording.compare(*one, of, usual, usual / 10, None)


def numeric(value: Any, of: str, floats: str, gives: str) -> None:
    """Expect tensors, in lists, tuples and dicts too, and float tensors of the dtype `floats`."""
    if isinstance(value, (list, tuple, dict)):
        if gives == "tensors" and not value:
            return
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in pairs:
            numeric(item, wording.item(of, key), floats, gives)
    elif isinstance(value, np.ndarray) and not isinstance(value, NotATensor):
        if floats and value.dtype.kind == "f" and value.dtype.name != floats:
            raise Failure(f"{of} has the dtype {value.dtype.name}, but should have {floats}")
    elif gives == "tensors" and not isinstance(value, (Remote, str)):
        raise Failure(f"{of} is {wording.kind_of(value)}, but should be a tensor")


def _doubles(value: Any) -> list[np.ndarray]:
    """The float64 tensors of a result, flat, and its Python floats as one more."""
    found = [
        a.reshape(-1) for a in leaves(value) if isinstance(a, np.ndarray) and a.dtype == np.float64
    ]
    floats = [a for a in leaves(value) if isinstance(a, float)]
    return [*found, np.asarray(floats)] if floats else found


def _share(number: float) -> bool:
    """Whether a number is a ratio of two counts in float32: the usual mean of a mask, which rounds no input."""
    below = np.arange(1, COUNTED + 1)
    ratios = np.round(number * below) / below
    return 0 <= number <= 1 and bool((np.abs(ratios - number) <= 2.0**-23 * number).any())


def rounded(value: Any, of: str) -> list[str]:
    """Whether all numbers of a float64 tensor could be held in float32, as those that went through it can."""
    value = [a for a in leaves(value) if not (isinstance(a, float) and _share(a))]
    for flat in _doubles(value):
        flat = flat[long(flat)]
        if flat.size and not (flat.astype(np.float32).astype(np.float64) != flat).any():
            return [
                (
                    f"{of} holds {flat[0]:.12g}, which has only the digits of float32, "
                    "but should be computed in float64 throughout"
                )
            ]
    return []


def blurred(value: Any, near: Sequence[Any], of: str, what: str) -> list[str]:
    """Whether a result ignores a change of the inputs that float64 holds and float32 does not.

    near: the results for inputs that were not changed, and changed by HALF and by BIG. what: how they were
    changed, in words. Elements that do not follow their slope between those (steps, kinks) are not judged.
    """
    parts = [_doubles(one) for one in (value, *near)]
    if len({tuple(map(len, one)) for one in parts}) > 1:
        return []
    for tiny, still, half, big in zip(*parts, strict=True):
        slow = _slow(tiny, still, half, big)
        if slow is not None:
            return [
                (
                    f"{of} changes by {slow[0]:.3g} where {what} by a factor of 1 + 1e-9, but should change by "
                    f"{slow[1] * TINY / BIG:.3g}: something on the way was rounded to float32"
                )
            ]
    return []


def _slow(
    tiny: np.ndarray, still: np.ndarray, half: np.ndarray, big: np.ndarray
) -> tuple[float, float] | None:
    """The changes (for TINY, for BIG) of an element, if most elements of a tensor change too little for TINY."""
    with np.errstate(all="ignore"):
        tiny, half, big = (one - still for one in (tiny, half, big))
        size = np.abs(big)
        smooth = np.isfinite(big) & (np.abs(big - 2 * half) <= 0.02 * size)
        smooth &= (size > 0.05 * np.nanmax(size, initial=0.0)) & (
            size > 1e-6 * np.nanmax(np.abs(still), initial=0.0)
        )
        off = np.abs(tiny * (BIG / TINY) - big) > 0.5 * size
    if not smooth.any() or (off & smooth).sum() <= smooth.sum() / 2:
        return None
    at = int(np.argmax(off & smooth))
    return float(tiny[at]), float(big[at])


def cut(value: Any, rows: int, count: int) -> Any:
    """A result of `rows` rows, as it should be for the first `count` of them, at least in shape."""
    if isinstance(value, dict):
        return {key: cut(item, rows, count) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(cut(item, rows, count) for item in value)
    if isinstance(value, np.ndarray) and value.ndim and len(value) == rows:
        return value[:count]
    return value
