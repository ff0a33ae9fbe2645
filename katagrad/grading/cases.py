"""The cases of a check, read from its marks as pytest reads them, without a session of pytest.

A session in each grader process would cost more: collecting all graders by `pytest.main` took 1.7 to 3.2 s longer
than importing them (37 topics, 1,201 cases, two cores under load), five of them 0.5 to 0.6 s longer. So this file
reads `parametrize`, and tests/plugin/test_cases.py shows that pytest finds the same cases. Both refuse what
would need a session, above all fixtures.
"""

from __future__ import annotations

import enum
import inspect
import itertools
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from katagrad.errors import NotGraded

# Marks that change whether or how a function is called, and that a check cannot have.
REFUSED = ("xfail", "usefixtures")
# A longer text does not appear in the name of a case; the name of its argument does.
LONG = 100
ESCAPED = {"\t": "\\t", "\r": "\\r", "\n": "\\n"}
# An id that leaves its `parametrize` out of the name of a case (since pytest 8.4).
HIDDEN = getattr(pytest, "HIDDEN_PARAM", object())


@dataclass(frozen=True)
class Case:
    """One set of arguments of a check. name: as in pytest's ids. Empty if there is only one set."""

    name: str
    arguments: dict[str, Any]


def cases(function: Callable[..., None], marks: Sequence[Any], of: str) -> tuple[Case, ...]:
    """The cases of a function with these marks, without those that its marks skip. of: its name in messages.

    marks: its own, then those of its module. Raises NotGraded for what a check cannot have.
    """
    found = []
    names = [name for mark in marks if mark.name == "parametrize" for name in _names(mark)[0]]
    _expect_arguments(function, names, of)
    axes = [list(_axis(mark, of)) for mark in marks if mark.name == "parametrize"]
    for combination in itertools.product(*axes):
        chosen = [*marks, *(mark for one in combination for mark in one.marks)]
        arguments = {key: value for one in combination for key, value in one.arguments.items()}
        if not _skipped(chosen, of):
            shown = [one.name for one in combination if one.name is not HIDDEN]
            found.append(Case("-".join(shown), arguments))
    return tuple(found)


@dataclass
class _Value:
    """One value of one `parametrize`, for all the arguments that it names."""

    name: Any
    arguments: dict[str, Any]
    marks: tuple[Any, ...]


def _names(mark: Any) -> tuple[list[str], bool]:
    """(the arguments that a `parametrize` names, whether each value is that of a single argument)."""
    names = mark.args[0] if mark.args else mark.kwargs["argnames"]
    if isinstance(names, str):
        split = [name.strip() for name in names.split(",") if name.strip()]
        return split, len(split) == 1 and not names.rstrip().endswith(",")
    return list(names), False


def _axis(mark: Any, of: str) -> Iterator[_Value]:
    bound = inspect.signature(_parametrize).bind(*mark.args, **mark.kwargs).arguments
    if bound.get("indirect"):
        raise NotGraded(f"{of}: `indirect` needs fixtures, and a check has none; pass the values")
    if not isinstance(bound["argvalues"], Collection):
        raise NotGraded(f"{of}: give parametrize a list; an iterator can be read only once")
    keys, single = _names(mark)
    sets = [_parameter_set(value, single) for value in bound["argvalues"]]
    for given, _, _ in sets:
        if len(given) != len(keys):
            raise NotGraded(f"{of}: parametrize names {keys}, but gives {given!r:.100}")
    ids = bound.get("ids")
    names = _unique(_shown(keys, sets, ids, of))
    for name, (given, _, marks) in zip(names, sets, strict=True):
        yield _Value(name, dict(zip(keys, given, strict=True)), tuple(marks))


def _parametrize(
    argnames: Any, argvalues: Any, indirect: Any = False, ids: Any = None, scope: Any = None
) -> None:
    """The signature of pytest's mark."""


