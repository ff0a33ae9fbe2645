"""Make many calls of one function in one request, and record the side effects of each."""

from __future__ import annotations

import importlib.util
import itertools
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from katagrad.worker.account import describe
from katagrad.worker.exchange import MAX_ITEMS, Exchange, layouts_of
from katagrad.worker.first_call import ready, row_of
from katagrad.worker.wire import Handle, Made, Unsendable, WithLayout

# Pairs of a tensor in the result and a tensor in the arguments that are checked for shared memory.
MAX_PAIRS = 10_000


class Probing(Exchange):
    """The part of a session that calls the submission and records the side effects of a call."""

    home: Path

    def __init__(self, adapter: Any, most: int = 1 << 30) -> None:
        super().__init__(adapter, most)
        self.watches: dict[int, tuple[list[Any], list[Any]]] = {}
        self.module: ModuleType | None = None
        # The module that makes arguments: None for `self.module`, or a new copy of it.
        self._module: ModuleType | None = None
        # Settings of the framework as the submission's import left them.
        self.usual: dict[str, Any] = {}

    def seed(self, number: int) -> None:
        """Seed every global random generator."""
        random.seed(number)
        np.random.seed(number % 2**32)  # noqa: NPY002
        self.adapter.seed(number % 2**31)

    def resolve(self, target: Any, module: ModuleType | None = None) -> Callable[..., Any]:
        """The target of a request: a function of the submission, a held object, or a method of one.

        module: a new copy of the submission, if that is to be called.
        """
        if isinstance(target, str):
            found: Callable[..., Any] = getattr(module or self.module, target)
            return found
        owner, method = target
        value: Callable[..., Any] = self.lift(owner)
        return getattr(value, method) if method else value

    def described(self, error: BaseException) -> dict[str, Any]:
        """An exception of the submission as a reply. SystemExit fails only the call, too."""
        return describe(error, self.home)

    def make(self, recipe: Made) -> Any:
        """Make an argument with a function of the submission."""
        function = getattr(self._module or self.module, recipe.name)
        named = {key: self.lift(value) for key, value in recipe.kwargs.items()}
        args = [self.lift(value) for value in recipe.args]
        return ready(self.adapter, function(*args, **named), row_of(function, args, named))

    def do_probe(self, target: Any, calls: list[dict[str, Any]], returns: Any) -> list[Any]:
        """Call `target` once for each of `calls`. An exception ends only that call.

        The keys of a call are the fields of `katagrad.boundary.probing.Call`.
        """
        given: list[tuple[Any, list[Any], dict[str, Any]]] = []
        results: list[Any] = []
        answers: list[dict[str, Any]] = []
        for call in calls:
            result, answer = None, {}
            try:
                self._module = self._copy() if call["fresh"] else None
                if call["made"] is not None:
                    self.seed(call["made"])
                if call["like"] is None:
                    args = [self.lift(value) for value in call["args"]]
                    named = {key: self.lift(value) for key, value in call["kwargs"].items()}
                    function = self.resolve(target, self._module)
                else:
                    function, args, named = given[call["like"]]
                given.append((function, args, named))
                lifted = [*args, *named.values()]
                sent = [*call["args"], *call["kwargs"].values()]
                before = list(self._states(lifted, sent, (), True))
                self.as_usual()
                if call["seed"] is not None:
                    self.seed(call["seed"])
                result = function(*args, **named)
                if call["exhaust"]:
                    result = list(itertools.islice(iter(result), MAX_ITEMS))
                answer["value"] = _copied(self.lower(result, returns))
                if call["reread"] is not None:
                    answer["later"] = _copied(self.lower(results[call["reread"]], returns))
                answer["before"] = before
                answer["after"] = list(self._states(lifted, sent, (), False))
                answer["shared"] = self._shared(result, lifted)
                answer["world"] = [
                    (name, str(self.usual[name]), str(now))
                    for name, now in self.settings().items()
                    if now != self.usual[name]
                ]
            except BaseException as error:  # as in Session.answer
                if isinstance(error, Unsendable):
                    answer["refused"] = str(error)
                else:
                    answer["error"] = self.described(error)
                if len(given) == len(answers):
                    given.append((None, [], {}))
            finally:
                self._module = None
            results.append(result)
            answers.append(answer)
        return answers

    def settings(self) -> dict[str, Any]:
        """Process-wide settings, by the name that a message shows."""
        return {name: read() for name, (read, _) in self.forms.SETTINGS.items()}

    def as_usual(self) -> None:
        """Undo what an earlier call left: a setting that is off already cannot be seen to be switched off."""
        for name, now in self.settings().items():
            if now != self.usual[name]:
                self.forms.SETTINGS[name][1](self.usual[name])

    def do_watch(self, handle: Handle, size: tuple[int, ...]) -> None:
        """Record the inputs of a held model from now on. size: the shape of one row."""
        model = self.held[handle.id]
        whole: list[Any] = []
        part: list[Any] = []
        self.forms.watch(model, model, whole)
        for layer in self.forms.layers_of(model):
            # A layer that gets the rows has inputs of their size; the inputs of the others would only cost time.
            self.forms.watch(layer, model, part, size)
        self.watches[handle.id] = whole, part

    def do_watched(self, handle: Handle) -> list[Any]:
        """(inputs, whether in training mode, checksum of the parameters) of each call of a watched model.

        The calls are those since the last request.

        If the model was never called as a whole, the inputs of its layers that get rows are returned.
        """
        whole, part = self.watches[handle.id]
        found = list(whole or part)
        whole.clear()
        part.clear()
        return found

    def _copy(self) -> ModuleType:
        """Import the submission again, into a module without the state of earlier calls."""
        assert self.module is not None
        name = self.module.__name__
        spec = importlib.util.spec_from_file_location(name, str(self.module.__file__))
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        kept = sys.modules[name]
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        finally:
            sys.modules[name] = kept
        return module

    def _states(
        self, lifted: Any, sent: Any, path: tuple[Any, ...], models: bool
    ) -> Iterator[tuple[tuple[Any, ...], Any, Any]]:
        """Yield (path, value, further properties) of each tensor, container and model in the arguments.

        models: yield models only. The driver knows the values of tensors, since it sent them.
        """
        if isinstance(sent, (list, tuple, dict)):
            pairs = list(sent.items()) if isinstance(sent, dict) else list(enumerate(sent))
            size = len(lifted) if isinstance(lifted, type(sent)) else -1
            keys = [str(key) for key in lifted] if isinstance(lifted, dict) else []
            if not models and path:
                yield path, None, {"size": size, "keys": keys}
            for key, item in pairs:
                if isinstance(lifted, dict):
                    if key in lifted:
                        yield from self._states(lifted[key], item, (*path, key), models)
                elif key < size:
                    yield from self._states(lifted[key], item, (*path, key), models)
        elif isinstance(sent, (Handle, Made)):
            for i, parameter in enumerate(self._learned(lifted)):
                yield (*path, i), _copied(self.lower(parameter, None)), {}
        elif isinstance(sent, (np.ndarray, WithLayout)) and not models:
            # A call may have put anything in the place of a tensor.
            about = self.forms.about(lifted) if self.adapter.is_tensor(lifted) else {}
            yield path, _copied(self.lower(lifted, layouts_of(sent))), about

    def _learned(self, value: Any) -> list[Any]:
        """The parameters that learn, of a model or of a tuple of models."""
        found = self.adapter.parameters(value)
        if found is None and isinstance(value, (list, tuple)):
            found = [p for item in value for p in self.adapter.parameters(item) or []]
        return found or []

    def _shared(self, result: Any, lifted: list[Any]) -> list[tuple[Any, Any]]:
        """(path in the result, path in the arguments) of objects that share memory."""
        inputs = list(_parts(lifted, ()))[1:]
        pairs = itertools.product(_parts(result, ()), inputs)
        return [
            (there, here)
            for (there, a), (here, b) in itertools.islice(pairs, MAX_PAIRS)
            if (a is b and isinstance(a, (list, dict)))
            or (
                self.adapter.is_tensor(a)
                and self.adapter.is_tensor(b)
                and self.forms.share_memory(a, b)
            )
        ]


def _copied(value: Any) -> Any:
    """Copy the arrays in a value, so that later calls cannot change them."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, (list, tuple)):
        return type(value)(_copied(item) for item in value)
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return value


def _parts(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _parts(item, (*path, key))
    elif isinstance(value, (list, tuple)) and len(value) < MAX_PAIRS:
        for i, item in enumerate(value):
            yield from _parts(item, (*path, i))
