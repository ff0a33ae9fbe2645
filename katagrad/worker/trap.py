"""The watch of names: a forbidden function or class of a framework raises when a submission uses it.

A rule is a dotted name (`torch.nn.functional.softmax`), a whole module (`torch.nn.functional.*`), or
a method of any tensor (`.softmax`). Functions written in Python are changed where they are defined,
so other names for the same function are forbidden, too.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from katagrad.worker.families import FREE

FRAMEWORKS = ("torch", "tensorflow", "keras")
# Files of wrappers, between a call and the function that it names.
PASSAGES = ("traceback_utils.py", "dispatch.py", "deprecation.py", "tf_decorator.py", "weak_tensor_ops.py")  # fmt: skip
MARK = "katagrad: the guard's place"


class FromScratchRule(Exception):
    """A submission used a function that its topic asks it to write.

    text: the message, without what a compiler may add to it.
    places: (file, line, function, text) of the submission's frames at the breach.
    """

    text: str
    places: list[tuple[str, int, str, str]]


def install(rules: Iterable[str], deep: bool, kinds: Iterable[type], guard: Any) -> None:
    """Watch every callable that `rules` name.

    deep: also watch calls by the framework itself. kinds: the classes of tensors.
    Unknown names are ignored, since they differ between versions of a framework.
    """
    roots = {name: sys.modules[name] for name in (*FRAMEWORKS, "numpy") if name in sys.modules}
    roots |= {"tf": roots["tensorflow"]} if "tensorflow" in roots else {}
    kept = set(kinds)
    for rule in rules:
        if rule.startswith("."):
            for kind in kept:
                _watch(kind, rule[1:], rule, deep, guard)
            continue
        first, *path = rule.split(".")
        # A package may hide a module of its own, as torch.optim does with torch.optim.sgd.
        parent = rule.rpartition(".")[0]
        module, _, last = parent.rpartition(".")
        owner: Any = sys.modules.get(parent) or getattr(sys.modules.get(module), last, None)
        if owner is None:
            owner = roots.get(first)
            for part in path[:-1]:
                owner = getattr(owner, part, None)
        if owner is None or not path:
            continue
        if path[-1] == "*":
            for name in _public(owner, kept):
                if rule[:-1] + name not in FREE:
                    _watch(owner, name, rule[:-1] + name, deep, guard)
        else:
            _watch(owner, path[-1], rule, deep, guard)


def _public(module: Any, kept: set[type]) -> list[str]:
    """A module's public names, without submodules, tensor classes, and imports from other packages."""
    if not isinstance(module, types.ModuleType):
        return []
    found = []
    for name in dir(module):
        value = getattr(module, name, None)
        package = str(getattr(value, "__module__", None) or module.__name__).split(".")[0]
        own = package in (module.__name__.split(".")[0], *FRAMEWORKS)
        if (
            not name.startswith("_")
            and own
            and not inspect.ismodule(value)
            and not (inspect.isclass(value) and value in kept)
        ):
            found.append(name)
    return found


def _watch(owner: Any, name: str, rule: str, deep: bool, guard: Any) -> None:
    target = getattr(owner, name, None)
    if not callable(target):
        return
    try:
        if inspect.isclass(target):
            begin = target.__init__
            if not hasattr(begin, "katagrad_rule"):
                _put(target, "__init__", _wrapped(begin, rule, deep, guard), guard)
            return
        inner = inspect.unwrap(target)
        if isinstance(inner, types.FunctionType) and _is_frameworks(inner):
            _change(inner, rule, deep, guard)
        else:
            _put(owner, name, _wrapped(target, rule, deep, guard), guard)
    except (AttributeError, TypeError, ValueError):
        return  # a built-in type cannot be changed; the scan of the source still finds the name


def _put(owner: Any, name: str, value: Any, guard: Any) -> None:
    """Set an attribute of a module or class, and note how to undo that."""
    put, take = (
        (type.__setattr__, type.__delattr__) if isinstance(owner, type) else (setattr, delattr)
    )
    if guard.undo is None:
        put(owner, name, value)
        return
    held = vars(owner).get(name, MARK)  # as it stands there, before a descriptor binds it
    put(owner, name, value)
    inherited = held is MARK
    guard.undo.append(partial(take, owner, name) if inherited else partial(put, owner, name, held))


def _is_frameworks(function: types.FunctionType) -> bool:
    return str(function.__module__).split(".")[0] in (*FRAMEWORKS, "numpy")


def _wrapped(target: Callable[..., Any], rule: str, deep: bool, guard: Any) -> Callable[..., Any]:
    @functools.wraps(target)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if guard.forbids() and (deep or _asked_by_submission(guard.home)):
            raise guard.report(rule)
        return target(*args, **kwargs)

    guarded.katagrad_rule = rule  # type: ignore[attr-defined]
    return guarded


def is_installed(file: str) -> bool:
    """Whether a file belongs to an installed package."""
    return "site-packages" in file or "dist-packages" in file


def _asked_by_submission(home: str) -> bool:
    """Whether the submission made the call: the nearest frame that is not a wrapper's is in its files."""
    frame: types.FrameType | None = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(home):
            return True
        if is_installed(file) and file != __file__ and not file.endswith(PASSAGES):
            return False
        frame = frame.f_back
    return threading.current_thread() is not threading.main_thread()


def _change(function: types.FunctionType, rule: str, deep: bool, guard: Any) -> None:
    """Put the guard into the function object, so that every name for it is guarded."""
    if function.__code__.co_filename == __file__:
        return  # another rule has changed it already
    original = types.FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )  # fmt: skip
    original.__kwdefaults__ = function.__kwdefaults__
    guarded = _wrapped(original, rule, deep, guard)
    shape = _shape(len(function.__code__.co_freevars))
    consts = tuple(guarded if const == MARK else const for const in shape.co_consts)
    code = shape.replace(co_consts=consts, co_name=function.__name__, co_filename=__file__)
    if not hasattr(function, "__signature__"):
        function.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    function.__code__, function.__defaults__, function.__kwdefaults__ = code, None, None
    if guard.undo is not None:
        guard.undo.append(partial(_change_back, function, original))


def _change_back(function: types.FunctionType, original: types.FunctionType) -> None:
    """Undo `_change`. The signature that it noted stays, since it is the function's own."""
    function.__code__ = original.__code__
    function.__defaults__, function.__kwdefaults__ = original.__defaults__, original.__kwdefaults__


@functools.cache
def _shape(cells: int) -> types.CodeType:
    """The code of a function with `cells` free variables that passes its arguments on."""
    names = [f"cell{i}" for i in range(cells)]
    lines = [
        "def outer():",
        *(f"    {name} = None" for name in names),
        "    def inner(*args, **kwargs):",
        f"        return {MARK!r}(*args, **kwargs)",
        *(f"        {name}" for name in names),
        "    return inner",
    ]
    with warnings.catch_warnings():
        # Ignore the warning that a string is not callable: the guard replaces the string.
        warnings.simplefilter("ignore")
        space: dict[str, Any] = {}
        exec(compile("\n".join(lines), __file__, "exec"), space)
    code: types.CodeType = space["outer"]().__code__
    return code
