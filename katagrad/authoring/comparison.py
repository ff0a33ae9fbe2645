"""Comparison of values with expectations, and the wording of failures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from katagrad.boundary.implementation import Remote
from katagrad.errors import Failure, FormFailure
from katagrad.text import article
from katagrad.worker.wire import NotATensor, Random, WithLayout

# (rtol, atol) by the dtype that came back: 32-bit results carry about seven digits, and sums lose one or two.
TOLERANCE = {"float32": (1e-4, 1e-5), "float64": (1e-9, 1e-12)}
# Dtypes that no contract allows.
HALF = ("float16",)
# The slip that usually makes a function return a value of this type.
SLIPS = {
    "NoneType": "does the function end without `return`?",
    "generator": "the function should `return`, not `yield`",
    "coroutine": "write `def`, not `async def`",
}
# What `item` puts before a subject.
ITEMS = r"(?:item \S+ of )*"
# What `katagrad.authoring.plan` puts before a call.
PREFIX = r"(?:with|without|in|called) [^,()]*(?:, called once more)?, "
# Characters of a value that are shown, and of a dict that is read at a glance.
SHOWN, READ = 160, 60
# Why a container stayed in the worker.
UNREAD = dict.fromkeys(("list", "tuple"), " with more items or levels than are read")
UNREAD["dict"] = (
    " with keys other than text and numbers of 64 bits, or with more items than are read"
)


@dataclass(frozen=True)
class Wrong:
    """A common wrong answer, for `mistakes`, with a hint for it."""

    value: Any
    hint: str


def inside(mistakes: Mapping[str, Any] | None, key: Any) -> dict[str, Any]:
    """The item at `key` of each wrong answer that has the structure of the right one."""
    found = {}
    for name, wrong in (mistakes or {}).items():
        value = wrong.value if isinstance(wrong, Wrong) else wrong
        value = value() if callable(value) else value
        try:
            part = value[key]
        except (TypeError, LookupError):
            continue
        found[name] = Wrong(part, wrong.hint) if isinstance(wrong, Wrong) else part
    return found


def compare(
    array: np.ndarray,
    wanted: np.ndarray,
    of: str,
    rtol: float | None,
    atol: float | None,
    mistakes: Mapping[str, Any] | None,
) -> None:
    if array.dtype.kind not in "biufc":
        raise FormFailure(f"{of} has the dtype {array.dtype}, but should hold numbers")
    real = wanted.dtype.kind != "c"
    if array.dtype.name in HALF or (real and array.dtype.kind == "c"):
        # A tolerance that comes from the dtype would let a worse one pass.
        asked = "float32 or float64" if real else "complex64 or complex128"
        raise FormFailure(f"{of} has the dtype {array.dtype}, but should have {asked}")
    rtol, atol = tolerance(array.dtype.name, rtol, atol)
    with np.errstate(all="ignore"):
        left = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)
        wrong = ~np.isclose(left, wanted, rtol=rtol, atol=atol, equal_nan=True)
    if not wrong.any():
        return
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    within = atol + rtol * abs(float(wanted[at])) if np.isfinite(wanted[at]) else atol
    named = likely(array, mistakes, rtol, atol)
    if array.dtype.kind in "biu" and wanted.dtype.kind == "f":
        raise FormFailure(
            f"{of} has the dtype {array.dtype}, but should be a float tensor: {element(of, at)} is "
            f"{array[at]}, but should be {float(wanted[at]):.6g}{named}"
        )
    found, right = apart(left[at], float(wanted[at]), array.dtype.name)
    # No tolerance leads to inf, and a tolerance of 0 says nothing.
    room = f" within {within:.2g}" if within and np.isfinite(wanted[at]) else ""
    raise Failure(f"{element(of, at)} is {found}, but should be {right}{room}{share(wrong)}{named}")


def apart(found: Any, wanted: Any, dtype: str = "") -> tuple[str, str]:
    """Two numbers in as many digits as are needed to distinguish them; the first with its dtype if those are many."""
    if not isinstance(found, (float, complex, np.inexact)):
        return str(found), str(wanted)
    for digits in (6, 9, 17):
        # The sum with 0 turns -0.0, of which nobody thinks, into 0.0.
        texts = f"{found + 0.0:.{digits}g}", f"{wanted + 0.0:.{digits}g}"
        if texts[0] != texts[1]:
            break
    return (texts[0] if digits == 6 or not dtype else f"{texts[0]} ({dtype})"), texts[1]


def tolerance(name: str, rtol: float | None, atol: float | None) -> tuple[float, float]:
    default = TOLERANCE.get(name, TOLERANCE["float32"])
    return default[0] if rtol is None else rtol, default[1] if atol is None else atol


def likely(array: np.ndarray, mistakes: Mapping[str, Any] | None, rtol: float, atol: float) -> str:
    with np.errstate(all="ignore"):
        for name, value in (mistakes or {}).items():
            hint = ""
            if isinstance(value, Wrong):
                value, hint = value.value, f": {value.hint}"
            guess = np.asarray(value() if callable(value) else value)
            if guess.shape == array.shape and np.allclose(
                array, guess, rtol=rtol, atol=atol, equal_nan=True
            ):
                return f"; it equals {name}{hint}"
    return ""


def tensor(actual: Any, of: str) -> np.ndarray:
    if isinstance(actual, WithLayout):
        actual = actual.array
    if isinstance(actual, np.ndarray) and not isinstance(actual, NotATensor):
        return actual
    if actual is None and re.match(ITEMS + "(d |the gradient)", of):
        raise FormFailure(
            f"{of} is missing: no gradient arrives there; the result does not depend on it through tensor operations"
        )
    raise FormFailure(
        f"{of} is {kind_of(actual)}, but should be a tensor{slip(actual, of)}", instead(actual, of)
    )


def numbers(actual: Any, of: str) -> np.ndarray:
    if isinstance(actual, np.ndarray):
        return actual
    if isinstance(actual, (bool, int, float)):
        return np.asarray(actual)
    if isinstance(actual, (list, tuple)):
        try:
            return np.asarray([plain(item) for item in actual])
        except ValueError:
            pass
    raise FormFailure(
        f"{of} is {kind_of(actual)}, but should hold numbers{slip(actual, of)}", instead(actual, of)
    )


def instead(value: Any, of: str) -> str:
    """The function whose result is of another kind than asked, with that kind: "softmax: None". Empty where unknown."""
    call = re.match(ITEMS + r"(\w+)(?= of |\()", of)
    kind = value.type_name if isinstance(value, Remote) else type(value).__name__
    return f"{call[1]}: {kind}" if call else ""


def slip(value: Any, of: str) -> str:
    """The slip that usually makes a function return such a value, to follow a message; empty for other values."""
    named = SLIPS.get(instead(value, of).rpartition(" ")[2])
    return f"; {named}" if named else ""


def kind_of(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, NotATensor):
        return "a NumPy array" if value.ndim else "a NumPy number"
    if isinstance(value, np.ndarray):
        return f"a tensor of shape {value.shape}"
    if isinstance(value, Remote):
        return article(value.type_name) + UNREAD.get(value.type_name, "")
    return f"{article(type(value).__name__)} ({brief(value)})"


def plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def written(value: Any) -> str:
    try:
        return repr(value)
    except ValueError:  # Python writes no integer of more than 4,300 digits
        return "too many digits to be shown"


def brief(value: Any) -> str:
    text = written(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 10] + " ..."


def index(at: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, at))}]" if at else ""


def element(of: str, at: tuple[int, ...]) -> str:
    """One element of a tensor: "softmax(x)[0, 2]", "element [0, 2] of softmax(x) in float64"."""
    return _part(of, index(at), f"element {index(at)}") if at else of


def item(of: str, key: Any) -> str:
    """One item of a list, tuple or dict: "fit(x, y)[0]", "item 0 of fit(x, y) after a step"."""
    return _part(of, f"[{key!r}]", f"item {key!r}")


def _part(of: str, index: str, words: str) -> str:
    """An expression with an index. A phrase has words before it: at its end, an index would belong to its last word."""
    found = re.match(PREFIX, of)
    how = found[0] if found else ""
    call = bare = of[len(how) :]
    while (outer := re.sub(r"\([^()]*\)|\[[^][]*\]", "", bare)) != bare:
        bare = outer
    return f"{how}{words} of {call}" if " " in bare else f"{how}{call}{index}"


def several(of: str) -> bool:
    """Whether a subject is several things: "the names of ...", "weights of attention"."""
    noun = re.match(r"(?!the most )(?:the )?(?:\w+ )?([A-Za-z]+s) (?:of|in|that|from|after) ", of)
    return noun is not None and not noun[1].endswith(("ss", "us", "is", "as"))


def has(of: str) -> str:
    """A subject with its verb: "f(x) has", "the weights of f have"."""
    return f"{of} {'have' if several(of) else 'has'}"


def differing(found: Any, wanted: Any, of: str) -> tuple[Any, Any, str]:
    """The first part in which two results differ, if they are too long to be shown or read as a whole."""
    if isinstance(found, dict) and isinstance(wanted, dict) and found.keys() == wanted.keys():
        keys, most = list(wanted), READ
    elif isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        keys, most = list(range(len(wanted))), SHOWN
    else:
        return found, wanted, of
    at = next((key for key in keys if found[key] != wanted[key]), None)
    if at is None or max(len(written(found)), len(written(wanted))) <= most:
        return found, wanted, of
    return differing(found[at], wanted[at], item(of, at))


def share(wrong: np.ndarray) -> str:
    return f" ({counted(wrong, wrong.size, 'elements')})" if wrong.size > 1 else ""


def counted(wrong: np.ndarray, total: int, what: str) -> str:
    """How many are wrong: "1 of 4 rows is off"."""
    off = int(wrong.sum())
    return f"{off} of {total} {what} {'is' if off == 1 else 'are'} off"


def same_length(actual: Sequence[Any], expected: Sequence[Any], of: str) -> None:
    if len(actual) != len(expected):
        raise FormFailure(f"{has(of)} {len(actual)} items, but should have {len(expected)}")


def same_keys(actual: Mapping[Any, Any], expected: Mapping[Any, Any], of: str) -> None:
    missing = [key for key in expected if key not in actual]
    extra = [key for key in actual if key not in expected]
    if not missing and not extra:
        return
    named = [f"{key!r} is missing" for key in missing[:3]] + [
        f"{key!r} is not asked for" for key in extra[:3]
    ]
    raise FormFailure(
        f"{has(of)} the keys {sorted(map(str, actual))}, but should have "
        f"{sorted(map(str, expected))}: {', '.join(named)}"
    )


def paired(before: Any, now: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, WithLayout):
        before = before.array
    if isinstance(before, dict) and isinstance(now, dict):
        for key in before:
            yield from paired(before[key], now.get(key), f"{path}[{key!r}]")
    elif isinstance(before, (list, tuple)) and isinstance(now, (list, tuple)):
        for i, (b, n) in enumerate(zip(before, now, strict=False)):
            yield from paired(b, n, f"{path}[{i}]")
    elif isinstance(before, (np.ndarray, np.generic)) and not isinstance(before, Random):
        yield path, before, now
