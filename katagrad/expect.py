"""The vocabulary of graders: random inputs, and expectations that fail in one grammar.

A failure reads: subject is value, but should be expectation within tolerance (how much is off); the likely mistake.
Everything here works on the NumPy copies that came back from a worker.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from katagrad.boundary.implementation import Implementation, Remote, image, kernel, opaque
from katagrad.context import current
from katagrad.verdict import Failure, NotStarted, StudentError
from katagrad.worker.expression import function
from katagrad.worker.wire import Foreign, Laid, Random

__all__ = [
    "at_least", "at_most", "between", "chance", "close", "dtype", "equal", "finite", "from_scratch", "full_size", "function",
    "generator", "image", "integers", "kernel", "holds", "median", "normal", "number", "opaque", "raises", "random_seed",
    "same_inputs", "shape", "uniform",
]  # fmt: skip

# (rtol, atol) by the dtype that came back: 32-bit results carry about seven digits, and sums lose one or two.
TOLERANCE = {"float16": (1e-2, 1e-3), "float32": (1e-4, 1e-5), "float64": (1e-9, 1e-12)}


# -- random inputs ---------------------------------------------------------------------------------


def generator() -> np.random.Generator:
    """The random numbers of this check, drawn from the hidden seed."""
    return current().generator


def random_seed() -> int:
    """A seed for a training run, drawn for this check."""
    return int(generator().integers(2**31))


def normal(*size: int, scale: float = 1.0, shift: float = 0.0) -> np.ndarray:
    """Draws of mean `shift` and standard deviation `scale`: float64 of shape `size`, exact in float32."""
    return _exact(generator().normal(shift, scale, size))


def uniform(*size: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Draws between `low` and `high`: float64 of shape `size`, exact in float32."""
    return _exact(generator().uniform(low, high, size))


def integers(high: int, *size: int, low: int = 0) -> np.ndarray:
    """Integers from `low` to `high` - 1: int64 of shape `size`."""
    return np.asarray(generator().integers(low, high, size))


def _exact(draws: Any) -> np.ndarray:
    return np.asarray(draws, np.float32).astype(np.float64)


def full_size(name: str) -> bool:
    """Whether this check shall grade on the full set `name` ("mnist"): it is present, and wanted."""
    from katagrad import data

    if current().full_size and data.available(name):
        current().used.add(name)
        return True
    return False


# -- expectations ----------------------------------------------------------------------------------


def close(
    actual: Any,
    expected: Any,
    of: str,
    rtol: float | None = None,
    atol: float | None = None,
    mistakes: Mapping[str, Any] | None = None,
) -> None:
    """Expect a tensor of the shape and values of `expected`.

    of: how the subject reads, as code: "softmax(x, axis=0)". rtol, atol: relative and absolute tolerance; by
    default those of the dtype that came back. mistakes: wrong answers by name; if the result equals
    one, the failure says so.
    """
    if isinstance(expected, (list, tuple)) and isinstance(actual, (list, tuple)):
        _same_length(actual, expected, of)
        for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
            close(a, e, f"{of}[{i}]", rtol, atol)
        return
    if isinstance(expected, dict) and isinstance(actual, dict):
        if set(actual) != set(expected):
            raise Failure(
                f"{of} has the keys {sorted(map(str, actual))}, but should have {sorted(map(str, expected))}"
            )
        for key, value in expected.items():
            close(actual[key], value, f"{of}[{key!r}]", rtol, atol)
        return
    array = _tensor(actual, of)
    wanted = np.asarray(expected)
    if array.shape != wanted.shape:
        raise Failure(
            f"{of} has the shape {array.shape}, but should have {wanted.shape}"
            + _likely(array, mistakes, 1e-3, 1e-4)
        )
    _compare(array, wanted, of, rtol, atol, mistakes)


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
    _compare(
        np.asarray(value, kind if kind in TOLERANCE else "float64"),
        np.asarray(float(expected)),
        of,
        *_tolerance(kind, rtol, atol),
        mistakes,
    )


def scalar(actual: Any, of: str) -> float:
    """The one number that `actual` is. Fails for anything else."""
    if isinstance(actual, np.ndarray) and actual.size == 1 and actual.dtype.kind in "biuf":
        return float(actual.reshape(()))
    if isinstance(actual, (int, float)) and not isinstance(actual, bool):
        return float(actual)
    raise Failure(f"{of} is {_kind(actual)}, but should be one number")


