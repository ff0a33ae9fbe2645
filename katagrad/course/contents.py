"""What was handed in, as files in memory: folders, archives inside folders, notebooks as Python files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from katagrad.course.archives import Reader
from katagrad.course.names import fold
from katagrad.course.traces import ARCHIVES
from katagrad.errors import SubmissionProblem
from katagrad.grading.folders import read_folder
from katagrad.text import one_line
from katagrad.worker.unpack import ALLOWED, MAX_FILE, MAX_FILES, MAX_FOLDER, Unfit, check_name

# An archive may hold archives, and no more than that.
MAX_DEPTH = 2


@dataclass(frozen=True)
class Notebook:
    """A notebook: the Python file that it amounts to, and what it says of itself."""

    text: bytes
    about: Mapping[str, Any]


@dataclass
class Contents:
    """Files by path. problems: a sentence for each that could not be opened. order: of files that follow others."""

    files: dict[str, bytes] = field(default_factory=dict)
    notebooks: dict[str, Notebook] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    order: dict[str, int] = field(default_factory=dict)


def read_contents(parts: Iterable[tuple[str, Path, int]], reader: Reader) -> Contents:
    """Read the parts of one submission: (name, path, order); name "" for a folder or an archive that is all of it.

    Raises SubmissionProblem where nothing of it can be used, and OSError.
    """
    found = Contents()
    for name, path, order in parts:
        # Read now, so that a folder that changes while others are graded does no harm.
        if path.is_dir():
            inner = read_folder(path, whole=True)
        elif not path.is_file():  # to open a pipe would wait for ever
            raise SubmissionProblem("is no regular file; hand in the file itself")
        elif fold(path.name).endswith(ARCHIVES):
            inner = without_wrapper(reader.read(path)) if not name else reader.read(path)
        else:
            with path.open("rb") as file:
                inner = {name or path.name: file.read(MAX_FILE + 1)}
            if len(inner[name or path.name]) > MAX_FILE:
                raise SubmissionProblem(f"is too large at {path.name!r}: {ALLOWED}")
            name = ""
        for inside, content in inner.items():
            place = f"{name}/{inside}" if name else inside
            newer = order > found.order.get(place, 0)
            if found.files.get(place, content) != content and not newer:
                continue
            found.files[place] = content
            found.order[place] = order
    _open_archives(found, reader)
    check_paths(found.files)
    for place, content in found.files.items():
        if place.lower().endswith(".ipynb"):
            try:
                made = reader.read_bytes(place, content)
                about = json.loads(made["about.json"])
                found.notebooks[place] = Notebook(
                    made["notebook.py"], about if isinstance(about, dict) else {}
                )
            except (SubmissionProblem, ValueError, KeyError) as error:
                found.problems[place] = one_line(f"{place!r} {error}")
    return found


def _open_archives(found: Contents, reader: Reader) -> None:
    for _ in range(MAX_DEPTH):
        packed = [
            p for p in found.files if p.lower().endswith(ARCHIVES) and p not in found.problems
        ]
        for place in packed:
            try:
                inner = reader.read_bytes(place, found.files[place])
            except SubmissionProblem as error:
                found.problems[place] = one_line(f"{place!r} {fault(error)}")
                continue
            order = found.order.pop(place, 0)
            del found.files[place]
            for inside, content in inner.items():
                found.files[f"{place}/{inside}"] = content
                found.order[f"{place}/{inside}"] = order
            if (
                len(found.files) > MAX_FILES
                or sum(len(content) for content in found.files.values()) > MAX_FOLDER
            ):
                raise SubmissionProblem(f"is too large at {place!r}: {ALLOWED}")
    for place in found.files:
        if place.lower().endswith(ARCHIVES) and place not in found.problems:
            found.problems[place] = one_line(
                f"{place!r} is not opened, as it lies in more than {MAX_DEPTH} archives; hand in one"
            )


def without_wrapper(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Drop a folder that wraps everything, as archives made by a file manager have it."""
    tops = {name.split("/", 1)[0] for name in files}
    if len(tops) == 1 and all("/" in name for name in files):
        return {name.split("/", 1)[1]: data for name, data in files.items()}
    return dict(files)


def fault(error: Exception) -> str:
    """What is wrong with a file or an archive. Continues a sentence that begins with its name."""
    return str(error) if isinstance(error, SubmissionProblem) else f"cannot be read: {error}"


def check_paths(files: Mapping[str, bytes]) -> None:
    """Raise SubmissionProblem for paths that cannot stand side by side, or not on every system."""
    seen: dict[str, tuple[str, bool]] = {}
    for name in files:
        path = PurePosixPath(name)
        try:
            check_name(path)
        except Unfit as problem:
            raise SubmissionProblem(str(problem)) from None
        for place in (*path.parents, path):
            spelling, is_file = place.as_posix(), place == path
            before, was_file = seen.setdefault(fold(spelling), (spelling, is_file))
            if before != spelling:
                raise SubmissionProblem(
                    f"holds {before!r} and {spelling!r}, which differ only in capitals or in Unicode form"
                )
            if is_file != was_file:
                raise SubmissionProblem(f"holds {spelling!r} as a file and as a folder")