def _parameter_set(value: Any, single: bool) -> tuple[Sequence[Any], Any, Iterable[Any]]:
    """(values, id, marks) of a `pytest.param`, or of a plain value."""
    if type(value).__name__ == "ParameterSet":
        return value.values, value.id, [getattr(mark, "mark", mark) for mark in value.marks]
    return ([value] if single else list(value)), None, ()


def _shown(keys: list[str], sets: list[Any], ids: Any, of: str) -> Iterator[Any]:
    listed: list[Any] = []
    if ids is not None and not callable(ids):
        if not isinstance(ids, Collection):
            raise NotGraded(f"{of}: give ids a list; an iterator can be read only once")
        listed = list(ids)
    # Where there is no value at all, pytest makes one, which it skips.
    if listed and len(listed) != max(len(sets), 1):
        raise NotGraded(f"{of}: parametrize has {len(sets)} values, but {len(listed)} ids")
    for i, (given, own, _) in enumerate(sets):
        chosen = own if own is not None or not listed else listed[i]
        if chosen is HIDDEN:
            yield HIDDEN
        elif chosen is not None:
            yield _word(chosen)
        else:
            words = []
            for key, value in zip(keys, given, strict=True):
                by_function = ids(value) if callable(ids) else None
                word = None if by_function is None else _word(by_function)
                if word is None and not (isinstance(value, (str, bytes)) and len(value) > LONG):
                    word = _word(value)
                words.append(f"{key}{i}" if word is None else word)
            yield "-".join(words)


def _word(value: Any) -> str | None:
    """How pytest writes a value in an id; None where it names the argument instead."""
    if isinstance(value, re.Pattern):
        value = value.pattern
    if isinstance(value, bytes):
        return _printable(value.decode("ascii", "backslashreplace"))
    if isinstance(value, str):
        return _printable(value.encode("unicode_escape").decode("ascii"))
    if value is None or isinstance(value, (float, int, complex, enum.Enum)):
        return str(value)
    name = getattr(value, "__name__", None)
    return name if isinstance(name, str) else None


def _printable(text: str) -> str:
    return "".join(c if 32 <= ord(c) < 127 else ESCAPED.get(c, f"\\x{ord(c):02x}") for c in text)


def _unique(names: Iterable[Any]) -> list[Any]:
    """The same names, with a number appended to those that occur more than once."""
    found = list(names)
    if found.count(HIDDEN) > 1:
        raise NotGraded("only one value of a parametrize can be hidden")
    often, suffix = Counter(found), Counter[str]()
    for i, name in enumerate(found):
        if often[name] > 1:
            stem = f"{name}_" if name and name[-1].isdigit() else name
            while f"{stem}{suffix[name]}" in found:
                suffix[name] += 1
            found[i] = f"{stem}{suffix[name]}"
            suffix[name] += 1
    return found


def _skipped(marks: Iterable[Any], of: str) -> bool:
    for mark in marks:
        if mark.name in REFUSED:
            raise NotGraded(
                f"{of}: a check cannot be marked {mark.name}; use grade, parametrize, skip and skipif"
            )
        if mark.name == "skip":
            return True
        if mark.name == "skipif":
            given = mark.kwargs
            conditions = (given["condition"],) if "condition" in given else mark.args
            if any(isinstance(condition, str) for condition in conditions):
                raise NotGraded(f"{of}: give skipif a condition, not a string")
            if any(conditions) or not conditions:
                return True
    return False


def _expect_arguments(function: Callable[..., None], names: Sequence[str], of: str) -> None:
    """Raise NotGraded unless the function takes `impl`, what its marks name, and nothing else."""
    named = set(names)
    if len(named) < len(names):
        raise NotGraded(f"{of}: two parametrize marks name the same argument, of {sorted(names)}")
    parameters = inspect.signature(function).parameters.values()
    needed = {
        p.name
        for p in parameters
        if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    }
    if unknown := needed - named - {"impl"}:
        raise NotGraded(
            f"{of}: there is no fixture {min(unknown)!r}; a check takes impl and what parametrize names"
        )
    if unused := named - needed:
        raise NotGraded(
            f"{of}: parametrize names {min(unused)!r}, which the function does not take without a default"
        )