def equal(actual: Any, expected: Any, of: str, mistakes: Mapping[str, Any] | None = None) -> None:
    """Expect exactly `expected`: integers, booleans, text, shapes, or a structure of them. Tensors and lists compare alike."""
    if isinstance(expected, np.ndarray):
        array = _array(actual, of)
        if array.shape != expected.shape:
            raise Failure(f"{of} has the shape {array.shape}, but should have {expected.shape}")
        wrong = array != expected
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            named = _likely(array, mistakes, 0.0, 0.0)
            raise Failure(
                f"{of}{_index(at)} is {array[at]}, but should be {expected[at]}{_share(wrong)}{named}"
            )
        return
    plain = _plain(actual)
    if plain != _plain(expected) or isinstance(plain, bool) != isinstance(_plain(expected), bool):
        named = next(
            (
                f"; it equals {name}"
                for name, value in (mistakes or {}).items()
                if plain == _plain(value)
            ),
            "",
        )
        raise Failure(f"{of} is {_brief(plain)}, but should be {_brief(_plain(expected))}{named}")


def shape(actual: Any, expected: Sequence[int], of: str) -> None:
    """Expect a tensor of exactly this shape."""
    array = _tensor(actual, of)
    if array.shape != tuple(expected):
        raise Failure(f"{of} has the shape {array.shape}, but should have {tuple(expected)}")


def dtype(actual: Any, expected: str, of: str) -> None:
    """Expect a tensor of exactly this dtype: "float32", "int64", "bool"."""
    array = _tensor(actual, of)
    if array.dtype.name != expected:
        raise Failure(f"{of} has the dtype {array.dtype.name}, but should have {expected}")


def finite(actual: Any, of: str) -> None:
    """Expect no infinity and no NaN."""
    array = _array(actual, of)
    bad = ~np.isfinite(array)
    if bad.any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        raise Failure(f"{of}{_index(at)} is {array[at]}, but should be finite{_share(bad)}")


def at_least(actual: Any, bound: float, of: str) -> None:
    """Expect a number of at least `bound`."""
    value = scalar(actual, of)
    if not value >= bound:
        raise Failure(f"{of} is {value:.6g}, but should be at least {bound:g}")


def at_most(actual: Any, bound: float, of: str) -> None:
    """Expect a number of at most `bound`."""
    value = scalar(actual, of)
    if not value <= bound:
        raise Failure(f"{of} is {value:.6g}, but should be at most {bound:g}")


def between(actual: Any, low: float, high: float, of: str) -> None:
    """Expect a number from `low` to `high`."""
    value = scalar(actual, of)
    if not low <= value <= high:
        raise Failure(f"{of} is {value:.6g}, but should be from {low:g} to {high:g}")


def chance(share: float, probability: float, draws: int, of: str, z: float = 5.0) -> None:
    """Expect a share of `draws` independent events near their probability.

    z: how many standard deviations are let through; at 5, a right answer fails once in 1.7 million (normal tail).
    """
    bound = z * math.sqrt(probability * (1 - probability) / draws)
    if not abs(share - probability) <= bound:
        raise Failure(
            f"{of} is {share:.4f}, but should be {probability:.4f} within {bound:.4f} ({draws} draws)"
        )


def holds(truth: Any, message: str) -> None:
    """Expect a condition; `message` says in full what was found and what should be."""
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
    """Call a function and expect its array arguments to be as they were; returns the result."""
    result, after = impl.after(name, *args, **kwargs)
    for i, (before, now) in enumerate(zip(args, after, strict=True)):
        for path, old, new in _paired(before, now, f"argument {i + 1} of {name}"):
            new_array = np.asarray(new)
            old_array = np.asarray(old)
            if new_array.shape != old_array.shape or not np.allclose(
                old_array, new_array, rtol=1e-6, atol=0, equal_nan=True
            ):
                raise Failure(f"{path} was changed by the call; work on a copy")
    return result


def median(values: Sequence[float], of: str) -> float:
    """The median of a measure over training seeds, checked to be finite."""
    finite(np.asarray(values, float).view(np.ndarray), of)
    return float(np.median(values))


