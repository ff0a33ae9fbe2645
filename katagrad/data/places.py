"""Where the files of a full-size data set are looked for, and how they are read.

In this order: the folder that KATAGRAD_DATA names, Debian's /usr/share/datasets, the user's
cache folder. A place counts for a set when it holds every file of it, each as published or
already decompressed. Only the cache folder is ever written to.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from pathlib import Path

from katagrad.data.errors import DataCorrupt, DataMissing
from katagrad.data.registry import DataSet, RemoteFile, data_set

SYSTEM_FOLDER = Path("/usr/share/datasets")


def cache_folder() -> Path:
    """Return the folder that downloads go to: KATAGRAD_CACHE, or the platform's cache folder."""
    chosen = os.environ.get("KATAGRAD_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    import pooch

    return Path(pooch.os_cache("katagrad")) / "data"


def places() -> dict[str, Path]:
    """Return the folders to search, in order, under the words that a message calls them by."""
    found = {}
    if chosen := os.environ.get("KATAGRAD_DATA"):
        found["KATAGRAD_DATA"] = Path(chosen).expanduser()
    found["system"] = SYSTEM_FOLDER
    found["cache"] = cache_folder()
    return found


def available(name: str) -> bool:
    """Return whether every file of the set is in one place. Opens no file, checks no content."""
    rows = data_set(name)
    return any(not missing(rows, place) for place in places().values())


def locate(name: str) -> Path:
    """Return the folder that holds every file of the set.

    Raises DataMissing, which says where it looked and which command gets the set.
    """
    rows = data_set(name)
    looked = []
    for label, place in places().items():
        lacking = missing(rows, place)
        if not lacking:
            return place / rows.folder
        looked.append(f"{place / rows.folder} ({label}): {_shortfall(rows, lacking)}")
    if "KATAGRAD_DATA" not in os.environ:
        looked.insert(0, "KATAGRAD_DATA: not set")
    raise DataMissing(rows.name, rows.title, looked)


def missing(rows: DataSet, place: Path) -> list[RemoteFile]:
    """Return the files of the set that `place` lacks."""
    return [file for file in rows.files if present(file, place / rows.folder) is None]


def present(file: RemoteFile, folder: Path) -> Path | None:
    """Return the path of `file` in `folder`, as published or decompressed, or None."""
    names = [file.name, file.name.removesuffix(".gz")] if file.gzipped else [file.name]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    return None


def read(name: str, file: RemoteFile) -> bytes:
    """Return the content of one file of the set, decompressed where it is a gzip stream.

    The checksum is taken of the very bytes that are returned, every time: it costs 30 ms for
    all of MNIST, a fifth of the decompression, so there is nothing to remember between runs.
    Raises DataMissing and DataCorrupt.
    """
    folder = locate(name)
    path = present(file, folder)
    if path is None:  # removed since `locate` saw it
        raise DataMissing(name, data_set(name).title, [f"{folder}: {file.name} has gone"])
    content = path.read_bytes()
    remedy = _remedy(name, path)
    if file.gzipped and path.name == file.name:
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise DataCorrupt(path, f"{error}", "a whole gzip file", remedy) from None
    check(content, file, path, remedy)
    return content


def check(content: bytes, file: RemoteFile, path: Path, remedy: str) -> None:
    """Raise DataCorrupt unless the bytes have the published checksum."""
    digest = hashlib.sha256(content).hexdigest()
    if file.digest is not None and digest != file.digest:
        raise DataCorrupt(path, f"its SHA-256 is {digest}", file.digest, remedy)


def _remedy(name: str, path: Path) -> str:
    if cache_folder() in path.parents:
        return f"Fetch it again with `kata data get {name}`."
    return (
        f"Replace that file, or move it away and get the set with `kata data get {name}`; "
        "katagrad does not write to that folder."
    )


def _shortfall(rows: DataSet, lacking: list[RemoteFile]) -> str:
    if len(lacking) == len(rows.files):
        return "none of its files" if len(rows.files) > 1 else f"no {rows.files[0].name}"
    names = ", ".join(file.name for file in lacking)
    return f"{len(rows.files) - len(lacking)} of {len(rows.files)} files, without {names}"
