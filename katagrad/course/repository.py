"""A hand-out as a git repository: what was written becomes one commit, and nobody's work is in it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from katagrad.course.update import MANIFEST, Changes
from katagrad.errors import BadOption

BRANCH = "main"  # of a repository that is made
MESSAGE = "Hand out exercises"
# Variables that a hook of git sets. They would name another repository.
PLACES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")


def require_place(out: Path) -> None:
    """Raise BadOption where `out` cannot be a git repository of its own."""
    if out.suffix.lower() == ".zip":
        raise BadOption("--commit needs a folder as --out; a zip is no git repository")
    there = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.is_dir())
    top = _top(there)
    if top is not None and top != out.resolve():
        raise BadOption(
            f"--out {out} lies in the git repository {top}, and would be a part of it; name a folder outside it"
        )


def commit(out: Path, files: Iterable[str], changes: Changes) -> str:
    """Commit the files of a hand-out as it wrote them, and what it removed; returns a line that says so.

    Nothing else is committed: what somebody staged or changed stays as it is. Makes a repository where `out` is none.
    Raises BadOption.
    """
    if _top(out) is None:
        _git(out, "init", "--quiet")
        _git(out, "symbolic-ref", "HEAD", f"refs/heads/{BRANCH}")
    written = [name for name in files if name not in changes.kept] + [MANIFEST]
    known = _git(out, "ls-files", "-z", "--", *changes.removed) if changes.removed else ""
    paths = [*written, *filter(None, known.split("\0"))]
    _git(out, "add", "--force", "--", *written)
    if not _git(out, "status", "--porcelain", "--", *paths):
        return "nothing to commit"
    _git(out, "commit", "--quiet", "--message", MESSAGE, "--", *paths)
    return f"committed to {out}: {_git(out, 'rev-parse', '--short', 'HEAD')}"


def _top(folder: Path) -> Path | None:
    """The top of the repository that holds a folder, or None."""
    done = _run(folder, ["rev-parse", "--show-toplevel"])
    return Path(os.fsdecode(done.stdout).rstrip("\n")).resolve() if not done.returncode else None


def _git(folder: Path, *words: str) -> str:
    done = _run(folder, words)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").split("\n\n", 1)[0].split()
        raise BadOption(
            f"the files are written, but not committed: git {words[0]}: {' '.join(said)} "
            "(when this is solved, hand out again)"
        )
    return os.fsdecode(done.stdout).rstrip("\n")


def _run(folder: Path, words: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    # Paths are taken as they are. Otherwise, git would take a * in one for any text.
    clean = {name: value for name, value in os.environ.items() if name not in PLACES}
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *words],
            capture_output=True,
            check=False,
            env=clean | {"GIT_LITERAL_PATHSPECS": "1", "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise BadOption("git is not on the PATH; --commit needs it") from None
