"""Write a file whole or not at all, so that no reader sees part of it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_whole(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to a file beside `path`, then rename it. Missing folders are created.

    A file that is there keeps who may read and write it.

    An OSError is of `path`.
    """
    try:
        _write(path, content)
    except OSError as error:
        # Of the file that was meant, not of the one beside it.
        if error.errno is not None:
            error.filename, error.filename2 = str(path), None
        raise


def check_place(path: Path | None) -> None:
    """Raise the OSError that writing `path` would raise, before the work whose result it is to hold. None: no path."""
    if path is None:
        return
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        if error.errno is not None:
            error.filename, error.filename2 = str(path), None
        raise


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.parent / f".{path.name}.{secrets.token_hex(4)}"
    try:
        # As `open` makes it, not as `tempfile` does: who may read it is for the user's umask to say.
        with beside.open("xb") as file:
            file.write(content)
        with contextlib.suppress(OSError):
            beside.chmod(stat.S_IMODE(path.stat().st_mode))
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record as JSON, whole or not at all."""
    write_whole(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def target(text: str) -> Path:
    """What an option of a command names as its output.

    Raises typer.BadParameter for an empty text, which as a path would be the folder at hand.
    """
    if not text.strip():
        from typer import BadParameter

        raise BadParameter("it is empty; name a folder or a .zip, or . for the folder at hand")
    return Path(text)
