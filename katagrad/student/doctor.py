"""`kata doctor`: what is wrong with an installation, and the line that mends it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from packaging.requirements import Requirement

from katagrad import data
from katagrad.boundary.process import Pool
from katagrad.errors import BadOption, NotGraded
from katagrad.isolation.sandbox import Unavailable
from katagrad.isolation.sandbox import find as find_sandbox
from katagrad.student.standing import load
from katagrad.student.workspace import STATE, Workspace, find, former
from katagrad.topics import FRAMEWORKS, installed, root

OK, NOTE, WRONG = "ok", "note", "wrong"
# Bytes on the disk below which there is a word about it.
LITTLE = 1 << 30


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. level: "wrong" keeps katagrad from working. remedy: the line that mends it."""

    subject: str
    level: str
    found: str
    remedy: str = ""


def examine(folder: Path | None = None, start: bool = True) -> Iterator[Finding]:
    """Everything, in the order in which it should be mended. start: also start a worker of each framework."""
    yield python(sys.version_info[:2])
    yield from frameworks(start)
    workspace = find(folder)
    yield place(workspace)
    if workspace is not None:
        yield progress(workspace)
        yield editor(workspace)
    yield datasets()
    yield isolation()
    yield room(Path.cwd())
    yield terminal()


def python(version: tuple[int, ...]) -> Finding:
    """The Python that runs katagrad."""
    shown = ".".join(map(str, version))
    if (3, 10) <= version[:2] <= (3, 13):
        return Finding("Python", OK, f"{shown} in {sys.prefix}")
    remedy = "python3.12 -m venv .venv, then install katagrad into that"
    return Finding("Python", WRONG, f"{shown}; katagrad needs 3.10 to 3.13", remedy)


def requirements(extra: str) -> list[Requirement]:
    """What an extra of katagrad asks for here, beside the base."""
    try:
        listed = map(Requirement, importlib.metadata.requires("katagrad") or ())
    except importlib.metadata.PackageNotFoundError:
        return []
    return [
        one
        for one in listed
        if one.marker
        and one.marker.evaluate({"extra": extra})
        and not one.marker.evaluate({"extra": ""})
    ]


def frameworks(start: bool) -> Iterator[Finding]:
    """Each framework, and whether a worker can import it; wrong where there is none at all."""
    there = installed()
    for name in FRAMEWORKS:
        remedy = f"pip install 'katagrad[{name}]'"
        if name not in there:
            level = NOTE if there else WRONG
            yield Finding(
                name, level, "not installed" + ("; one is enough" if there else ""), remedy
            )
            continue
        yield _versions(name, remedy) or (
            _started(name, remedy) if start else Finding(name, OK, "")
        )


def _versions(name: str, remedy: str) -> Finding | None:
    for one in requirements(name):
        try:
            version = importlib.metadata.version(one.name)
        except importlib.metadata.PackageNotFoundError:
            return Finding(name, WRONG, f"it needs {one.name}, which is not installed", remedy)
        if not one.specifier.contains(version, prereleases=True):
            found = f"{one.name} is {version}, but katagrad needs {one.specifier}"
            return Finding(name, WRONG, found, remedy)
    return None


def _started(name: str, remedy: str) -> Finding:
    pool = Pool()
    try:
        version = pool.versions(name)[name]
    except NotGraded as reason:
        again = remedy.replace("install", "install --force-reinstall", 1)
        return Finding(name, WRONG, str(reason), again)
    finally:
        pool.close()
    return Finding(name, OK, f"{version}; a worker imports it")


def place(workspace: Workspace | None) -> Finding:
    """The folder that one is in."""
    lost = former() if workspace is None else None
    if lost is not None:
        found = f"{lost} lacks its hidden folder {STATE}"
        return Finding("workspace", WRONG, found, f"kata init {quote(str(lost))}")
    if workspace is None:
        return Finding("workspace", NOTE, "this folder is in none", "kata init DIR")
    missing = [t.name for t in workspace.topics.values() if not workspace.file(t).is_file()]
    if missing:
        names = ", ".join(f"{name}.py" for name in missing[:3])
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        own = (workspace.state / "workspace.json").is_file()
        remedy = f"kata init {quote(str(workspace.folder))}" if own else f"kata reset {missing[0]}"
        return Finding("workspace", NOTE, f"{names}{more} are missing in exercises/", remedy)
    places = (workspace.folder, workspace.exercises, workspace.state)
    if not all(os.access(place, os.W_OK) for place in places if place.exists()):
        remedy = f"chmod -R u+w {quote(str(workspace.folder))}"
        return Finding("workspace", WRONG, f"{workspace.folder} cannot be written", remedy)
    return Finding("workspace", OK, str(workspace.folder))


def progress(workspace: Workspace) -> Finding:
    """What is kept of the student's progress."""
    try:
        kept = load(workspace)
    except BadOption as error:
        path = workspace.shown(workspace.state / "progress.json")
        remedy = f"mv {quote(path)} {quote(path + '.old')}"
        return Finding("progress", WRONG, str(error), remedy)
    done = sum(one.done for one in kept.topics.values())
    return Finding("progress", OK, f"{done} of {len(workspace.topics)} topics done")


def editor(workspace: Workspace) -> Finding:
    """The files that let pytest and an editor's test explorer check the exercises."""
    lacking = [name for name in ("conftest.py",) if not (workspace.folder / name).is_file()]
    if workspace.folder == root() or not lacking:
        return Finding("editor", OK, "pytest and test explorers find the exercises")
    found = f"{', '.join(lacking)} is missing: pytest does not know the exercises"
    return Finding("editor", WRONG, found, f"kata init {quote(str(workspace.folder))}")


def datasets() -> Finding:
    """The full-size data sets, which are optional."""
    rows = data.list_status()
    broken = [row.name for row in rows if row.state in ("corrupt", "partial")]
    if broken:
        return Finding(
            "data", WRONG, f"{broken[0]} is broken or not whole", f"kata data get {broken[0]}"
        )
    named = os.environ.get("KATAGRAD_DATA")
    if named and not Path(named).expanduser().is_dir():
        found = f"KATAGRAD_DATA names {named}, which is no folder"
        return Finding("data", NOTE, found, "unset KATAGRAD_DATA")
    there = [row.name for row in rows if row.state in ("whole", "present")]
    if not there:
        return Finding("data", NOTE, "embedded sets only, which is enough", "kata data get mnist")
    return Finding("data", OK, f"embedded sets, and {', '.join(there)}")


def isolation() -> Finding:
    """What courses grade others' code with; a student's own does without."""
    try:
        find_sandbox()
    except Unavailable as reason:
        remedy = "apt install bubblewrap (only to grade other people's code)"
        return Finding("isolation", NOTE, str(reason), remedy)
    return Finding("isolation", OK, "bubblewrap works")


def room(folder: Path) -> Finding:
    """The disk."""
    free = shutil.disk_usage(folder).free
    if free < LITTLE:
        return Finding("disk", NOTE, f"{free >> 20} MiB are free", "delete what you do not need")
    return Finding("disk", OK, f"{free >> 30} GiB are free")


def terminal() -> Finding:
    """Whether `kata watch` can read keys, and what the terminal can show."""
    encoding = sys.stdout.encoding or "unknown"
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return Finding("terminal", NOTE, f"none here ({encoding}): `kata watch` reads no keys")
    width = shutil.get_terminal_size().columns
    if width < 80:
        return Finding("terminal", NOTE, f"{width} columns", "make it 80 columns wide")
    return Finding("terminal", OK, f"{width} columns, {encoding}")
