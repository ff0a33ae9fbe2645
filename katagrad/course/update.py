"""Handing out into a folder that may hold work: a file that was changed since it was handed out is never touched."""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from katagrad.course.handout import zipped
from katagrad.errors import BadOption
from katagrad.files import write_bytes

# What was handed out: a hash of each file, by path.
MANIFEST = ".handout.json"
# What reading a damaged zip raises.
UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
)


@dataclass
class Changes:
    """What a hand-out did to a folder. kept: changed by somebody, and left alone."""

    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


def digest(content: bytes) -> str:
    """A hash of a file as it was handed out; line ends that an editor or git changed make no difference."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


def with_manifest(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files, and the list of them."""
    listed = {name: digest(content) for name, content in sorted(files.items())}
    text = json.dumps({"schema": "katagrad/handout/v1", "files": listed}, indent=1) + "\n"
    return {**files, MANIFEST: text.encode()}


def write_folder(files: Mapping[str, bytes], out: Path) -> Changes:
    """Write a hand-out to a folder, which may hold an earlier one and work. Raises BadOption and OSError.

    A file is written if it is missing or as it was handed out. One that an earlier hand-out wrote and this one does
    not have goes, unless it was changed.
    """
    if out.exists() and not out.is_dir():
        raise BadOption(f"--out {out} is a file; name a folder, or a new .zip")
    before = _manifest(out)
    for name in (*files, *before):  # before any is written
        _place(out, name)
    done = Changes()
    for name, content in files.items():
        path = _place(out, name)
        there = path.read_bytes() if path.is_file() else None
        if there is not None and digest(there) == digest(content):
            continue
        if path.is_dir() or (there is not None and before.get(name) != digest(there)):
            done.kept.append(name)
            continue
        write_bytes(path, content)
        done.written.append(name)
    for name, digest_before in before.items():
        path = _place(out, name)
        if name not in files and path.is_file():
            if digest(path.read_bytes()) == digest_before:
                path.unlink()
                done.removed.append(name)
            else:
                done.kept.append(name)
    listed = with_manifest(files)[MANIFEST]
    write_bytes(out / MANIFEST, listed)
    return done


def write_zip(files: Mapping[str, bytes], out: Path) -> Changes:
    """Write a hand-out as a zip. Raises BadOption where another file is there that is no hand-out."""
    if out.exists() and not _is_handout(out):
        raise BadOption(f"--out {out} is there already, and is no hand-out; name another file")
    write_bytes(out, zipped(with_manifest(files)))
    return Changes(written=list(files))


def _is_handout(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return MANIFEST in archive.namelist()
    except UNREADABLE:
        return False


def read_zip(path: Path, given: Mapping[str, object] | None = None) -> dict[str, bytes]:
    """The files of a hand-out that came as a zip. Raises BadOption.

    given: options by name that say what is in a hand-out that is made; such a zip leaves no choice.
    """
    extra = [name for name, value in (given or {}).items() if value is not None]
    if extra:
        raise BadOption(
            f"{' and '.join(extra)} cannot be used with --from, which hands out what is in {path}"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            files = {n: archive.read(n) for n in archive.namelist() if not n.endswith("/")}
    except UNREADABLE as error:
        raise BadOption(f"--from {path} cannot be read: {error}") from None
    if MANIFEST not in files:
        raise BadOption(f"--from {path} is no hand-out of kata course handout")
    del files[MANIFEST]
    return files


def _place(out: Path, name: str) -> Path:
    """The place of a file. Raises BadOption for a path outside the folder, or through a link."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise BadOption(f"the hand-out contains {name[:100]!r}, which is outside its folder")
    place = out / path
    if not place.resolve().is_relative_to(out.resolve()):
        raise BadOption(f"{place} is a link that leads out of {out}; remove it")
    return place


def _manifest(out: Path) -> dict[str, str]:
    path = out / MANIFEST
    if not path.is_file():
        return {}
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
        return {str(name): str(written) for name, written in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadOption(
            f"{path} cannot be read; remove it, and every file that differs is left alone"
        ) from None
