"""A student's folder: made from the installed package, and found again from anywhere inside it."""

from __future__ import annotations

import ast
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from shlex import quote
from typing import Any

from katagrad import __version__
from katagrad.errors import BadOption
from katagrad.files import write_json, write_whole
from katagrad.topics import FRAMEWORKS, Topic, installed, root, topics

STATE = ".katagrad"
SCHEMA = "katagrad/workspace/v1"
# How a student's file imports each framework.
IMPORTS = {"torch": "import torch", "tensorflow": "import tensorflow as tf"}

README = """\
# katagrad

Exercises in deep learning. In this folder, run

    kata              # where you stand, and what to do next
    kata watch        # check the present topic at every save
    kata list         # all topics
    kata hint         # the next of three hints

`pytest exercises/softmax.py` runs the same checks, and so does the test explorer of your editor.
docs/contract.md explains the words that all exercises share.
"""
# By its name in conftest.py, a workspace is known that lost its state.
PLUGIN = "katagrad.student.plugin"
CONFTEST = '''\
"""Lets pytest, and the test explorer of an editor, check the exercises."""

pytest_plugins = ["katagrad.pytest_plugin.plugin", "katagrad.student.plugin"]
'''
SETTINGS = """\
[pytest]
testpaths = exercises
addopts = --import-mode=importlib
"""
IGNORED = f"{STATE}/\n__pycache__/\n.pytest_cache/\n"
EDITOR = {
    "python.testing.pytestEnabled": True,
    "python.testing.unittestEnabled": False,
    "python.testing.pytestArgs": ["exercises"],
}


@dataclass(frozen=True)
class Workspace:
    """A folder with exercises/. framework: the one that it was made for, if any."""

    folder: Path
    framework: str | None = None

    @property
    def exercises(self) -> Path:
        """What the student edits, and what is graded."""
        return self.folder / "exercises"

    @property
    def state(self) -> Path:
        """Progress and backups."""
        return self.folder / STATE

    @cached_property
    def topics(self) -> dict[str, Topic]:
        """All topics in teaching order: the folder's own where it lists some, else those of the package."""
        own = (self.exercises / "topics.toml").is_file()
        return topics(self.folder if own and self.folder != root() else None)

    def file(self, topic: Topic) -> Path:
        """The student's file of a topic."""
        return self.exercises / f"{topic.name}.py"

    def shown(self, path: Path) -> str:
        """A path as the student would type it here."""
        try:
            return os.path.relpath(path)
        except ValueError:  # another drive of Windows
            return str(path)


def find(start: Path | None = None) -> Workspace | None:
    """The workspace that holds `start` (default: the working folder), or None."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        about = folder / STATE / "workspace.json"
        if about.is_file():
            return Workspace(folder, _framework(about))
        if (folder / "exercises" / "topics.toml").is_file():
            return Workspace(folder)
    return None


def require(start: Path | None = None) -> Workspace:
    """The workspace that holds `start`. Raises BadOption where there is none."""
    found = find(start)
    if found is None:
        lost = former(start)
        if lost is not None:
            shown = quote(os.path.relpath(lost, start or Path.cwd()))
            raise BadOption(
                f"{lost} lacks its hidden folder {STATE}, which holds the progress; copy it from where it was, or "
                f"make an empty one, which leaves your files as they are: kata init {shown}"
            )
        raise BadOption(
            "this folder is in no workspace; make one with `kata init DIR`, then `cd DIR`"
        )
    return found


def former(start: Path | None = None) -> Path | None:
    """The folder around `start` that was a workspace and lost its state, or None."""
    here = (start or Path.cwd()).resolve()
    return next((folder for folder in (here, *here.parents) if _was_one(folder)), None)


def _was_one(folder: Path) -> bool:
    """Whether a folder has a workspace's files without its hidden folder, which git and some copies leave out."""
    try:
        said = (folder / "conftest.py").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    own = (
        folder / "exercises" / "topics.toml"
    ).is_file()  # a clone of katagrad needs no hidden folder
    return PLUGIN in said and (folder / "exercises").is_dir() and not own


def _framework(about: Path) -> str | None:
    try:
        known = json.loads(about.read_text(encoding="utf-8"))["framework"]
    except (OSError, ValueError, KeyError, TypeError):
        return None  # only a convenience: the files say it, too
    return known if known in FRAMEWORKS else None


def _imported(exercises: Path) -> list[str]:
    """The frameworks that files of a workspace import, if it was one before."""
    text = "".join(
        path.read_text(encoding="utf-8", errors="replace") for path in exercises.glob("*.py")
    )
    lines = set(text.splitlines())
    return [framework for framework, line in IMPORTS.items() if line in lines]


@dataclass(frozen=True)
class Made:
    """What `create` did. written: names of stubs. kept: names of files of the student's that it left alone."""

    workspace: Workspace
    written: list[str]
    kept: list[str]


def create(folder: Path, framework: str | None = None) -> Made:
    """Make a workspace, or add to one the files that it lacks. A file that exists is left as it is.

    framework: stubs begin with its import; default: the one that is installed, if there is only one.
    Raises BadOption for a folder that holds something else.
    """
    folder = folder.resolve()
    about = folder / STATE / "workspace.json"
    _expect_room(folder, about)
    if framework is None and about.is_file():
        framework = _framework(about)
    elif framework is None:
        here = _imported(folder / "exercises") or installed()
        framework = here[0] if len(here) == 1 else None
    # First of all, so that a call that was interrupted can be repeated.
    record = {"schema": SCHEMA, "version": __version__, "framework": framework}
    write_json(about, record)
    made = Made(Workspace(folder, framework), [], [])
    for name, text in _around().items():
        if not (folder / name).exists():
            write_whole(folder / name, text)
    for topic in topics().values():
        path = made.workspace.file(topic)
        if path.exists():
            made.kept.append(topic.name)
        else:
            write_whole(path, stub(topic, framework))
            made.written.append(topic.name)
    return made


def _expect_room(folder: Path, about: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise BadOption(f"{folder} is a file; name a folder, which is made if it is not there")
    if (folder / "exercises" / "topics.toml").is_file():
        raise BadOption(f"{folder} has exercises already; run `kata` in it")
    if about.is_file() or not folder.is_dir() or _was_one(folder):
        return
    found = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    if found:
        raise BadOption(
            f"{folder} is not empty (it holds {found[0]!r}); name a new folder or an empty one"
        )


def _around() -> dict[str, str]:
    """What a workspace holds beside its stubs, by path."""
    words = root() / "docs" / "contract.md"
    found = {
        ".gitignore": IGNORED,
        "README.md": README,
        "conftest.py": CONFTEST,
        "pytest.ini": SETTINGS,
        ".vscode/settings.json": json.dumps(EDITOR, indent=2) + "\n",
    }
    if words.is_file():
        found["docs/contract.md"] = words.read_text(encoding="utf-8")
    return found


def stub(topic: Topic, framework: str | None) -> str:
    """The untouched file of a topic, which imports `framework` if there is one."""
    text = topic.contract.read_text(encoding="utf-8")
    return with_import(text, IMPORTS[framework]) if framework else text


def with_import(text: str, line: str) -> str:
    """`text` with a line below its docstring."""
    first: Any = ast.parse(text).body[0]
    lines = text.splitlines(keepends=True)
    return "".join([*lines[: first.end_lineno], f"\n{line}\n", *lines[first.end_lineno :]])
