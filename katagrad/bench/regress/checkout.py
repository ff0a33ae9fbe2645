"""Another revision of a folder, in a checkout and an environment of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from katagrad.data.places import cache_folder

PINS = ("pyproject.toml", "constraints.txt")


class Unavailable(Exception):
    """A revision or an environment is not available; the message says why, and what to do."""


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            capture_output=True,
            check=False,
            env=_outside_of_hooks(),
        )
    except FileNotFoundError:
        raise Unavailable(
            "git is not on the PATH; it is needed to check out another revision"
        ) from None
    if done.returncode:
        said = _text(os.fsdecode(done.stderr)).strip().splitlines()
        raise Unavailable(said[-1] if said else f"git {words[0]} ended with {done.returncode}")
    return os.fsdecode(done.stdout).strip()  # as this process spells the names of files


def _text(said: str) -> str:
    """What git said, for people: in UTF-8, whatever the locale."""
    return os.fsencode(said).decode("utf-8", "replace")


def _outside_of_hooks() -> dict[str, str]:
    """This process's variables without those by which a git hook names its repository.

    With them, a checkout of the other revision would move the head of the user's own repository.
    """
    kept = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH")
    return {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k in kept}


def top(folder: Path) -> Path:
    """The work tree that contains `folder`. Raises Unavailable if there is none."""
    try:
        return Path(_git(folder, "rev-parse", "--show-toplevel"))
    except Unavailable as reason:
        raise Unavailable(
            f"{folder} is not in a git work tree, so it has no other revision ({reason})"
        ) from None


def commit(tree: Path, revision: str) -> str:
    """The commit that `revision` names, forty hexadecimal digits. Raises Unavailable for an unknown name."""
    try:
        return _git(tree, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    except Unavailable:
        raise Unavailable(
            f"{revision} names no commit of {tree}; try a branch, a tag or HEAD~1 "
            "(a shallow clone has few commits: git fetch --unshallow)"
        ) from None


def differs(tree: Path, identity: str, folder: Path) -> bool:
    """Whether any file of the work tree below `folder` differs from a commit's, or is new and not ignored."""
    changed = _git(tree, "diff", "--name-only", identity, "--", str(folder))
    return bool(changed or _git(tree, "ls-files", "-o", "--exclude-standard", "--", str(folder)))


@dataclass(frozen=True)
class Revision:
    """A commit. id: forty hexadecimal digits. time: ISO 8601. subject: the first line of its message."""

    id: str
    time: str
    subject: str


def revisions(tree: Path, span: str, folder: Path) -> list[Revision]:
    """The commits of "OLD..NEW" that change `folder`, oldest first, after OLD itself; of a merge, its first parents.

    Raises Unavailable for a span of another form or from newer to older, and for names that are unknown.
    """
    old, dots, new = span.partition("..")
    if not dots or not old or new.startswith("."):
        raise Unavailable(
            f"{span!r} is no range of revisions; write it as v1.0..main or HEAD~20..HEAD"
        )
    ends = [commit(tree, old), commit(tree, new or "HEAD")]
    if ends[0] != ends[1] and _holds(tree, "merge-base", "--is-ancestor", ends[1], ends[0]):
        raise Unavailable(f"{new or 'HEAD'} is older than {old}; write the older revision first")
    form = "--format=%H%x09%cI%x09%s"
    log = ("log", "--encoding=UTF-8")
    start = _git(tree, *log, "-1", form, ends[0])
    between = _git(tree, *log, "--first-parent", "--reverse", form, "..".join(ends), "--", str(folder))  # fmt: skip
    lines = _text("\n".join([start, between])).strip().split("\n")
    return [Revision(*line.split("\t", 2)) for line in lines]


def check_out(tree: Path, identity: str, target: Path) -> None:
    """Write the files of a commit to `target`, as a clone of its own: `tree` is left as it is.

    Submodules that `tree` has are taken from there. Raises Unavailable if one lacks the commit that is wanted.
    """
    _git(tree, "clone", "--quiet", "--shared", "--no-checkout", str(tree), str(target))
    _git(target, "checkout", "--quiet", "--detach", identity)
    for line in _git(target, "ls-tree", "-r", "-z", identity).split("\0"):
        about, _, path = line.partition("\t")
        if not about.startswith("160000 ") or not (tree / path / ".git").exists():
            continue
        wanted = about.split()[2]
        try:
            _git(tree / path, "cat-file", "-e", f"{wanted}^{{commit}}")
        except Unavailable:
            raise Unavailable(
                f"the submodule {path} has no commit {wanted[:12]}, which {identity[:12]} needs: "
                f"git -C {path} fetch"
            ) from None
        check_out(tree / path, wanted, target / path)


def ignored(folder: Path, file: Path) -> bool:
    """Whether git ignores a file, so that no checkout has it."""
    return _holds(folder, "check-ignore", "--quiet", "--", str(file))


def _holds(folder: Path, *words: str) -> bool:
    """Whether git ends with status 0; False also where `folder` is in no work tree."""
    try:
        _git(folder, *words)
    except Unavailable:
        return False
    return True


def pins(tree: Path) -> dict[str, bytes]:
    """The files that pin the libraries of a checkout."""
    return {name: (tree / name).read_bytes() for name in PINS if (tree / name).is_file()}


def environment(tree: Path, framework: str) -> Path:
    """The interpreter of an environment with the libraries that `tree` pins; kept for the next run.

    Raises Unavailable with the last line that the installer said.
    """
    wanted = pins(tree)
    if "pyproject.toml" not in wanted:
        raise Unavailable(f"{tree} has no pyproject.toml that says what to install")
    parts = [f"{sys.version}{sys.platform}{framework}".encode(), *wanted.values()]
    key = hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    kept = cache_folder() / "environments" / key
    if not _interpreter(kept).exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent, prefix="unfinished-") as room:
            made = Path(room) / "environment"
            _build(made, tree, framework, "constraints.txt" in wanted)
            try:
                made.replace(kept)  # whole or not at all; an interpreter can be moved
            except OSError:
                if not _interpreter(kept).exists():  # somebody else may have been first
                    shutil.rmtree(kept, ignore_errors=True)
                    made.replace(kept)
    return _interpreter(kept)


def _interpreter(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _build(folder: Path, tree: Path, framework: str, constrained: bool) -> None:
    _said([sys.executable, "-m", "venv", str(folder)])
    bound = ["--constraint", str(tree / "constraints.txt")] if constrained else []
    python = str(_interpreter(folder))
    _said([python, "-m", "pip", "install", "--quiet", *bound, f"{tree}[{framework}]"])


def _said(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        words = (done.stderr or done.stdout).strip().splitlines()
        errors = [line for line in words if line.startswith("ERROR")] or words
        raise Unavailable(
            "the environment of the other revision cannot be made: "
            + (errors[-1] if errors else f"{command[1]} ended with {done.returncode}")
            + " (--environment this times it with the libraries of now)"
        )
