"""Expect that the objects of a class share nothing, as "The same answer" in docs/contract.md asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from katagrad.authoring.expect import close, equal, number
from katagrad.boundary.implementation import Implementation
from katagrad.boundary.remote import Remote
from katagrad.worker.wire import Made

# A method, and the arguments of one call.
Asked = tuple[str, tuple[Any, ...]]


def expect_apart(impl: Implementation, made: Sequence[Made], calls: Sequence[Asked]) -> None:
    """Expect of objects that are used by turns what each of them does alone. Raises Failure.

    made: `anew("SGD", lr=0.1)`, one for each object, with other settings each. calls: (method, arguments), made of
    every object in this order. Their results are tensors, numbers, texts or None, or dicts, lists and tuples of these.
    """
    alone = []
    for recipe in made:
        one = _new(impl, recipe)
        alone.append([_result(one, call) for call in calls])
    objects = [_new(impl, recipe) for recipe in made]
    by_turns = [[_result(one, call) for one in objects] for call in calls]
    for i, found in enumerate(by_turns):
        for k, (recipe, result) in enumerate(zip(made, found, strict=True)):
            other = _wording(made[k - 1]) + (" and others" if len(made) > 2 else "")
            of = f"the result of {calls[i][0]}, call {i + 1} of {_wording(recipe)}, used by turns with {other},"
            _same(result, alone[k][i], of)


def _new(impl: Implementation, recipe: Made) -> Remote:
    made: Remote = impl.call(recipe.name, *recipe.args, **recipe.kwargs)
    return made


def _result(one: Remote, call: Asked) -> Any:
    method, args = call
    return getattr(one, method)(*args)


def _wording(recipe: Made) -> str:
    given = [f"{value!r}" for value in recipe.args]
    given += [f"{name}={value!r}" for name, value in recipe.kwargs.items()]
    return f"{recipe.name}({', '.join(given)})"


def _same(found: Any, expected: Any, of: str) -> None:
    if isinstance(expected, float):
        number(found, expected, of=of, rtol=1e-6)
    elif expected is None or isinstance(expected, (int, str)):
        equal(found, expected, of=of)
    else:
        close(found, expected, of=of)
