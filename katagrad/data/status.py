"""The state of every full-size data set on this machine, one row each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from katagrad.data import places
from katagrad.data.errors import DataCorrupt
from katagrad.data.fetch import part_of
from katagrad.data.registry import DATA_SETS, DataSet

State = Literal["whole", "present", "corrupt", "partial", "missing"]


@dataclass(frozen=True)
class Status:
    """One data set on this machine.

    state: "whole" was checked, "present" was not, "corrupt" failed its check, "partial" waits
    for the rest of a download, "missing". where: its folder, or None. size: bytes on disk, or
    to download where nothing is there. note: a sentence for the reader, or "".
    """

    name: str
    title: str
    state: State
    where: Path | None
    size: int
    credit: str
    note: str


def list_status(*, verify: bool = False) -> list[Status]:
    """Return a row for every full-size data set, in the order of the registry.

    verify: read every file that is there and compare its checksum; a second or two in all.
    """
    return [_status(rows, verify) for rows in DATA_SETS.values()]


def _status(rows: DataSet, verify: bool) -> Status:
    if not places.available(rows.name):
        return _absent(rows)
    folder = places.locate(rows.name)
    paths = [places.present(file, folder) for file in rows.files]
    size = sum(path.stat().st_size for path in paths if path is not None)
    state: State = "present"
    note = "" if places.readable(rows.name) else "`pip install 'katagrad[photos]'` reads its photos"
    if verify:
        try:
            state = "whole"
            note = note or ("" if places.edition(rows.name) == "official" else "a reduced edition")
        except DataCorrupt as error:
            state, note = "corrupt", str(error)
    return Status(rows.name, rows.title, state, folder, size, rows.credit, note)


def _absent(rows: DataSet) -> Status:
    folder = places.cache_folder() / rows.folder
    kept = [part_of(file, folder) for file in rows.files]
    kept += [folder / file.name for file in rows.files]
    have = sum(path.stat().st_size for path in kept if path.is_file())
    if have:
        note = f"`kata data get {rows.name}` fetches the rest of {rows.size:,} bytes"
        return Status(rows.name, rows.title, "partial", folder, have, rows.credit, note)
    note = f"`kata data get {rows.name}` fetches it"
    return Status(rows.name, rows.title, "missing", None, rows.size, rows.credit, note)
