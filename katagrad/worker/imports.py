"""Restrict imports to the framework, NumPy, the standard library, the submission, and allowed packages.

A refused import statement binds a stand-in that raises an error when it is used, so an unused import
fails nothing. Inside `try`, the statement raises ModuleNotFoundError at once, so that a fallback is used.
Any other way to import raises at once, by an audit hook, which Python code cannot remove. A module
of machine code counts by its file, whatever it is called, and must be the framework's, an allowed
package's or the standard library's. Imports by the frameworks and by allowed packages are not
restricted.
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
# Parts of a framework that hold finished answers, in Python, where a topic asks for them from scratch: reference
# implementations of its own tests, of its compilers and of its exporters, and copies of an older Keras. Their names
# and their operators say little of what they compute.
INNER = {
    "torch": (
        "torch._higher_order_ops", "torch._inductor", "torch._numpy", "torch.ao", "torch.distributed", "torch.onnx",
        "torch.testing._internal",
    ),
    "tensorflow": (
        "tensorflow.python.keras", "tensorflow.python.ops.init_ops", "tensorflow.python.ops.init_ops_v2",
        "tensorflow.python.ops.losses", "tensorflow.python.ops.math_grad", "tensorflow.python.ops.metrics_impl",
        "tensorflow.python.ops.nn_grad", "tensorflow.python.tpu", "keras.src.legacy",
    ),
}  # fmt: skip
# Packages that draw or show progress. They cannot compute an answer.
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
# Keras's proxies for optional packages, which any code can access.
LAZY = "module_utils.py"
# Code of the worker itself, which a submission's call may reach: a function that a grader passed.
OWN = f"{Path(__file__).parents[1]}{os.sep}"
# The standard library's compiled modules.
INTERPRETER = f"{sys.base_prefix}{os.sep}"
# What a compiled module is called that lies elsewhere. A copy of another package's would be one.
COMPILED = "a compiled module"
ALWAYS = {"numpy", "typing_extensions", "__future__"} | ORNAMENTS


class ImportRefused(ModuleNotFoundError):
    """A submission imported a package that its topic does not allow. Scripts expect ModuleNotFoundError, too."""


class Refusal(types.ModuleType):
    """Stands in for a refused module, or an attribute of it. Raises ImportRefused when it is used."""

    def __init__(self, message: str) -> None:
        super().__init__("refused")
        self.__dict__["_message"] = message

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)  # Python itself looks these up
        raise ImportRefused(self.__dict__["_message"])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        raise ImportRefused(self.__dict__["_message"])

    __getitem__ = __iter__ = __mro_entries__ = __enter__ = __call__


class Imports:
    """The rule on imports for one submission. home: its folder. more: packages that the topic allows.

    scratch: whether the topic has a from-scratch rule, which refuses the framework's INNER parts.
    """

    def __init__(
        self, framework: str, home: Path, more: Iterable[str], scratch: bool = False
    ) -> None:
        self.home, self.framework = f"{home}{os.sep}", framework
        self.shown, own = FRAMEWORKS.get(framework, (framework, {framework}))
        self.more = tuple(more)
        self.allowed = own | ALWAYS | set(self.more)
        self._inner = INNER.get(framework, ()) if scratch else ()
        self._known: dict[str, bool] = {}

    def install(self) -> None:
        """Apply the rule to this process. It cannot be removed."""
        plain = builtins.__import__

        def checked(
            name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
        ) -> Any:
            allowed = level > 0 or self.allows(name)
            if not allowed and (place := self._asker(sys._getframe(1), name)):
                return self._refused(self.message(*place, name), name, fromlist, place)
            try:
                return plain(name, globals, locals, fromlist, level)
            except ImportRefused:
                raise
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
        """Raise ImportRefused if the submission uses the loaded module `name`, which is not allowed."""
        if self._closed(name) and (place := self._asker(sys._getframe(2), name)):
            raise ImportRefused(self.message(*place, name))

    def _closed(self, name: str) -> bool:
        if name not in self._known:
            self._known[name] = not self.allows(name)
        return self._known[name]

    def _refused(self, message: str, name: str, fromlist: Any, place: tuple[str, int]) -> Refusal:
        """Return a stand-in for a refused module. Raises ImportRefused where a stand-in cannot be used."""
        if not place[0].startswith(self.home) or "*" in (fromlist or ()) or _in_try(*place):
            raise ImportRefused(message)
        made = Refusal(message)
        for part in fromlist or name.split(".")[1:]:
            made.__dict__[part] = Refusal(message)
        return made

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "import" and isinstance(args[1], str):
            # A compiled module: whoever loads it may give it any name, so its file counts.
            if args[1].startswith(INTERPRETER) and not is_installed(args[1]):
                return
            name = _package(args[1]) if is_installed(args[1]) else COMPILED
        elif event == "import":
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
        """(file, line) at which the submission imports `name`. None if other code imports it."""
        first = name.partition(".")[0]
        inner = self._is_inner(name)
        while frame is not None:
            file = frame.f_code.co_filename
            if inner and is_installed(file) and not file.endswith(LAZY):
                return None  # the framework uses its own parts
            if file.startswith(self.home):
                return file, frame.f_lineno
            if file.startswith(OWN) and file != __file__:
                return None
            if is_installed(file) and f"-packages/{first}/" not in file and not file.endswith(LAZY):
                return None
            frame = frame.f_back
        # A thread that the submission started may have no frame in its files.
        alone = threading.current_thread() is not threading.main_thread()
        return (f"{self.home}a thread", 0) if alone else None

    def allows(self, name: Any) -> bool:
        """Whether a submission may import the module `name`."""
        first = str(name).partition(".")[0]
        if first in self.allowed or first in sys.stdlib_module_names:
            return not self._is_inner(str(name))
        return Path(f"{self.home}{first}.py").exists() or Path(f"{self.home}{first}").is_dir()

    def _is_inner(self, name: str) -> bool:
        """Whether a module is one of the framework's own that a from-scratch rule refuses."""
        return any(name == part or name.startswith(f"{part}.") for part in self._inner)

    def message(self, file: str, line: int, name: str) -> str:
        """The message: which line imports what, and what may be imported."""
        if self._is_inner(name):
            return (
                f"{self._at(file, line)} imports {name}; this topic is to be written from {self.shown}'s public "
                "functions, not from parts that hold finished answers"
            )
        more = "".join(f"{package}, " for package in self.more)
        return (
            f"{self._at(file, line)} imports {name}; this topic allows {self.shown}, NumPy, "
            f"{more}the standard library and your own files"
        )

    def _at(self, file: str, line: int) -> str:
        return f"{file[len(self.home) :]}:{line}"


