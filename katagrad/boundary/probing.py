"""Make many calls of one function in one round trip, and record the side effects of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from katagrad.boundary.implementation import Implementation
from katagrad.boundary.remote import Remote
from katagrad.boundary.workers import MAX_TEXT
from katagrad.errors import Failure, FormFailure
from katagrad.worker.wire import Made

Path = tuple[Any, ...]
LISTS = ("before", "after", "shared", "world")


def anew(name: str, *args: Any, **kwargs: Any) -> Made:
    """An argument that the submission makes for each call: the result of its function or class `name`."""
    return Made(name, args, kwargs)


@dataclass(frozen=True)
class Call:
    """One call.

    args, kwargs: an array marked by `exact` is sent in the dtype that it has.
    made: seeds the global generators before the arguments are made.
    seed: seeds them before the call.
    like: index of an earlier call, whose argument objects are passed again.
    fresh: whether to call a newly imported copy of the submission.
    exhaust: whether to iterate over the result. The result is then the list of items.
    reread: index of an earlier call, whose result is read again after this one.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    made: int | None = None
    seed: int | None = None
    like: int | None = None
    fresh: bool = False
    exhaust: bool = False
    reread: int | None = None


@dataclass(frozen=True)
class Found:
    """The outcome of one call.

    later: the result of the call that `reread` refers to.
    before, after: (path, value, {"requires_grad", "grad"} or {"size", "keys"}) of the arguments.
    `before` has the parameters of models only.
    shared: (path in the result, path in the arguments) of tensors that share memory.
    world: (name, before, after) of process-wide settings that changed.
    error: the exception, if the call raised one.
    """

    value: Any = None
    later: Any = None
    before: tuple[tuple[Path, Any, dict[str, Any]], ...] = ()
    after: tuple[tuple[Path, Any, dict[str, Any]], ...] = ()
    shared: tuple[tuple[Path, Path], ...] = ()
    world: tuple[tuple[str, str, str], ...] = ()
    error: Failure | None = None


def watch(impl: Implementation, model: Remote, size: tuple[int, ...]) -> None:
    """Record the inputs of a model from now on, while the submission trains it. size: the shape of one row."""
    impl._ask("watch", f"watching {model._of}", handle=model._handle, size=size)


def watched(impl: Implementation, model: Remote) -> list[tuple[np.ndarray, bool]]:
    """(inputs, whether in training mode) of each call of a watched model since the last `watched`."""
    return [(inputs, training) for inputs, training, _ in noted(impl, model)]


def noted(impl: Implementation, model: Remote) -> list[tuple[np.ndarray, bool, int]]:
    """As `watched`, and with each call a checksum of the parameters that learn, as they were at the call."""
    found = impl._ask("watched", f"the inputs of {model._of}", handle=model._handle)
    return [(np.asarray(inputs), bool(training), int(sums)) for inputs, training, sums in found]


def probe(
    impl: Implementation,
    name: str,
    calls: list[Call],
    of: list[str],
    on: Made | None = None,
    returns: Any = None,
) -> list[Found]:
    """Make `calls` in order.

    of: the expression of each call, for messages. on: the object of which `name` is a method.
    returns: as in a call of `Implementation`.
    """
    impl._transport.require(name if on is None else on.name)
    target: Any = name if on is None else (impl._send(on), name)
    sent = [
        {
            "args": [impl._send(value) for value in call.args],
            "kwargs": {key: impl._send(value) for key, value in call.kwargs.items()},
            "made": call.made,
            "seed": call.seed,
            "like": call.like,
            "fresh": call.fresh,
            "exhaust": call.exhaust,
            "reread": call.reread,
        }
        for call in calls
    ]
    answers = impl._ask("probe", of[0], target=target, calls=sent, returns=returns)
    try:
        pairs = list(zip(of, answers, strict=True))
        return [_found(impl, words, answer) for words, answer in pairs]
    except (AttributeError, KeyError, TypeError, ValueError):
        # The worker sends a dict for each call. A submission that writes to the connection may send anything.
        raise Failure(
            f"the answers to {len(calls)} calls of {name} are not the worker's own: the connection to the grader "
            "was written to by other code"
        ) from None


def _found(impl: Implementation, words: str, answer: dict[str, Any]) -> Found:
    if "refused" in answer:
        return Found(error=FormFailure(f"{words} returned {str(answer['refused'])[:MAX_TEXT]}"))
    if "error" in answer:
        return Found(error=impl._transport.explained(words, answer["error"]))
    whole: dict[str, Any] = {k: tuple(v) if k in LISTS else v for k, v in answer.items()}
    return Found(**whole)
