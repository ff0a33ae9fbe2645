"""The vocabulary of graders: random inputs, and expectations that fail in one grammar.

A failure reads: subject is value, but should be expectation within tolerance (how much is off); the likely mistake.
Everything here works on the NumPy copies that a worker returned.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from katagrad.authoring import comparison
from katagrad.authoring.comparison import Wrong
from katagrad.authoring.draws import full_size, generator, integers, normal, random_seed, uniform
from katagrad.boundary.implementation import Implementation, image, kernel, opaque
from katagrad.errors import Failure, FormFailure, NotStarted, StudentError
from katagrad.worker.expression import function

__all__ = [
    "Wrong",
    "at_least",
    "at_most",
    "between",
    "chance",
    "close",
    "dtype",
    "equal",
    "finite",
    "from_scratch",
    "full_size",
    "function",
    "generator",
    "holds",
    "image",
    "integers",
    "kernel",
    "median",
    "normal",
    "number",
    "opaque",
    "raises",
    "random_seed",
    "same_inputs",
    "scalar",
    "shape",
    "uniform",
]

# -- expectations ----------------------------------------------------------------------------------


def close(
    actual: Any,
    expected: Any,
    of: str,
    rtol: float | None = None,
    atol: float | None = None,
    mistakes: Mapping[str, Any] | None = None,
    dtype: str | None = None,
) -> None:
    """Expect a tensor of the shape and values of `expected`, or a list, tuple or dict of those.

    of: the expression shown in the failure message: "softmax(x, axis=0)". rtol, atol: relative and absolute
    tolerance; by default those of the dtype of `actual`. mistakes: wrong answers by name, with the structure of
    `expected`; if the result equals one, the failure says so, and gives its hint if it is a `Wrong(value, hint)`.
    dtype: the expected dtype, which is checked before the values.
    """
    if isinstance(expected, (list, tuple)) and isinstance(actual, (list, tuple)):
        comparison.same_length(actual, expected, of)
        for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
            close(a, e, comparison.item(of, i), rtol, atol, comparison.inside(mistakes, i), dtype)
        return
    if isinstance(expected, dict) and isinstance(actual, dict):
        comparison.same_keys(actual, expected, of)
        for key, value in expected.items():
            known = comparison.inside(mistakes, key)
            close(actual[key], value, comparison.item(of, key), rtol, atol, known, dtype)
        return
    if structured(expected):
        kind = (
            "a dict"
            if isinstance(expected, dict)
            else f"a tuple or a list of {len(expected)} things"
        )
        raise FormFailure(
            f"{of} is {comparison.kind_of(actual)}, but should be {kind}{comparison.slip(actual, of)}",
            comparison.instead(actual, of),
        )
    array = comparison.tensor(actual, of)
    wanted = np.asarray(expected)
    if array.shape != wanted.shape:
        raise FormFailure(
            f"{comparison.has(of)} the shape {array.shape}, but should have {wanted.shape}"
            + comparison.likely(array, mistakes, 1e-3, 1e-4)
        )
    if dtype is not None and array.dtype.name != dtype:
        raise FormFailure(
            f"{comparison.has(of)} the dtype {array.dtype.name}, but should have {dtype}"
        )
    comparison.compare(array, wanted, of, rtol, atol, mistakes)


def structured(expected: Any) -> bool:
    """Whether `expected` is a structure of tensors that no single tensor equals."""
    if not isinstance(expected, (list, tuple)):
        return isinstance(expected, dict)
    try:
        return np.asarray(expected).dtype.kind == "O"
    except ValueError:  # their shapes differ
        return True


def number(
    actual: Any,
    expected: float,
    of: str,
    rtol: float | None = None,
    atol: float | None = None,
    mistakes: Mapping[str, Any] | None = None,
) -> None:
    """Expect one number near `expected`: a Python number, or a tensor or NumPy value of one element."""
    value = scalar(actual, of)
    kind = np.asarray(actual).dtype.name if isinstance(actual, np.ndarray) else "float32"
    comparison.compare(
        np.asarray(value, "float64"),
        np.asarray(float(expected)),
        of,
        *comparison.tolerance(kind, rtol, atol),
        mistakes,
    )


def scalar(actual: Any, of: str) -> float:
    """The one number that `actual` is. Fails for anything else."""
    if isinstance(actual, np.ndarray) and actual.size == 1 and actual.dtype.kind in "biuf":
        return float(actual.reshape(()))
    if isinstance(actual, (int, float, np.integer, np.floating)) and not isinstance(actual, bool):
        try:
            return float(actual)
        except OverflowError:
            return math.inf if actual > 0 else -math.inf
    raise FormFailure(f"{of} is {comparison.kind_of(actual)}, but should be one number")


def equal(actual: Any, expected: Any, of: str, mistakes: Mapping[str, Any] | None = None) -> None:
    """Expect exactly `expected`: integers, booleans, text, or a structure of them. Tensors and lists compare alike."""
    if isinstance(expected, np.ndarray):
        array = comparison.numbers(actual, of)
        if array.shape != expected.shape:
            raise FormFailure(
                f"{comparison.has(of)} the shape {array.shape}, but should have {expected.shape}"
            )
        wrong = array != expected
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            named = comparison.likely(array, mistakes, 0.0, 0.0)
            raise Failure(
                f"{comparison.element(of, at)} is {array[at]}, but should be {expected[at]}"
                f"{comparison.share(wrong)}{named}"
            )
        return
    found, wanted = comparison.plain(actual), comparison.plain(expected)
    if found != wanted or isinstance(found, bool) != isinstance(wanted, bool):
        named = next(
            (
                f"; it equals {name}"
                for name, value in (mistakes or {}).items()
                if found == comparison.plain(value)
            ),
            "",
        )
        found, wanted, of = comparison.differing(found, wanted, of)
        subject = f"{of} {'are' if comparison.several(of) else 'is'}"
        raise Failure(
            f"{subject} {comparison.brief(found)}, but should be {comparison.brief(wanted)}{named}"
        )


def shape(actual: Any, expected: Sequence[int], of: str) -> None:
    """Expect a tensor of exactly this shape."""
    array = comparison.tensor(actual, of)
    if array.shape != tuple(expected):
        raise FormFailure(
            f"{comparison.has(of)} the shape {array.shape}, but should have {tuple(expected)}"
        )


def dtype(actual: Any, expected: str, of: str) -> None:
    """Expect a tensor of exactly this dtype: "float32", "int64", "bool"."""
    array = comparison.tensor(actual, of)
    if array.dtype.name != expected:
        raise FormFailure(
            f"{comparison.has(of)} the dtype {array.dtype.name}, but should have {expected}"
        )


def finite(actual: Any, of: str) -> None:
    """Expect no infinity and no NaN."""
    array = comparison.numbers(actual, of)
    if array.dtype.kind not in "biufc":
        raise FormFailure(f"{of} is {comparison.kind_of(actual)}, but should hold numbers")
    bad = ~np.isfinite(array)
    if bad.any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        raise Failure(
            f"{comparison.element(of, at)} is {array[at]}, but should be finite{comparison.share(bad)}"
        )


def at_least(actual: Any, bound: float, of: str) -> None:
    """Expect a number of at least `bound`."""
    value = scalar(actual, of)
    if not value >= bound:
        found, least = comparison.apart(value, bound)
        raise Failure(f"{of} is {found}, but should be at least {least}")


def at_most(actual: Any, bound: float, of: str) -> None:
    """Expect a number of at most `bound`."""
    value = scalar(actual, of)
    if not value <= bound:
        found, most = comparison.apart(value, bound)
        raise Failure(f"{of} is {found}, but should be at most {most}")


def between(actual: Any, low: float, high: float, of: str) -> None:
    """Expect a number from `low` to `high`."""
    value = scalar(actual, of)
    if not low <= value <= high:
        raise Failure(f"{of} is {value:.6g}, but should be from {low:g} to {high:g}")


def chance(share: float, probability: float, draws: int, of: str, z: float = 5.0) -> None:
    """Expect a share of `draws` independent events near their probability.

    z: the number of standard deviations allowed; at 5, a right answer fails once in 1.7 million (normal tail).
    """
    bound = z * math.sqrt(probability * (1 - probability) / draws)
    if not abs(share - probability) <= bound:
        raise Failure(
            f"{of} is {share:.4f}, but should be {probability:.4f} within {bound:.4f} ({draws} draws)"
        )


def holds(truth: Any, message: str) -> None:
    """Expect a condition. `message` is the whole failure: what was found, and what was expected."""
    if not bool(truth):
        raise Failure(message)


@contextmanager
def raises(kind: str | tuple[str, ...], of: str) -> Iterator[None]:
    """Expect the submission to raise an exception of class `kind`, or of a subclass."""
    kinds = (kind,) if isinstance(kind, str) else kind
    try:
        yield
    except NotStarted:
        raise
    except StudentError as error:
        if not set(kinds) & set(error.kinds):
            raise Failure(
                f"{of} raised {error.kind} ({error.detail[:200]}), but should raise {' or '.join(kinds)}"
            ) from None
        return
    raise Failure(f"{of} raised nothing, but should raise {' or '.join(kinds)}")


def same_inputs(impl: Implementation, name: str, *args: Any, **kwargs: Any) -> Any:
    """Call a function and expect it to leave its array arguments unchanged; returns the result."""
    result, after = impl.after(name, *args, **kwargs)
    for i, (before, now) in enumerate(zip(args, after, strict=True)):
        for path, old, new in comparison.paired(before, now, f"argument {i + 1} of {name}"):
            new_array = np.asarray(new)
            old_array = np.asarray(old)
            kept = new_array.shape == old_array.shape and new_array.dtype.kind in "biufc"
            if not kept or not np.allclose(old_array, new_array, rtol=1e-6, atol=0, equal_nan=True):
                raise Failure(f"{path} was changed by the call; work on a copy")
    return result


def median(values: Sequence[float], of: str) -> float:
    """The median of a measure over training seeds, checked to be finite."""
    finite(np.asarray(values, float).view(np.ndarray), of)
    return float(np.median(values))


def from_scratch(impl: Implementation, *names: str) -> None:
    """Expect that `names` are written, and that nothing the topic bars is in the source or ran."""
    for name in names:
        impl._transport.require(name)
    found = impl.source.breaches()
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise Failure(f"{found[0]}, but this topic is to be written without it{more}")
    if impl._transport.broken_rule:
        raise Failure(impl._transport.broken_rule)
