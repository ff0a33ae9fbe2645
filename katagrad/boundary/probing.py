"""Many calls of one function in one round trip, with what each left behind, as a driver asks for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from katagrad.boundary.implementation import Implementation
from katagrad.boundary.remote import Remote
from katagrad.errors import Failure
from katagrad.worker.wire import Made

Path = tuple[Any, ...]
LISTS = ("before", "after", "shared", "world")


def anew(name: str, *args: Any, **kwargs: Any) -> Made:
    """An argument that the submission makes anew for each call: what its function or class `name` returns."""
    return Made(name, args, kwargs)


@dataclass(frozen=True)
class Call:
    """One call. An array that `exact` marks is sent in the dtype that it has.

    made, seed: seeds of the global generators, before the arguments are made and before the call, if any. like: the
    number of an earlier call, whose very arguments are passed again. fresh: call a newly imported copy of the
    submission. exhaust: iterate over the result, and take the items for it. reread: the number of an earlier
    call whose result is read once more after this one.
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
    """What became of one call.

    later: the result of the call that `reread` names. before, after: (path, value, {"requires_grad", "grad"} or
    {"size", "keys"}) of arguments; before only for models. shared: (path in the result, path in the arguments)
    of tensors in the same memory. world: (name, before, after) of settings that changed. error: what it raised.
    """

    value: Any = None
    later: Any = None
    before: tuple[tuple[Path, Any, dict[str, Any]], ...] = ()
    after: tuple[tuple[Path, Any, dict[str, Any]], ...] = ()
    shared: tuple[tuple[Path, Path], ...] = ()
    world: tuple[tuple[str, str, str], ...] = ()
    error: Failure | None = None


def watch(impl: Implementation, model: Remote) -> None:
    """Note from now on what a model is called with, on its way through the submission's training."""
    impl._ask("watch", f"watching {model._of}", handle=model._handle)


def watched(impl: Implementation, model: Remote) -> list[tuple[np.ndarray, bool]]:
    """(inputs, whether it was to train) of each call of a watched model since the last question, in order."""
    found = impl._ask("watched", f"the inputs of {model._of}", handle=model._handle)
    return [(np.asarray(inputs), bool(training)) for inputs, training in found]


def probe(
    impl: Implementation,
    name: str,
    calls: list[Call],
    of: list[str],
    on: Made | None = None,
    returns: Any = None,
) -> list[Found]:
    """Carry out `calls` in order. of: how each reads. on: what `name` is a method of. returns: as in a call."""
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
        # A worker of ours gives a dict for each call. Whoever writes into its connection may give anything.
        raise Failure(
            f"the answers to {len(calls)} calls of {name} are not the worker's own: the connection to the grader "
            "was written to by other code"
        ) from None


def _found(impl: Implementation, words: str, answer: dict[str, Any]) -> Found:
    if "error" in answer:
        return Found(error=impl._transport.explained(words, answer["error"]))
    whole: dict[str, Any] = {k: tuple(v) if k in LISTS else v for k, v in answer.items()}
    return Found(**whole)
