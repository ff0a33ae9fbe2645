"""Place the files of a submission, import its own, and read what it wrote, as bytes, within bounds."""

from __future__ import annotations

import importlib
import os
import stat
import sys
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any


def collect(top: Path, most_files: int, most_bytes: int) -> dict[str, Any]:
    """The file `top`, or all files below the folder `top`.

    Returns {"files": {path: content}, "odd": what cannot be handed over, or ""}. Paths are relative to the folder of
    `top`. Only regular files and folders are accepted: a link could lead out of the folder.
    """
    found: dict[str, bytes] = {}
    left = most_bytes
    waiting = [top]
    while waiting:
        path = waiting.pop()
        name = path.relative_to(top.parent).as_posix()
        about = path.lstat()
        if stat.S_ISDIR(about.st_mode):
            waiting += sorted(path.iterdir(), reverse=True)
            if len(waiting) > most_files:
                return {"files": {}, "odd": f"{name} has more than {most_files} files"}
            continue
        if not stat.S_ISREG(about.st_mode):
            kind = "a symbolic link" if stat.S_ISLNK(about.st_mode) else "no regular file"
            return {"files": {}, "odd": f"{name} is {kind}"}
        if about.st_size > left or len(found) == most_files:
            bounds = f"{most_files} files of {most_bytes >> 20} MiB together"
            return {"files": {}, "odd": f"{top.name} is larger than {bounds}"}
        with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            found[name] = file.read(left)
        left -= len(found[name])
    return {"files": found, "odd": ""}


def place(home: Path, files: dict[str, bytes]) -> str:
    """Write files into the folder `home`. Returns its path. Raises ValueError for a name that leads out of it."""
    for name, content in files.items():
        path = home / name
        if ".." in path.parts or not path.is_relative_to(home):
            raise ValueError(f"the file name {name!r} leads out of the folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return str(home)


class Own:
    """Finds a module in a file of its own. Python prefers a package or a compiled module that lies beside it."""

    def __init__(self, module: str, file: Path) -> None:
        self.module, self.file = module, file

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002
        """What Python asks of every finder."""
        return spec_from_file_location(name, self.file) if name == self.module else None


def imported(module: str, home: Path) -> ModuleType:
    """Import a module of the folder `home` from the file that carries its name, which is what was read and judged."""
    finder: Any = Own(module, home / f"{module}.py")
    sys.meta_path.insert(0, finder)
    try:
        return importlib.import_module(module)
    finally:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
