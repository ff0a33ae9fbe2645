"""The watch of names: a barred function or class of a framework raises when a submission uses it.

A rule is a dotted name, `torch.nn.functional.softmax`; all of a module, `torch.nn.functional.*`; or a
method of any tensor, `.softmax`. Functions written in Python are changed where they are defined, so another name for
the same function is barred with it.
"""

from __future__ import annotations

import functools
import inspect
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterable
from typing import Any

FRAMEWORKS = ("torch", "tensorflow", "keras")
# Where a call passes through on its way to the function that it names.
PASSAGES = ("traceback_utils.py", "dispatch.py", "deprecation.py", "tf_decorator.py", "weak_tensor_ops.py")  # fmt: skip
MARK = "katagrad: the guard stands here"


class FromScratchRule(Exception):
    """A submission used what its topic asks it to write.

    told: the message, whatever a compiler adds to it on its way out. places: (file, line, function, text) of the
    submission's frames when it did.
    """

    told: str
    places: list[tuple[str, int, str, str]]


def install(rules: Iterable[str], deep: bool, kinds: Iterable[type], guard: Any) -> None:
    """Watch every callable that `rules` name. deep: also calls by the framework itself. kinds: the classes of
    tensors.

    Unknown names are passed over, since versions of a framework differ in what they offer.
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
        owner: Any = sys.modules.get(rule.rpartition(".")[0])
        if owner is None:
            owner = roots.get(first)
            for part in path[:-1]:
                owner = getattr(owner, part, None)
        if owner is None or not path:
            continue
        if path[-1] == "*":
            for name in _public(owner, kept):
                _watch(owner, name, rule[:-1] + name, deep, guard)
        else:
            _watch(owner, path[-1], rule, deep, guard)


def _public(module: Any, kept: set[type]) -> list[str]:
    """What a module offers itself: not its submodules, the tensor class, or what it imports from other packages."""
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
                type.__setattr__(target, "__init__", _wrapped(begin, rule, deep, guard))
            return
        inner = inspect.unwrap(target)
        if isinstance(inner, types.FunctionType) and _is_frameworks(inner):
            _change(inner, rule, deep, guard)
        else:
            setattr(owner, name, _wrapped(target, rule, deep, guard))
    except (AttributeError, TypeError, ValueError):
        return  # a built-in type that cannot be changed; the scan of the source still sees the name


def _is_frameworks(function: types.FunctionType) -> bool:
    return str(function.__module__).split(".")[0] in FRAMEWORKS


def _wrapped(target: Callable[..., Any], rule: str, deep: bool, guard: Any) -> Callable[..., Any]:
    @functools.wraps(target)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if guard.forbids() and (deep or _asked_by_submission(guard.home)):
            raise guard.report(rule)
        return target(*args, **kwargs)

    guarded.katagrad_rule = rule  # type: ignore[attr-defined]
    return guarded


def is_installed(file: str) -> bool:
    """Whether code lies in an installed package, rather than in a submission, the standard library or a text."""
    return "site-packages" in file or "dist-packages" in file


def _asked_by_submission(home: str) -> bool:
    """Whether the nearest frame that is not a mere passage is a submission's, or nobody's: a thread's own function."""
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
    """Put the guard into `function` itself, whoever holds it by whatever name."""
    if function.__code__.co_filename == __file__:
        return  # another rule named it already
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


@functools.cache
def _shape(cells: int) -> types.CodeType:
    """The code of a function with as many free variables as `cells`, which passes its arguments on."""
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
        warnings.simplefilter(
            "ignore"
        )  # that text cannot be called, which the guard in its place can
        space: dict[str, Any] = {}
        exec(compile("\n".join(lines), __file__, "exec"), space)
    code: types.CodeType = space["outer"]().__code__
    return code
