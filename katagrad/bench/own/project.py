"""A project with benchmarks of its own: where its modules are, and which framework they use. Nothing of it is run."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# Imports that mean a framework.
MEANS = {
    **dict.fromkeys(("torch", "torchvision", "torchaudio", "lightning"), "torch"),
    **dict.fromkeys(("tensorflow", "keras", "tf_keras"), "tensorflow"),
}
FRAMEWORKS = ("torch", "tensorflow", "numpy")
# A file is one of ours if a benchmark in it takes the fixture.
ASKS = re.compile(r"^\s*def (bench|test)_\w*\([^)]*\bbench\b", re.MULTILINE)
# Modules of a project that are read in search of a framework.
MOST_FILES = 2_000


@dataclass(frozen=True)
class Project:
    """A checkout whose code is timed.

    root: pytest's root folder. paths: folders for imports inside it, relative to it, in order. others: folders for
    imports outside of it that an interpreter of its environment would not search.
    """

    root: Path
    paths: tuple[str, ...] = (".", "src")
    others: tuple[str, ...] = ()

    @property
    def folders(self) -> list[Path]:
        """The folders for imports that exist in this checkout."""
        found = (self.root / path for path in self.paths)
        return list(dict.fromkeys(path.resolve() for path in found if path.is_dir()))

    def module(self, name: str) -> Path | None:
        """The file of a module of the project; None if the project has no such module."""
        for folder in self.folders:
            path = folder.joinpath(*name.split("."))
            for file in (path.with_suffix(".py"), path / "__init__.py"):
                if file.is_file():
                    return file
        return None


@dataclass(frozen=True)
class Code:
    """A file of benchmarks. file: relative to the project's root. module: its name in pytest."""

    project: Project
    file: Path
    module: str
    source: str = field(repr=False, compare=False)
    framework: str = "numpy"

    @property
    def name(self) -> str:
        """How reports name it: "benchmarks/bench_model"."""
        return self.file.with_suffix("").as_posix()


def project_of(root: Path, file: Path) -> Project:
    """The project with a file of benchmarks, as this process imports from it."""
    root = root.resolve()
    installed = [Path(one).resolve() for one in {sys.prefix, sys.base_prefix, sys.exec_prefix}]
    inside, others = [file.resolve().parent], []
    for entry in sys.path:
        path = Path(entry or ".").resolve()
        if "site-packages" in path.parts or "dist-packages" in path.parts or not path.is_dir():
            continue
        # An environment may lie in the project, and a project in the folder that holds the environment.
        if any(path.is_relative_to(one) for one in installed if root != one):
            continue
        if path.is_relative_to(root):
            inside.append(path)
        else:
            others.append(str(path))
    paths = [path.relative_to(root).as_posix() for path in inside if path.is_relative_to(root)]
    return Project(root, tuple(dict.fromkeys([*paths, ".", "src"])), tuple(others))


def frameworks(project: Project, file: Path, source: str) -> set[str]:
    """The frameworks that a file of benchmarks and the project's modules behind it import."""
    found: set[str] = set()
    seen: set[Path] = {file}
    waiting = [(file, source)]
    while waiting and len(seen) < MOST_FILES:
        path, text = waiting.pop()
        for name in _imports(text, path, project):
            top = name.partition(".")[0]
            if top in MEANS:
                found.add(MEANS[top])
                continue
            # "a.b.c" may be the module a.b with a name c; and a and a.b are imported, too.
            parts = name.split(".")
            for count in range(1, len(parts) + 1):
                inner = project.module(".".join(parts[:count]))
                if inner is not None and inner not in seen:
                    seen.add(inner)
                    waiting.append((inner, inner.read_text(encoding="utf-8-sig", errors="replace")))
    return found


def _imports(text: str, file: Path, project: Project) -> Iterator[str]:
    """The dotted names that a file imports, anywhere in it."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = _package(file, node.level, project) if node.level else ""
            start = ".".join(part for part in (above, node.module or "") if part)
            yield from (f"{start}.{alias.name}" if start else alias.name for alias in node.names)


def _package(file: Path, level: int, project: Project) -> str:
    """The package that `level` dots mean in a file."""
    folder = file.parent
    for _ in range(level - 1):
        folder = folder.parent
    for path in project.folders:
        if folder.resolve().is_relative_to(path):
            return ".".join(folder.resolve().relative_to(path).parts)
    return ""


def one_framework(found: set[str], asked: str | None, name: str) -> str:
    """The framework of a file. Raises ValueError, with what to do, if it imports two and none was asked for."""
    if asked:
        return asked
    if len(found) > 1:
        names = " and ".join(sorted(found))
        raise ValueError(
            f"{name} imports {names}, and a worker has one framework: mark the benchmark with "
            '@pytest.mark.bench(framework="torch"), or pass --bench-framework'
        )
    return next(iter(found), "numpy")


def is_ours(file: Path, source: str | None = None) -> bool:
    """Whether a file `bench_*.py` has a benchmark that takes the fixture `bench`."""
    if not file.name.startswith("bench_") or file.suffix != ".py":
        return False
    try:
        text = file.read_text(encoding="utf-8-sig", errors="replace") if source is None else source
    except OSError:
        return False
    return ASKS.search(text) is not None