def from_scratch(impl: Implementation, *names: str) -> None:
    """Expect that `names` are written, and that the source breaks no rule of the topic's list."""
    for name in names:
        impl._transport.require(name)
    found = impl.source.breaches()
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise Failure(f"{found[0]}, but this topic is to be written without it{more}")


# -- words -----------------------------------------------------------------------------------------


def _compare(
    array: np.ndarray,
    wanted: np.ndarray,
    of: str,
    rtol: float | None,
    atol: float | None,
    mistakes: Mapping[str, Any] | None,
) -> None:
    if array.dtype.kind not in "biufc":
        raise Failure(f"{of} has the dtype {array.dtype}, but should hold numbers")
    rtol, atol = _tolerance(array.dtype.name, rtol, atol)
    with np.errstate(all="ignore"):
        left = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
        wrong = ~np.isclose(left, wanted, rtol=rtol, atol=atol, equal_nan=True)
    if not wrong.any():
        return
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    within = atol + rtol * abs(float(wanted[at])) if np.isfinite(wanted[at]) else atol
    named = _likely(array, mistakes, rtol, atol)
    raise Failure(
        f"{of}{_index(at)} is {left[at]:.6g}, but should be {float(wanted[at]):.6g} within {within:.2g}{_share(wrong)}{named}"
    )


def _tolerance(name: str, rtol: float | None, atol: float | None) -> tuple[float, float]:
    default = TOLERANCE.get(name, TOLERANCE["float32"])
    return default[0] if rtol is None else rtol, default[1] if atol is None else atol


def _likely(array: np.ndarray, mistakes: Mapping[str, Any] | None, rtol: float, atol: float) -> str:
    with np.errstate(all="ignore"):
        for name, value in (mistakes or {}).items():
            guess = np.asarray(value() if callable(value) else value)
            if guess.shape == array.shape and np.allclose(
                array, guess, rtol=rtol, atol=atol, equal_nan=True
            ):
                return f"; it equals {name}"
    return ""


def _tensor(actual: Any, of: str) -> np.ndarray:
    if isinstance(actual, Laid):
        actual = actual.array
    if isinstance(actual, np.ndarray) and not isinstance(actual, Foreign):
        return actual
    if actual is None and of.startswith(("d ", "the gradient")):
        raise Failure(
            f"{of} is missing: no gradient arrives there; the result does not depend on it through tensor operations"
        )
    raise Failure(f"{of} is {_kind(actual)}, but should be a tensor")


def _array(actual: Any, of: str) -> np.ndarray:
    if isinstance(actual, np.ndarray):
        return actual
    if isinstance(actual, (bool, int, float)):
        return np.asarray(actual)
    if isinstance(actual, (list, tuple)):
        try:
            return np.asarray([_plain(item) for item in actual])
        except ValueError:
            pass
    raise Failure(f"{of} is {_kind(actual)}, but should hold numbers")


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, Foreign):
        return "a NumPy array" if value.ndim else "a NumPy number"
    if isinstance(value, np.ndarray):
        return f"a tensor of shape {value.shape}"
    if isinstance(value, Remote):
        return f"a {value.type_name}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name} ({_brief(value)})"


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 160 else text[:150] + " ..."


def _index(at: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, at))}]" if at else ""


def _share(wrong: np.ndarray) -> str:
    return f" ({int(wrong.sum())} of {wrong.size} elements are off)" if wrong.size > 1 else ""


def _same_length(actual: Sequence[Any], expected: Sequence[Any], of: str) -> None:
    if len(actual) != len(expected):
        raise Failure(f"{of} has {len(actual)} items, but should have {len(expected)}")


def _paired(before: Any, now: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, Laid):
        before = before.array
    if isinstance(before, dict) and isinstance(now, dict):
        for key in before:
            yield from _paired(before[key], now.get(key), f"{path}[{key!r}]")
    elif isinstance(before, (list, tuple)) and isinstance(now, (list, tuple)):
        for i, (b, n) in enumerate(zip(before, now, strict=False)):
            yield from _paired(b, n, f"{path}[{i}]")
    elif isinstance(before, (np.ndarray, np.generic)) and not isinstance(before, Random):
        yield path, before, now


Check = Callable[[Implementation], None]
