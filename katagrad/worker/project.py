"""Serve the benchmarks of somebody's own project: its folder, its modules, and the file that times them."""

from __future__ import annotations

import ast
import importlib
import linecache
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from katagrad.worker.wire import Handle

# Results that the driver receives; all others stay here.
PLAIN = (bool, int, float, str, type(None))


class Missing:
    """Stands for a name that a revision lacks. found: what `Projects.lacking` says."""

    def __init__(self, found: dict[str, str]) -> None:
        self.found = found

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise ImportError(self.found["lacks"], name=self.found["module"])


class Projects:
    """The requests about a project. A mixin of `katagrad.worker.session.Session`."""

    adapter: Any
    held: dict[int, Any]
    # Folders of the project from which modules are imported.
    own_paths: tuple[str, ...] = ()
    benchmarks: ModuleType | None = None

    def do_project(
        self, root: str, paths: list[str], others: list[str], module: str, file: str, source: str
    ) -> dict[str, str]:
        """Enter a project, and load the file of benchmarks, whose text is the driver's.

        root: the working folder from now on. paths: folders inside it that come first in imports; others: folders
        that come last. Returns {}, or what `lacking` says.
        """
        session: Any = self
        session.home = Path(root)
        os.chdir(root)
        self.own_paths = tuple(paths)
        sys.path[:0] = paths
        sys.path += [path for path in others if path not in sys.path]
        importlib.invalidate_caches()
        made = ModuleType(module)
        made.__file__, made.__package__ = file, module.rpartition(".")[0]
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        sys.modules[module] = self.benchmarks = made
        try:
            exec(compile(source, file, "exec"), made.__dict__)
        except ImportError as error:
            found = self.lacking(error)
            if not found:
                raise
            # One new import must not hide the benchmarks that do without it.
            try:
                self.load_without(source, file, made)
            except ImportError:
                return found
        return {}

    def load_without(self, source: str, file: str, made: ModuleType) -> None:
        """Run a file whose imports may fail for want of a part of the project: what lacks is `Missing`."""

        def bring(node: ast.stmt) -> None:
            names = made.__dict__
            try:
                exec(compile(ast.Module([node], []), file, "exec"), names)
            except ImportError as error:
                found = self.lacking(error)
                if not found:
                    raise
                for alias in node.names:  # type: ignore[attr-defined]
                    names[alias.asname or alias.name.partition(".")[0]] = Missing(found)

        kept = dict(made.__dict__)
        made.__dict__.clear()
        made.__dict__.update({k: v for k, v in kept.items() if k.startswith("__")})
        for node in ast.parse(source, file).body:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    bring(ast.copy_location(ast.Import([alias]), node))
            elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
                for alias in node.names:
                    bring(ast.copy_location(ast.ImportFrom(node.module, [alias], node.level), node))
            else:
                exec(compile(ast.Module([node], []), file, "exec"), made.__dict__)

    def do_find(self, module: str, name: str) -> Handle | dict[str, str]:
        """The object that a module holds under a dotted name; what `lacking` says if there is none."""
        session: Any = self
        try:
            value: Any = self.benchmarks
            if value is None or value.__name__ != module:
                value = importlib.import_module(module)
        except ImportError as error:
            found = self.lacking(error)
            if not found:
                raise
            return found
        for part in name.split("."):
            if isinstance(value, Missing):
                break
            if not hasattr(value, part):
                return {"lacks": f"{module} has no {name}", "module": module}
            value = getattr(value, part)
        if isinstance(value, Missing):
            return value.found
        handle: Handle = session.hold(value)
        return handle

    def do_produce(self, target: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Call a function. Numbers and texts are returned; anything else stays here."""
        session: Any = self
        named = {key: session.lift(value) for key, value in kwargs.items()}
        result = session.resolve(target)(*map(session.lift, args), **named)
        return result if type(result) in PLAIN else session.hold(result)

    def do_origins(self) -> list[str]:
        """The files of all loaded modules that lie in the project's folders."""
        files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
        return sorted({str(file) for file in files if file})

    def lacking(self, error: ImportError) -> dict[str, str]:
        """{"lacks": message, "module": name} if an import failed for want of a part of the project; else {}."""
        top = (error.name or "").partition(".")[0]
        ours = top and any(
            (Path(path) / top).is_dir() or (Path(path) / f"{top}.py").is_file()
            for path in self.own_paths
        )
        # Without the file's path: that of a checkout which will be gone.
        said = str(error).removesuffix(f" ({error.path})")
        return {"lacks": said, "module": str(error.name)} if ours else {}
