"""The files of a submission's folder, read whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from katagrad.errors import SubmissionProblem
from katagrad.worker.unpack import ALLOWED, MAX_FILE, MAX_FILES, MAX_FOLDER, MAX_MEMBERS, SKIPPED


def read_folder(folder: Path, whole: bool = False) -> dict[str, bytes]:
    """Contents by path. Raises SubmissionProblem where the folder is too large, or a file cannot be read.

    whole: also where a folder below cannot be listed, which a student's own may be, such as lost+found.
    """
    found: dict[str, bytes] = {}
    total = 0
    try:
        for path in _walk(folder, _refuse if whole else None):
            name = path.relative_to(folder).as_posix()
            try:
                size = path.stat().st_size
                content = path.read_bytes() if size <= MAX_FILE else b""
            except FileNotFoundError:
                continue  # an editor is just replacing it
            total += size
            if size > MAX_FILE or total > MAX_FOLDER or len(found) >= MAX_FILES:
                raise SubmissionProblem(
                    f"{folder.name}/ is too large to grade: stopped at {name}, after {total >> 20} MiB "
                    f"in {len(found) + 1} files ({ALLOWED}); move data elsewhere"
                )
            found[name] = content
    except OSError as error:
        name = Path(str(error.filename or folder)).name
        raise SubmissionProblem(
            f"{folder.name}/ cannot be read: {error.strerror or error}, at {name!r}; change its permissions"
        ) from None
    return found


def _walk(folder: Path, refuse: Callable[[OSError], None] | None) -> Iterator[Path]:
    """Regular files in `folder`, without links, hidden folders and environments, in a fixed order.

    Raises SubmissionProblem where there are too many names to look at.
    """
    seen = 0
    for path, names, files in os.walk(folder, onerror=refuse):
        here = Path(path)
        seen += len(names) + len(files)
        if seen > MAX_MEMBERS:
            raise SubmissionProblem(
                f"{folder.name}/ is too large to grade: more than {MAX_MEMBERS:,} files and folders"
            )
        names[:] = sorted(
            n
            for n in names
            if not n.startswith(".") and n not in SKIPPED and not (here / n).is_symlink()
        )
        if (here / "pyvenv.cfg").exists():
            names[:] = []
            continue
        for name in sorted(files):
            file = here / name
            if (
                not name.startswith(".")
                and not name.endswith((".pyc", ".pyo"))
                and not file.is_symlink()
                and file.is_file()
            ):
                yield file


def _refuse(error: OSError) -> None:
    """What cannot be listed is not taken for empty."""
    raise error