class Loaded(types.ModuleType):
    """A module that the framework has loaded, and that most topics do not allow."""

    rule: ClassVar[Imports | None] = None
    newest: ClassVar[list[str]] = []

    def __getattribute__(self, name: str) -> Any:
        if Loaded.rule is not None and not name.startswith("__"):
            Loaded.rule.refuse_loaded(types.ModuleType.__getattribute__(self, "__name__"))
        return types.ModuleType.__getattribute__(self, name)


def close_loaded(framework: str) -> None:
    """Guard the modules that a framework has loaded, however a submission gets hold of them.

    A second call looks only at modules loaded since the first. In a forked process, looking at all of
    them would copy their memory.
    """
    own = FRAMEWORKS.get(framework, (framework, {framework}))[1] | ALWAYS
    new = list(takewhile(lambda name: name not in Loaded.newest, reversed(sys.modules)))
    Loaded.newest = new[:1] or Loaded.newest
    for name in new:
        module = sys.modules[name]
        first = name.partition(".")[0]
        inner = name.startswith(INNER.get(framework, ()))
        if type(module) is types.ModuleType and not (
            (first in own and not inner)
            or first in sys.stdlib_module_names
            or not is_installed(str(getattr(module, "__file__", "")))
        ):
            module.__class__ = Loaded


def _package(file: str) -> str:
    """The name of the installed module in a file."""
    inside = Path(file.replace("dist-packages", "site-packages").rpartition("site-packages")[2])
    parts = [part for part in inside.with_suffix("").parts if part not in ("/", "__init__")]
    return ".".join(parts)


@cache
def _tries(file: str) -> tuple[tuple[int, int], ...]:
    """(first line, last line) of the bodies of `try` statements in a file."""
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
