"""The runtime half of a from-scratch rule: a forbidden call from the submission's own file raises.

A rule is a dotted name, `torch.nn.functional.softmax`; all of a module, `torch.nn.functional.*`; or a
method of any tensor, `.softmax`. The trap teaches; it is no defence, since code in the same process
can undo it. The scan of the source, in the driver, is what a score rests on.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any


class FromScratchRule(Exception):
    """A submission called what its topic asks it to write."""


def install(
    rules: Iterable[str], roots: dict[str, Any], tensor_types: Iterable[type], home: str
) -> None:
    """Guard every callable that `rules` names against calls from files below `home`.

    roots: top-level modules by the names that rules begin with. Unknown names are passed over, since
    versions of a framework differ in what they offer.
    """
    kept = set(tensor_types)
    for rule in rules:
        if rule.startswith("."):
            for kind in tensor_types:
                _guard(kind, rule[1:], rule, home)
            continue
        first, *path = rule.split(".")
        owner: Any = roots.get(first)
        for part in path[:-1]:
            owner = getattr(owner, part, None)
        if owner is None:
            continue
        if path[-1] == "*":
            for name in _public(owner, kept):
                _guard(owner, name, rule[:-1] + name, home)
        else:
            _guard(owner, path[-1], rule, home)


def _public(module: Any, kept: set[type]) -> list[str]:
    """What a module offers itself: not its submodules, the tensor class, or what it imports from other packages."""
    if not isinstance(module, types.ModuleType):
        return []
    found = []
    for name in dir(module):
        value = getattr(module, name, None)
        package = str(getattr(value, "__module__", None) or module.__name__).split(".")[0]
        own = package in (module.__name__.split(".")[0], "torch", "tensorflow", "keras")
        if (
            not name.startswith("_")
            and own
            and not inspect.ismodule(value)
            and not (inspect.isclass(value) and value in kept)
        ):
            found.append(name)
    return found


def _guard(owner: Any, name: str, rule: str, home: str) -> None:
    target = getattr(owner, name, None)
    if not callable(target):
        return
    try:
        if inspect.isclass(target):
            type.__setattr__(target, "__init__", _wrapped(target.__init__, rule, home))
        else:
            setattr(owner, name, _wrapped(target, rule, home))
    except (AttributeError, TypeError):
        return  # a built-in type that cannot be changed; the scan of the source still sees the name


def _wrapped(target: Callable[..., Any], rule: str, home: str) -> Callable[..., Any]:
    @functools.wraps(target)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)
        if frame.f_code.co_filename.startswith(home):
            raise FromScratchRule(f"{rule} is not allowed in this topic; its stub has the rule")
        return target(*args, **kwargs)

    return guarded
