"""What a submission may import: its framework, NumPy, the standard library, its own files, and what its topic allows.

A refused import statement binds a stand-in that raises when it is used, so that an import nobody uses fails no one;
inside `try`, it raises ImportError at once, so that a fallback is taken. Any other way to import raises at once, by an
audit hook, which nothing in Python removes. Imports by the frameworks and by allowed packages are their own affair.
"""

from __future__ import annotations

import ast
import builtins
import os
import sys
import threading
import types
from collections.abc import Iterable
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any, ClassVar

from katagrad.worker.trap import is_installed

FRAMEWORKS = {
    "torch": ("PyTorch", {"torch", "torchgen", "functorch"}),
    "tensorflow": ("TensorFlow", {"tensorflow", "keras", "tensorboard"}),
}
# They draw, and show progress; no answer can be computed by them.
ORNAMENTS = {
    "matplotlib",
    "seaborn",
    "plotly",
    "IPython",
    "tqdm",
    "rich",
    "tabulate",
    "mpl_toolkits",
}
# Keras's handles of packages that it may do without, which anybody can ask for.
LAZY = "module_utils.py"
ALWAYS = {"numpy", "typing_extensions", "__future__"} | ORNAMENTS


class ImportRefused(ImportError):
    """A submission imported a package that its topic does not allow."""


class Refusal(types.ModuleType):
    """Stands in for a refused module, or a part of it, until something is done with it."""

    def __init__(self, message: str) -> None:
        super().__init__("refused")
        self.__dict__["_message"] = message

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)  # what Python itself looks for is not there
        raise ImportRefused(self.__dict__["_message"])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        raise ImportRefused(self.__dict__["_message"])

    __getitem__ = __iter__ = __mro_entries__ = __enter__ = __call__


class Imports:
    """The rule for one submission. home: its folder. more: packages that its topic allows."""

    def __init__(self, framework: str, home: Path, more: Iterable[str]) -> None:
        self.home, self.framework = f"{home}{os.sep}", framework
        self.shown, own = FRAMEWORKS.get(framework, (framework, {framework}))
        self.more = tuple(more)
        self.allowed = own | ALWAYS | set(self.more)
        self._known: dict[str, bool] = {}

    def install(self) -> None:
        """Put the rule into force in this process, for good."""
        plain = builtins.__import__

        def checked(
            name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
        ) -> Any:
            allowed = level > 0 or self.allows(name)
            if not allowed and (place := self._asker(sys._getframe(1), name)):
                return self._refused(self.message(*place, name), name, fromlist, place)
            try:
                return plain(name, globals, locals, fromlist, level)
            except ModuleNotFoundError:
                place = self._asker(sys._getframe(1), name)
                if level or name.partition(".")[0] not in ORNAMENTS or place is None:
                    raise
                message = f"{self._at(*place)} imports {name}, which is not installed here"
                return self._refused(message, name, fromlist, place)

        builtins.__import__ = checked
        sys.addaudithook(self._audit)
        Loaded.rule = self
        close_loaded(self.framework)

    def refuse_loaded(self, name: str) -> None:
        """Raise ImportRefused where the submission uses the loaded module `name` and may not."""
        if self._closed(name) and (place := self._asker(sys._getframe(2), name)):
            raise ImportRefused(self.message(*place, name))

    def _closed(self, name: str) -> bool:
        if name not in self._known:
            self._known[name] = not self.allows(name)
        return self._known[name]

    def _refused(self, message: str, name: str, fromlist: Any, place: tuple[str, int]) -> Refusal:
        """A stand-in for a refused module, where that is what the line can do without."""
        if not place[0].startswith(self.home) or "*" in (fromlist or ()) or _in_try(*place):
            raise ImportRefused(message)
        made = Refusal(message)
        for part in fromlist or name.split(".")[1:]:
            made.__dict__[part] = Refusal(message)
        return made

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "import":
            name = str(args[0])
        elif event == "exec" and is_installed(getattr(args[0], "co_filename", "")):
            # `importlib` imports without the other event, but it runs the package's file.
            name = _package(args[0].co_filename)
        else:
            return
        if not self.allows(name):
            place = self._asker(sys._getframe(1), name)
            if place is not None:
                raise ImportRefused(self.message(*place, name))

    def _asker(self, frame: types.FrameType | None, name: str) -> tuple[str, int] | None:
        """Where the submission asks for the module `name`; None where another package or the worker does."""
        first = name.partition(".")[0]
        while frame is not None:
            file = frame.f_code.co_filename
            if file.startswith(self.home):
                return file, frame.f_lineno
            if is_installed(file) and f"-packages/{first}/" not in file and not file.endswith(LAZY):
                return None
            frame = frame.f_back
        # Below a thread of its own there is no file of the submission, but nobody else either.
        alone = threading.current_thread() is not threading.main_thread()
        return (f"{self.home}a thread", 0) if alone else None

    def allows(self, name: Any) -> bool:
        """Whether a submission may import the module `name`."""
        first = str(name).partition(".")[0]
        if first in self.allowed or first in sys.stdlib_module_names:
            return True
        return Path(f"{self.home}{first}.py").exists() or Path(f"{self.home}{first}").is_dir()

    def message(self, file: str, line: int, name: str) -> str:
        """Which line imports what, and what may be imported."""
        more = "".join(f"{package}, " for package in self.more)
        return (
            f"{self._at(file, line)} imports {name}; this topic allows {self.shown}, NumPy, "
            f"{more}the standard library and your own files"
        )

    def _at(self, file: str, line: int) -> str:
        return f"{file[len(self.home) :]}:{line}"


class Loaded(types.ModuleType):
    """A module that the framework has loaded already, and that most topics do not allow."""

    rule: ClassVar[Imports | None] = None
    newest: ClassVar[list[str]] = []

    def __getattribute__(self, name: str) -> Any:
        if Loaded.rule is not None and not name.startswith("__"):
            Loaded.rule.refuse_loaded(types.ModuleType.__getattribute__(self, "__name__"))
        return types.ModuleType.__getattribute__(self, name)


def close_loaded(framework: str) -> None:
    """Guard the modules that a framework has loaded by now, whoever hands them on.

    A second call looks at what came since: in a fork, to look at all of them would copy their memory.
    """
    own = FRAMEWORKS.get(framework, (framework, {framework}))[1] | ALWAYS
    new = list(takewhile(lambda name: name not in Loaded.newest, reversed(sys.modules)))
    Loaded.newest = new[:1] or Loaded.newest
    for name in new:
        module = sys.modules[name]
        first = name.partition(".")[0]
        if type(module) is types.ModuleType and not (
            first in own
            or first in sys.stdlib_module_names
            or not is_installed(str(getattr(module, "__file__", "")))
        ):
            module.__class__ = Loaded


def _package(file: str) -> str:
    """The name of the installed module that a file is."""
    inside = Path(file.replace("dist-packages", "site-packages").rpartition("site-packages")[2])
    parts = [part for part in inside.with_suffix("").parts if part not in ("/", "__init__")]
    return ".".join(parts)


@cache
def _tries(file: str) -> tuple[tuple[int, int], ...]:
    """First and last lines of the bodies of `try` statements."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(
        (node.body[0].lineno, node.body[-1].end_lineno or node.body[-1].lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Try) and node.handlers
    )


def _in_try(file: str, line: int) -> bool:
    return any(first <= line <= last for first, last in _tries(file))
