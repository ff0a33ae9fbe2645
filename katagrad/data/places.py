"""The folders that are searched for the files of a full-size data set.

In this order: the folder that KATAGRAD_DATA names, Debian's /usr/share/datasets, the user's
cache folder. A place counts for a set when it holds every file of it, each as published or
already decompressed. Only the cache folder is ever written to.
"""

from __future__ import annotations

import os
from pathlib import Path

from katagrad.data.content import check_content, is_reduced, read_content
from katagrad.data.errors import DataMissing
from katagrad.data.photographs import decodes
from katagrad.data.registry import DataSet, RemoteFile, data_set

SYSTEM_FOLDER = Path("/usr/share/datasets")


def cache_folder() -> Path:
    """Return the folder that downloads go to: KATAGRAD_CACHE, or the platform's cache folder."""
    if chosen := os.environ.get("KATAGRAD_CACHE"):
        return Path(chosen).expanduser()
    import pooch

    return Path(pooch.os_cache("katagrad")) / "data"


def places() -> dict[str, Path]:
    """Return the folders to search, in order, by the names that messages use."""
    found = {}
    if chosen := os.environ.get("KATAGRAD_DATA"):
        found["KATAGRAD_DATA"] = Path(chosen).expanduser()
    found["system"] = SYSTEM_FOLDER
    found["cache"] = cache_folder()
    return found


def available(name: str) -> bool:
    """Return whether every file of the set is in one place. Opens no file, checks no content."""
    rows = data_set(name)
    return any(not missing(rows, place / rows.folder) for place in places().values())


def readable(name: str) -> bool:
    """Return whether the set is available and, where it is photos, Pillow is there to decode them."""
    return available(name) and (decodes() or not photographic(name))


def photographic(name: str) -> bool:
    """Return whether the set lies here as photos. Raises DataMissing where it is not here."""
    rows, folder = data_set(name), locate(name)
    return any(_path(name, file, folder).name == file.photos for file in rows.files)


def locate(name: str) -> Path:
    """Return the folder that holds every file of the set; checks no content.

    Raises DataMissing, which says where it looked and which command gets the set.
    """
    rows = data_set(name)
    looked = [] if os.environ.get("KATAGRAD_DATA") else ["KATAGRAD_DATA: not set"]
    for label, place in places().items():
        folder = place / rows.folder
        lacking = missing(rows, folder)
        if not lacking:
            return folder
        looked.append(f"{folder} ({label}): {_shortfall(rows, lacking)}")
    raise DataMissing.of(rows.name, rows.title, looked)


def read(name: str, file: RemoteFile) -> bytes:
    """Return the content of one file of the set, decompressed and checked.

    Raises DataMissing and DataCorrupt.
    """
    path = _path(name, file, locate(name))
    return read_content(path, file, remedy(name, path))


def verify(name: str) -> Path:
    """Return the folder that holds the set, after every file in it passed its checksum.

    Raises DataMissing and DataCorrupt.
    """
    folder = locate(name)
    for file in data_set(name).files:
        path = _path(name, file, folder)
        check_content(path, file, remedy(name, path))
    return folder


def edition(name: str) -> str:
    """Return "official" or "reduced", for a report to say which data graded.

    Reads every file. Raises DataMissing and DataCorrupt.
    """
    folder = verify(name)
    files = [file for file in data_set(name).files if file.reduced is not None]
    reduced = any(is_reduced(_path(name, file, folder), file) for file in files)
    return "reduced" if reduced else "official"


def missing(rows: DataSet, folder: Path) -> list[RemoteFile]:
    """Return the files of the set that `folder` lacks."""
    return [file for file in rows.files if present(file, folder) is None]


def present(file: RemoteFile, folder: Path) -> Path | None:
    """Return the path of `file` in `folder`, as published, decompressed or as photos, or None."""
    names = [file.name, file.name.removesuffix(".gz")] if file.gzipped else [file.name]
    names += [file.photos] if file.photos else []
    return next((folder / name for name in names if (folder / name).is_file()), None)


def remedy(name: str, path: Path) -> str:
    """Return what to do about a corrupt file at `path`."""
    if cache_folder() in path.parents:
        return f"Fetch it again with `kata data get {name}`."
    return (
        f"Replace that file, or move it away and get the set with `kata data get {name}`; "
        "katagrad does not write to that folder."
    )


def _path(name: str, file: RemoteFile, folder: Path) -> Path:
    path = present(file, folder)
    if path is None:  # another process removed it since `locate` saw it
        raise DataMissing.of(name, data_set(name).title, [f"{folder}: {file.name} has gone"])
    return path


def _shortfall(rows: DataSet, lacking: list[RemoteFile]) -> str:
    if len(lacking) == len(rows.files):
        return "none of its files" if len(rows.files) > 1 else f"no {rows.files[0].name}"
    names = ", ".join(file.name for file in lacking)
    return f"{len(rows.files) - len(lacking)} of {len(rows.files)} files, without {names}"
