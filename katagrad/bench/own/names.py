"""Names under which a worker finds what a file of benchmarks holds: (module, dotted name in it)."""

from __future__ import annotations

import enum
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import MethodType, ModuleType
from typing import Any

import numpy as np

from katagrad.bench.own.project import Code
from katagrad.errors import Failure
from katagrad.text import article

MISSING = object()


def place(value: Any, code: Code) -> tuple[str, str]:
    """(module, name in it) of an object. Raises Failure, which says what to do, if it has no name to import."""
    if isinstance(value, MethodType):  # made anew whenever it is looked up
        module, name = place(value.__self__, code)
        return module, f"{name}.{value.__name__}"
    if isinstance(value, enum.Enum):
        module, name = place(type(value), code)
        return module, f"{name}.{value.name}"
    bench = sys.modules.get(code.module)
    for known in _names(bench, value):
        return code.module, known
    module, name = _own_name(value)
    if module and name:
        found: Any = sys.modules.get(module, MISSING)
        for part in name.split("."):
            found = getattr(found, part, MISSING)
        if found is value:
            return module, name
    # A model or a compiled function is no function with a name of its own: ask the modules that may hold it.
    for one in _modules(bench, code):
        for known in _names(one, value):
            return one.__name__, known
    path = "send it as a text, str(path), or " if isinstance(value, os.PathLike) else ""
    raise Failure(
        f"{_words(value)} cannot be sent to the worker, which imports what it times: {path}give it a name at the top "
        f"of {code.file.name} or of a module, or make it in a function for bench.call"
    )


def _own_name(value: Any) -> tuple[str, str]:
    """The module and the name that an object states, or that its class states for a method of C; else empty."""
    owner = getattr(value, "__objclass__", None)
    module = getattr(value, "__module__", None) or getattr(owner, "__module__", None)
    name = getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        return "", ""
    return module, name


def _names(module: ModuleType | None, value: Any) -> Iterator[str]:
    """The names at the top of a module that mean exactly this object."""
    for name, held in list(vars(module).items()) if module is not None else ():
        if held is value:
            yield name


def _modules(bench: ModuleType | None, code: Code) -> Iterator[ModuleType]:
    """The modules that the file of benchmarks names, and then all loaded ones of the project."""
    for held in list(vars(bench).values()) if bench is not None else ():
        if isinstance(held, ModuleType):
            yield held
    folders = code.project.folders
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(module, ModuleType) and isinstance(file, str):
            path = Path(file)
            inside = any(path.is_relative_to(folder) for folder in folders)
            if inside and "site-packages" not in path.parts:
                yield module


def _words(value: Any) -> str:
    name = getattr(value, "__qualname__", None)
    if isinstance(value, np.ndarray):
        return f"an array of the dtype {value.dtype}"
    if callable(value) and isinstance(name, str):
        return f"the function {name}"
    kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
    return article(kind)
